"""`colourize-train`: trains a model on a task, tests its best weights, and keeps everything in the run's folder.

colourize-train data=synthetic trainer.max_epochs=5
colourize-train checkpoint=builtin:colour data=folder data.root=my-pictures
colourize-train -m trainer.max_epochs=5,10,25 data.batch_size=50,100
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colourize.runs import stopping

if TYPE_CHECKING:
    from omegaconf import DictConfig


def train(config: DictConfig) -> dict[str, float]:
    """Train, test the best weights, write `metrics.json`, and return the final measures.

    These are `train/…` and `val/…` after the last epoch, and `test/…` of the weights with the lowest validation loss.
    With `resume` the folder's run continues with its own settings; a finished run returns its measures.
    """
    from colourize.errors import check_flag
    from colourize.runs import ownership, resuming, reuse
    from colourize.runs.record import RunRecord

    overwrite = config.get("overwrite", False)
    check_flag("overwrite", overwrite)
    folder, resumes = Path(config.output_dir), config.get("resume") is not None
    half_taken = reuse.is_half_taken(folder)
    known: DictConfig | dict[str, float] | None = None
    if resumes:
        known = resuming.continue_run(folder)
    elif resuming.is_job() and not overwrite:
        known = resuming.continue_or_skip_job(folder, may_continue=not half_taken)
    if isinstance(known, dict):
        return known
    if known is not None:
        config, resumes = known, True
    with ownership.owned(folder):
        if not resumes and ownership.is_first_process():
            resuming.check_free(folder, overwrite=overwrite or half_taken)
            if "cells" in config and resuming.is_job() and not overwrite:
                twin = reuse.find_twin(folder, config)
                if twin is not None:
                    return reuse.take(twin, folder, config)
        try:
            with stopping.importing():
                from colourize import training  # it takes seconds
            record = RunRecord(folder)
            with record.start(writes=ownership.is_first_process(), resumes=resumes):
                return training.run(config, record, resumes=resumes)
        except stopping.Stopped:
            if ownership.is_first_process() and resuming.state(folder) == "unfinished":
                print(f"To go on: {resuming.command(folder)}")
            raise


def _show_sweep(folder: Path) -> None:
    from colourize.reporting.comparison_tables import show_sweep

    show_sweep(folder)


def main() -> None:
    """The console script."""
    with stopping.handled():  # before further imports
        from colourize.cli import app

        app.run(train, "train", _show_sweep)


if __name__ == "__main__":
    main()
