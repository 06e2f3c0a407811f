"""`best.ckpt` and `last.ckpt`: what is kept of a run's weights."""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Iterator
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

log = logging.getLogger(__name__)


class Checkpoints(ModelCheckpoint):
    """Lightning's callback, which here writes at the end of an epoch only, when all else of that epoch is done.

    `last.ckpt` after every epoch, also one without validation; `best.ckpt` after those that validated. Lightning's own
    would write at the end of validation where there is none in each epoch (`trainer.check_val_every_n_epoch=2`); a run
    that goes on from such a file ends that epoch a second time, without its measures.

    Args:
        dirpath: the folder; it is made when the first file is written.
        filename: of the best weights' file, without `.ckpt`.
        monitor: the measure that decides which are the best.
        mode: whether that is to be small ("min") or large ("max").
        more: of Lightning's ModelCheckpoint.
    """

    def __init__(
        self, dirpath: str, filename: str = "best", monitor: str = "val/loss", mode: str = "min", **more: Any
    ) -> None:
        super().__init__(
            dirpath, filename, monitor, mode=mode, **{"save_last": True, "enable_version_counter": False, **more}
        )
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._should_skip_saving_checkpoint(trainer):
            return
        if trainer.is_last_batch:
            self._validated = True
        else:  # within an epoch (trainer.val_check_interval), at whose end the weights are no longer those measured
            self._save_topk_checkpoint(trainer, self._monitor_candidates(trainer))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self._should_skip_saving_checkpoint(trainer):
            return
        measures = self._monitor_candidates(trainer)
        with _plateaus_stepped(trainer):
            # Lightning keeps the old val/… through epochs without validation.
            if self._validated or not str(self.monitor).startswith("val/"):
                self._save_topk_checkpoint(trainer, measures)
            self._validated = False
            self._save_last_checkpoint(trainer, measures)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not self.best_model_path and trainer.is_global_zero:
            log.warning(
                "No epoch of this run had a validation, and so there is no %s.ckpt: the last weights are tested",
                self.filename,
            )

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Only a run in the same folder goes on with its best: in another the best is that of the new epochs."""
        if state_dict["dirpath"] == self.dirpath:
            super().load_state_dict(state_dict)


@contextlib.contextmanager
def _plateaus_stepped(trainer: Trainer) -> Iterator[None]:
    """The schedules that wait for a plateau, as they are when the epoch is over.

    Lightning steps them after the files are written; a run that goes on from a file would miss that step.
    """
    measures, epoch = trainer.callback_metrics, trainer.current_epoch + 1
    steps = [
        (each.scheduler, measures[each.monitor])
        for each in trainer.lr_scheduler_configs
        if each.reduce_on_plateau and each.interval == "epoch"
        if each.monitor in measures and epoch % each.frequency == 0
    ]
    before = [
        (
            scheduler,
            *copy.deepcopy((scheduler.state_dict(), [group["lr"] for group in scheduler.optimizer.param_groups])),
        )
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
