"""What makes a method that method and no other: the settings that change its numbers, flat, without the seed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from colourize.configuration import config_dir
from colourize.runs.folders import Run
from colourize.runs.resuming import CONFIG
from colourize.tasks.restoration import RestorationTask

# What a run draws its random numbers from, and how pictures travel, change no method …
NO_SETTINGS = ("seed", "eval_seed", "mirror", "eval_batch_size")
# … and of these sources, nor does where they lie: it says nothing about which pictures they are.
WHEREVER = ("colourize.data.cifar10.CIFAR10Data", "colourize.data.synthetic.SyntheticData")
# Of a trainer what changes no number but its last digits; its precision is told by the checkpoint.
QUIET = (
    "_target_", "accelerator", "benchmark", "default_root_dir", "detect_anomaly", "deterministic",
    "enable_checkpointing", "enable_model_summary", "enable_progress_bar", "limit_test_batches", "log_every_n_steps",
    "num_sanity_val_steps", "plugins", "precision", "profiler", "use_distributed_sampler",
)  # fmt: skip


def settings_of_task(task: RestorationTask, palette: Any) -> dict[str, Any]:
    """What a task is made of.

    Args:
        palette: `data.palette`. Of a file the colours count, told as a number; how many were fitted says which they
            are, together with the pictures: their last digits differ with the number of threads.
    """
    settings = dict(task.hparams)
    fitted = (settings.pop("fitted") or {}).get("answer") or {}
    model = settings.pop("model")
    which = {
        f"task.fitted.{name}": len(value) if type(palette) is int else hash(tuple(value.flatten().tolist()))
        for name, value in fitted.items()
    }
    return _flat("model", model) | _flat("task", _without(settings, ("size",))) | which


def settings_of_data(source: str | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What says which pictures a method was trained on, and how they were split and shown."""
    found = _flat("data", _without(settings, NO_SETTINGS))
    root = found.pop("data.root", None)
    return found if root is None or source in WHEREVER else found | {"data.root": os.path.relpath(root)}


def settings_of_trainer(path: Path, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """What of the trainer changes numbers: the usual, but where the checkpoint still lies in its run's folder."""
    trainer = OmegaConf.load(config_dir() / "trainer" / "default.yaml")
    folder = path.parent.parent
    with contextlib.suppress(Exception):  # of a damaged file as of none
        settings = folder / CONFIG  # which goes along where a run is trained for more epochs
        config: Any = OmegaConf.load(settings) if settings.is_file() else Run.read(folder).config
        trainer = OmegaConf.merge(trainer, config.get("trainer") or {})
    plain: dict[str, Any] = OmegaConf.to_container(trainer)  # type: ignore[assignment]
    precision = checkpoint["colourize"].get("precision", "32-true")
    return _flat("trainer", _without(plain, ("defaults", *QUIET))) | {"trainer.precision": precision}


def _flat(prefix: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        name = prefix if key == "_target_" else f"{prefix}.{key}"
        if isinstance(value, Mapping):
            flat |= _flat(name, value)
        else:
            flat[name] = value.rpartition(".")[2] if key == "_target_" else value
    return flat


def _without(settings: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in keys}
