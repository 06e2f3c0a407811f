"""`colourize-evaluate`: tests checkpoints and baselines on the same pictures, and reports measures with intervals.

colourize-evaluate checkpoint=outputs/…/checkpoints/best.ckpt
colourize-evaluate checkpoint=best.ckpt data=folder data.root=my-pictures
colourize-evaluate 'checkpoint=[a.ckpt,b.ckpt]' reference=grey_lookup
colourize-evaluate checkpoint=best.ckpt without=duplicates.csv
colourize-evaluate model=grey_lookup task=colour_classification data=cifar10
"""

from __future__ import annotations

import os
from pathlib import Path

from omegaconf import DictConfig

from colourize.cli import app


def evaluate(config: DictConfig) -> dict[str, float]:
    """Test checkpoints or a baseline on their own data or on other data, and return the first method's measures.

    Task, palette and divisor always come from the checkpoint; baselines are fitted to its training pictures.
    """
    from colourize.errors import UsageError, check_flag
    from colourize.runs import ownership, resuming
    from colourize.runs.record import RunRecord, read_record

    check_flag("overwrite", config.overwrite)
    folder, writes = Path(config.output_dir), ownership.is_first_process()
    with ownership.owned(folder):
        if writes:
            resuming.check_no_training(folder)
            is_completed = read_record(folder).get("status") == "completed"
            if is_completed and not (config.overwrite or resuming.is_job()):  # jobs of a sweep may be evaluated again
                shown = os.path.relpath(folder)
                raise UsageError(f"hydra.run.dir={shown}: holds an evaluation; overwrite=true replaces it")
        record = RunRecord(folder)
        with record.start(writes=writes):
            from colourize.reporting.evaluation import evaluate_methods  # here, because it takes seconds

            return evaluate_methods(config, record)


def main() -> None:
    """The console script."""
    app.run(evaluate, "evaluate")


if __name__ == "__main__":
    main()
