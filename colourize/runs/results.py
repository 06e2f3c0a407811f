"""`results.csv`: a sweep's table, filled job by job.

A Hydra callback: Hydra calls `on_job_end` for every job, also for those that fail (unlike `on_multirun_end`).
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict

from colourize.runs.naming import fixed_keys
from colourize.runs.record import told
from colourize.runs.tables import read_table, write_table

log = logging.getLogger(__name__)


EXCLUDED = "hydra.job.config.override_dirname.exclude_keys"  # Hydra's own place for the keys that make no name
_started: list[Path] = []  # the folder of the sweep that this process has begun


class ResultsTable(Callback):
    """Adds one row a job: `job`, `folder` (within the sweep's), `status`, the overrides, the final measures, `error`.

    Jobs may end at the same time in several processes: a lock beside the table lets one write at a time.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        _started[:] = [Path(config.hydra.sweep.dir)]
        # Each job's configuration is made anew from these: so its folder's name knows which keys vary.
        with open_dict(config):
            config.hydra.overrides.hydra.append(f"{EXCLUDED}=[{','.join(fixed_keys(config.hydra.overrides.task))}]")

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


def remove_start() -> None:
    """Remove what Hydra wrote for a sweep that did not begin: a record in a folder of its own."""
    for folder in _started:
        if folder.is_dir() and {path.name for path in folder.iterdir()} <= {"multirun.yaml"}:
            (folder / "multirun.yaml").unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # not empty, or where we stand
                folder.rmdir()
                folder.parent.rmdir()  # that of the day


def add_row(path: Path, row: dict[str, str]) -> None:
    """Add a row to a table on disk, whatever columns either has; rows stay in the order of `job`."""
    from filelock import FileLock

    with FileLock(path.with_name(f".{path.name}.lock")):
        rows = read_table(path) if path.exists() else []
        rows = sorted([*(old for old in rows if old["job"] != row["job"]), row], key=lambda each: int(each["job"]))
        write_table(path, rows)
