"""The state that Lightning's checkpoints lack, so that a resumed run is bit-identical, also within an epoch.

Lightning saves weights, optimiser, schedule and progress, but not the random generators, the running means of an
unfinished epoch, or the measures of the previous epoch. Random numbers for a picture depend on seed, epoch and picture
alone, and need no state.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from lightning import LightningModule, Trainer
from torchmetrics import Metric

from colourize.measures.tally import of_all_processes

KEY = "training_state"


def collect(trainer: Trainer, task: LightningModule) -> dict[str, Any]:
    """The state as tensors and plain values; all processes of a run must call it."""
    within = not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
    measures = trainer._logger_connector._callback_metrics
    return {
        "within_epoch": within,
        "measures": {name: value.detach().cpu().clone() for name, value in measures.items()},
        "means": _running(task, trainer.world_size > 1) if within else {},  # they are reset at an epoch's end
        "generators": of_all_processes(_generators()),
    }


def restore(state: dict[str, Any], trainer: Trainer, task: LightningModule) -> None:
    """Restore means and generators, just before the training starts."""
    if trainer.is_global_zero:  # the saved means are already over all processes
        modules = dict(task.named_modules())
        for name, (updates, values) in state["means"].items():
            metric = modules[name]
            for key, value in values.items():
                setattr(metric, key, value.to(metric.device))  # type: ignore[union-attr, arg-type]
            metric._update_count = updates  # type: ignore[assignment]
    if len(state["generators"]) == trainer.world_size:
        _set_generators(state["generators"][trainer.global_rank])


def restore_measures(state: dict[str, Any], trainer: Trainer) -> None:
    """Restore the last measures, which the resumed run does not log again."""
    measures = {name: value.to(trainer.strategy.root_device) for name, value in state["measures"].items()}
    trainer._logger_connector._callback_metrics.update(measures)


def tidy_loops(loops: dict[str, Any], *, within_epoch: bool) -> None:
    """Correct the progress in a checkpoint's `loops`.

    After resuming at an epoch's end, Lightning counts one completed epoch too few, and would treat its next checkpoint
    within an epoch as one at an epoch's start. At an epoch's end the loader's position is meaningless.
    """
    if within_epoch:
        total = loops["fit_loop"]["epoch_progress"]["total"]
        total["completed"] = total["processed"]
    else:
        loops["fit_loop"]["state_dict"].pop("combined_loader", None)


def _running(task: LightningModule, several: bool) -> dict[str, tuple[int, dict[str, Any]]]:
    """The task's running means over all processes, by name: the number of updates and the values."""
    found = {}
    for name, module in task.named_modules():
        if isinstance(module, Metric) and module.update_called:
            with module.sync_context(should_sync=several):
                values = {key: getattr(module, key).detach().cpu().clone() for key in module._defaults}
                found[name] = (module.update_count, values)
    return found


def _generators() -> dict[str, Any]:
    kind, keys, place, has_gauss, gauss = np.random.get_state()
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        "numpy": (kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), place, has_gauss, gauss),
        "python": random.getstate(),
    }


def _set_generators(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if len(states["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(states["cuda"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    random.setstate(states["python"])
