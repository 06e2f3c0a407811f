"""The progress bar on a terminal, at most 80 columns wide for each stage, and a permanent line for each epoch."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.callbacks.progress.rich_progress import RichProgressBarTheme
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

log = logging.getLogger(__name__)

SHOWN = ("loss", "accuracy", "psnr")


class Progress(RichProgressBar):
    """Lightning's progress bar, with epochs counted from 1 and with room for the measures.

    Each epoch leaves a line. In a file or a pipe there is no bar, and the line comes from the log.

    Args:
        refresh_rate: refreshes per second, by a thread that takes its time from the training.
        more: further arguments of Lightning's RichProgressBar.
    """

    def __init__(self, refresh_rate: int = 10, **more: Any) -> None:
        super().__init__(refresh_rate, **{"theme": RichProgressBarTheme(metrics="", metrics_format=".4g"), **more})

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        super().setup(trainer, pl_module, stage)
        self._lines = Console(**self._console_kwargs)
        self.in_lines = not (self._lines.is_terminal or self._lines.is_jupyter)
        if self.in_lines:
            self.disable()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        if not trainer.is_global_zero:
            return
        line = epoch_line(trainer.current_epoch + 1, trainer.max_epochs or -1, trainer.callback_metrics)
        if self.in_lines:
            log.info(line)
        elif self.progress is not None:
            self.progress.console.print(line, highlight=False)  # above the bar

    def configure_columns(self, trainer: Trainer) -> list[ProgressColumn]:
        return [
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4)),  # takes the remaining width
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True, table_column=Column(no_wrap=True)),
        ]

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """The measures that the task logs for the bar."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics

    def _init_progress(self, trainer: Trainer) -> None:
        super()._init_progress(trainer)
        if self._metric_component is not None:
            self._metric_component._table_column = Column(no_wrap=True)  # Lightning's column would break the line

    def _get_train_description(self, current_epoch: int) -> str:
        return _count(current_epoch + 1, self.trainer.max_epochs or -1).ljust(len(self.validation_description))


def epoch_line(epoch: int, last: int, measures: Mapping[str, Any]) -> str:
    """An epoch's measures in less than 80 columns; `last` is -1 if the number of epochs is unlimited."""
    parts = []
    for stage in ("train", "val"):
        found = [f"{name} {measures[key].item():.4g}" for name in SHOWN if (key := f"{stage}/{name}") in measures]
        parts += [f"{stage} {', '.join(found)}"] if found else []
    return f"{_count(epoch, last)}: {'; '.join(parts)}"


def _count(epoch: int, last: int) -> str:
    return f"Epoch {epoch}" + (f"/{last}" if last > 0 else "")
