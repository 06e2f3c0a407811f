"""`metrics.csv`: the measures of every epoch, one line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn

from colourize.runs.tables import write_table


class MetricsCsv(Callback):
    """Rewrites the file after each epoch, so that it is complete even if the run is killed.

    It has no times, so that equal runs write equal files. `epoch` counts finished epochs, from 1.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.rows: list[dict[str, float]] = []
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._validated = trainer.state.fn == TrainerFn.FITTING  # not before the first step of a fine-tuning

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not trainer.is_global_zero:
            return
        row: dict[str, float] = {"epoch": trainer.current_epoch + 1, "step": trainer.global_step}
        measures = sorted(trainer.callback_metrics.items())
        # Lightning keeps the old val/… in epochs without validation.
        row.update({name: value.item() for name, value in measures if self._validated or not name.startswith("val/")})
        self._validated = False
        self.rows.append(row)
        write_table(self.path, self.rows)

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "validated": self._validated}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows = list(state_dict["rows"])
        self._validated = state_dict.get("validated", False)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove the epochs after the checkpoint of a resumed run, as they are trained again."""
        if trainer.is_global_zero and self.rows:
            write_table(self.path, self.rows)
