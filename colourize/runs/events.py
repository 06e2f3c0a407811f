"""TensorBoard's event files: one per run, and one more each time the run is resumed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only

FILES = "events.out.tfevents.*"


class EventLogger(TensorBoardLogger):
    """Lightning's logger, but with a file that stays open between training and test.

    Lightning closes the file whenever a Trainer's method ends, and TensorBoard's writer would then start another one.
    """

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:  # type: ignore[override]
        """Log without the epoch, and with the learning rate sorted after the losses, as HPARAMS sorts tags by name."""
        kept = {f"train/{name}" if name.startswith("lr-") else name: each for name, each in metrics.items()}
        super().log_metrics({name: each for name, each in kept.items() if name != "epoch"}, step)

    @rank_zero_only
    def log_hyperparams(self, params: Any, metrics: dict[str, Any] | None = None, step: int | None = None) -> None:
        """Log the run's hyperparameters with its final measures, without which the page HPARAMS does not show it.

        Lightning also writes a summary of the experiment in each run. TensorBoard would take the columns of all runs
        from one of these summaries and leave the rows of runs with other settings blank.
        """
        self.hparams.update(params)
        if metrics:
            from torch.utils.tensorboard.summary import hparams

            self.log_metrics(metrics, step)
            _, *session = hparams(self._sanitize_params(params), metrics)
            for each in session:
                self.experiment._get_file_writer().add_summary(each, step)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write everything to disk; after success `hparams.yaml` as well."""
        if self._experiment is not None:
            self._experiment.flush()
        if status == "success":
            self.save()

    def place(self) -> dict[str, int]:
        """The size in bytes of each event file in the run's folder, after a flush."""
        if self._experiment is not None:
            self._experiment.flush()
        return {path.name: path.stat().st_size for path in sorted(Path(self.log_dir).glob(FILES))}

    @rank_zero_only
    def cut_back(self, place: dict[str, int]) -> None:
        """Remove what was logged after a `place`, as it will be logged again; the open file stays."""
        writer = getattr(self._experiment, "file_writer", None)
        own = Path(writer.event_writer._file_name).name if writer is not None else None
        for path in Path(self.log_dir).glob(FILES):
            if path.name in place and path.stat().st_size >= place[path.name]:
                os.truncate(path, place[path.name])
            elif path.name != own:
                path.unlink()

    @rank_zero_only
    def close(self) -> None:
        """Write everything to disk and close the file; later values would start another file."""
        if self._experiment is not None:
            self._experiment.close()
