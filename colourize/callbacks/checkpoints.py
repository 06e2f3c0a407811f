"""`best.ckpt` and `last.ckpt`: the checkpoints of a run."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor

from colourize.callbacks import training_state, weight_averaging
from colourize.errors import UsageError, check_count
from colourize.runs import checkpoint_files, stopping

log = logging.getLogger(__name__)

PATHS = ("best_model_path", "kth_best_model_path", "last_model_path")


class Checkpoints(ModelCheckpoint):
    """Lightning's callback, changed to write at the very end of an epoch.

    It writes `last.ckpt` after every epoch, also without validation, and `best.ckpt` after epochs with validation. If
    not every epoch has one (`trainer.check_val_every_n_epoch=2`), Lightning writes at the end of the validation, and a
    run resumed from such a file ends that epoch a second time, without its measures.

    Within an epoch it writes `last.ckpt` every `every_n_steps` steps, and when Ctrl-C or SIGTERM stops the run. It does
    so between two steps only, so that a resumed run is bit-identical.

    Args:
        dirpath: the folder; it is made when the first file is written.
        filename: the name of the best weights' file, without `.ckpt`.
        monitor: the measure that chooses the best weights.
        mode: "min" if the smallest value is the best, "max" if the largest is.
        every_n_steps: the steps between two writes within an epoch; None: no writes within epochs.
        keep_epochs: epochs whose weights are kept as well, as `epoch-005.ckpt`.
        more: further arguments of Lightning's ModelCheckpoint.
    """

    def __init__(
        self,
        dirpath: str,
        filename: str = "best",
        monitor: str = "val/loss",
        mode: str = "min",
        every_n_steps: int | None = None,
        keep_epochs: Sequence[int] = (),
        **more: Any,
    ) -> None:
        if every_n_steps is not None:
            check_count("callbacks.checkpoints.every_n_steps", every_n_steps)
        for epoch in keep_epochs:
            check_count("callbacks.checkpoints.keep_epochs", epoch)
        if more.get("save_weights_only"):  # the files would lack averaged weights, too
            key = "callbacks.checkpoints.save_weights_only"
            raise UsageError(f"{key}=true: no run could go on from its last.ckpt; must be false")
        super().__init__(
            dirpath, filename, monitor, mode=mode, **{"save_last": True, "enable_version_counter": False, **more}
        )
        self.every_n_steps = every_n_steps
        self.keep_epochs = frozenset(keep_epochs)
        self._validated = False
        self._saved_step = 0
        self._restored: dict[str, Any] | None = None
        self._is_own = False  # whether the run resumes from a file in its own folder

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*exists and is not empty")  # true of a resumed run
            super().setup(trainer, pl_module, stage)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._restored is not None:
            training_state.restore_measures(self._restored, trainer)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        self._saved_step = trainer.global_step
        if self._restored is not None:
            training_state.restore(self._restored, trainer, pl_module)
            self._restored = None
        stopping.wait()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        stops = trainer.strategy.reduce_boolean_decision(stopping.requested(), all=False)
        due = self.every_n_steps is not None and trainer.global_step - self._saved_step >= self.every_n_steps
        if not ((stops or due) and _between_steps(trainer)):
            return
        if not getattr(trainer, "fast_dev_run", False):
            with _plateaus_stepped(trainer, "step"), checkpoint_files.meanwhile(trainer):
                self._save_last_checkpoint(trainer, {})
            self._saved_step = trainer.global_step
        _stop(trainer, stops)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._should_skip_saving_checkpoint(trainer):
            return
        if trainer.is_last_batch:
            self._validated = True
        else:  # after a validation within the epoch (trainer.val_check_interval) the weights change
            self._save_topk_checkpoint(trainer, self._monitor_candidates(trainer))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # Otherwise Lightning skips the step of ReduceLROnPlateau in a resumed epoch.
        trainer.fit_loop._restarting = False
        if not self._should_skip_saving_checkpoint(trainer):
            measures = self._monitor_candidates(trainer)
            validated, self._validated = self._validated, False
            with _plateaus_stepped(trainer, "epoch"), checkpoint_files.meanwhile(trainer):
                # Lightning keeps the old val/… in epochs without validation.
                if validated or not str(self.monitor).startswith("val/"):
                    self._save_topk_checkpoint(trainer, measures)
                self._save_last_checkpoint(trainer, measures)
            if trainer.current_epoch + 1 in self.keep_epochs:
                name = f"epoch-{trainer.current_epoch + 1:03d}.ckpt"
                with weight_averaging.in_use(trainer):
                    trainer.save_checkpoint(Path(str(self.dirpath)) / name, weights_only=True)
            self._saved_step = trainer.global_step
        _stop(trainer, trainer.strategy.reduce_boolean_decision(stopping.requested(), all=False))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        checkpoint_files.wait(trainer)
        stopping.wait_no_more()
        if not self.best_model_path and trainer.is_global_zero:
            text = "No epoch had a validation with a finite %s, and so there is no %s.ckpt: the last weights are tested"
            log.warning(text, self.monitor, self.filename)

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Whether a value is among the best; NaN and infinity never are."""
        return current is not None and bool(current.isfinite()) and super().check_monitor_top_k(trainer, current)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        state = training_state.collect(trainer, pl_module)
        training_state.tidy_loops(checkpoint["loops"], within_epoch=state["within_epoch"])
        checkpoint[training_state.KEY] = state

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        if trainer.state.fn != TrainerFn.FITTING:  # a test reads the best one
            return
        self._restored = checkpoint.get(training_state.KEY)
        self._is_own = Path(str(trainer.ckpt_path)).resolve().parent == Path(str(self.dirpath)).resolve()

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "validated": self._validated}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the best checkpoint if the run's folder is the same; in another folder only new epochs can be best."""
        self._validated = state_dict.get("validated", False)
        if self._is_own:
            here = {name: self._here(state_dict[name]) for name in PATHS}
            best = {self._here(path): score for path, score in state_dict["best_k_models"].items()}
            super().load_state_dict({**state_dict, **here, "best_k_models": best, "dirpath": self.dirpath})

    def _here(self, path: str) -> str:
        """A checkpoint's path in this folder, which may have been moved."""
        return str(Path(str(self.dirpath)) / Path(path).name) if path else path


def _stop(trainer: Trainer, stops: bool) -> None:
    """End the run after a signal, once its checkpoint is on the disk."""
    if stops:
        checkpoint_files.wait(trainer)
    stopping.check(stops)


def _between_steps(trainer: Trainer) -> bool:
    """Whether this batch ends a step without the end of an epoch or a validation after it, which save anyway."""
    loop = trainer.fit_loop.epoch_loop
    fetcher = trainer.fit_loop._data_fetcher
    assert fetcher is not None
    return not (loop._num_ready_batches_reached() or loop._should_accumulate() or loop._should_check_val_fx(fetcher))


@contextlib.contextmanager
def _plateaus_stepped(trainer: Trainer, interval: str) -> Iterator[None]:
    """Step the schedules of type ReduceLROnPlateau in the block, and undo this afterwards.

    Lightning steps them after the files are written, so that a run resumed from a file would miss that step.
    """
    measures = trainer.callback_metrics
    count = trainer.current_epoch + 1 if interval == "epoch" else trainer.fit_loop.epoch_loop.batch_idx + 1
    steps = [
        (each.scheduler, measures[each.monitor])
        for each in trainer.lr_scheduler_configs
        if each.reduce_on_plateau and each.interval == interval
        if each.monitor in measures and count % each.frequency == 0
    ]
    before = [
        (scheduler, copy.deepcopy(scheduler.state_dict()), [group["lr"] for group in scheduler.optimizer.param_groups])
        for scheduler, _ in steps
    ]
    try:
        for scheduler, measure in steps:
            trainer.lightning_module.lr_scheduler_step(scheduler, measure)
        yield
    finally:
        for scheduler, state, rates in before:
            scheduler.load_state_dict(state)
            for group, rate in zip(scheduler.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
