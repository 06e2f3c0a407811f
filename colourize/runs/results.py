"""`results.csv`: a sweep's table, filled job by job.

A Hydra callback: Hydra calls `on_job_end` for every job, also for those that fail (unlike `on_multirun_end`).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from colourize.runs.record import told
from colourize.runs.tables import read_table, write_table

log = logging.getLogger(__name__)


class ResultsTable(Callback):
    """Adds one row a job: `job`, `folder` (within the sweep's), `status`, the overrides, the final measures, `error`.

    Jobs may end at the same time in several processes: a lock beside the table lets one write at a time.
    """

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        hydra = config.hydra
        if hydra.mode != RunMode.MULTIRUN:
            return
        row = {"job": str(hydra.job.num), "folder": str(hydra.sweep.subdir)}
        failed = job_return.status != JobStatus.COMPLETED
        row["status"] = "failed" if failed else "completed"
        row.update(override.lstrip("+~").split("=", 1) for override in hydra.overrides.task if "=" in override)
        # The private field: `return_value` raises a failed job's error again.
        outcome = job_return._return_value
        if failed:
            row["error"] = told(outcome)
            log.error("job %s failed: %s", row["job"], row["error"])
        elif isinstance(outcome, dict):
            row.update({name: repr(value) for name, value in outcome.items()})
        path = Path(hydra.sweep.dir) / "results.csv"
        add_row(path, row)
        log.info("job %s %s: see %s", row["job"], row["status"], path)


def add_row(path: Path, row: dict[str, str]) -> None:
    """Add a row to a table on disk, whatever columns either has; rows stay in the order of `job`."""
    from filelock import FileLock

    with FileLock(path.with_name(f".{path.name}.lock")):
        rows = read_table(path) if path.exists() else []
        rows = sorted([*(old for old in rows if old["job"] != row["job"]), row], key=lambda each: int(each["job"]))
        write_table(path, rows)
