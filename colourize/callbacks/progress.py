"""The progress bar on a terminal, of at most 80 columns for each stage; elsewhere a line in the log for each epoch."""

from __future__ import annotations

import logging
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.callbacks.progress.rich_progress import RichProgressBarTheme
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

log = logging.getLogger(__name__)


class Progress(RichProgressBar):
    """Lightning's progress bar, with epochs counted from 1 and with room for the measures.

    A file or a pipe shows no bar, and gets a line of the log for each epoch.

    Args:
        refresh_rate: drawings a second, by a thread that takes its time from the training.
        more: of Lightning's RichProgressBar.
    """

    def __init__(self, refresh_rate: int = 10, **more: Any) -> None:
        super().__init__(refresh_rate, **{"theme": RichProgressBarTheme(metrics="", metrics_format=".4g"), **more})

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        super().setup(trainer, pl_module, stage)
        console = Console(**self._console_kwargs)
        self.in_lines = not (console.is_terminal or console.is_jupyter)
        if self.in_lines:
            self.disable()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        if self.in_lines and trainer.is_global_zero:
            shown = ("train/loss", "val/loss", "val/accuracy", "val/psnr")
            measures = trainer.callback_metrics
            line = ", ".join(f"{name} {measures[name].item():.4g}" for name in shown if name in measures)
            log.info("%s: %s", self._get_train_description(trainer.current_epoch).strip(), line)

    def configure_columns(self, trainer: Trainer) -> list[ProgressColumn]:
        return [
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4)),  # takes what the others leave
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
            self._metric_component._table_column = Column(no_wrap=True)  # Lightning's would break the line

    def _get_train_description(self, current_epoch: int) -> str:
        of_all = f"/{self.trainer.max_epochs}" if (self.trainer.max_epochs or -1) > 0 else ""
        return f"Epoch {current_epoch + 1}{of_all}".ljust(len(self.validation_description))
