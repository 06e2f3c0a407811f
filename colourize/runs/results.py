"""`results.csv`: a sweep's table, filled job by job.

A Hydra callback: Hydra calls `on_job_end` for every job, also for those that fail (unlike `on_multirun_end`).
"""

from __future__ import annotations

import csv
import logging
import os
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

log = logging.getLogger(__name__)


class ResultsTable(Callback):
    """Adds one row a job: `job`, `status`, the overrides, the final measures, `error`.

    Jobs may end at the same time in several processes: a lock beside the table lets one write at a time.
    """

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        hydra = config.hydra
        if hydra.mode != RunMode.MULTIRUN:
            return
        row = {"job": str(hydra.job.num)}
        failed = job_return.status != JobStatus.COMPLETED
        row["status"] = "failed" if failed else "completed"
        row.update(override.lstrip("+~").split("=", 1) for override in hydra.overrides.task if "=" in override)
        # The private field: `return_value` raises a failed job's error again.
        outcome = job_return._return_value
        if failed:
            lines = str(outcome).strip().splitlines() or [""]
            row["error"] = f"{type(outcome).__name__}: {' '.join(lines[:2])}"
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
        rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        rows = sorted([*(old for old in rows if old["job"] != row["job"]), row], key=lambda each: int(each["job"]))
        columns = list(dict.fromkeys(key for each in rows for key in each))
        if "error" in columns:  # last, as it is the longest
            columns.append(columns.pop(columns.index("error")))
        part = path.with_name(f".{path.name}.part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        os.replace(part, path)
