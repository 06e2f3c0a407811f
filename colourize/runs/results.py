"""`results.csv`: a sweep's table, which has a row for each of its jobs from the start.

A Hydra callback writes it, because Hydra calls `on_job_end` also for jobs that fail (unlike `on_multirun_end`).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from colourize.errors import ColourizeError
from colourize.runs import ownership, resuming, sweeps
from colourize.runs.record import error_summary
from colourize.runs.tables import read_table, write_table

log = logging.getLogger(__name__)

FILE = "results.csv"
PENDING, RUNNING, INTERRUPTED, FAILED, COMPLETED = "pending", "running", "interrupted", "failed", "completed"

RESUMABLE = "train"  # the app whose jobs can be resumed; an evaluation is short, and starts again

_sweep: Path | None = None  # the sweep that this process launches


class Refused(BaseException):
    """A run or a sweep may not start. It is no Exception, as Hydra turns those of a callback into warnings."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """Make errors in the block end the command, because without its lists a sweep's jobs would get other names."""
    try:
        yield
    except (ColourizeError, HydraException, OSError) as error:
        raise Refused(error) from error


class ResultsTable(Callback):
    """Keeps one row per job: `job`, `folder` (in the sweep's), `status`, the overrides, the final measures, `error`.

    Jobs may end at the same time in several processes, so that a lock beside the table lets only one write at a time.
    """

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        if config.hydra.mode == RunMode.MULTIRUN and ownership.is_first_process():
            with refusing():
                add_row(Path(config.hydra.sweep.dir) / FILE, _row(config, RUNNING))

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if config.hydra.mode != RunMode.MULTIRUN or not ownership.is_first_process():
            return
        failed = job_return.status != JobStatus.COMPLETED
        row = _row(config, FAILED if failed else COMPLETED)
        outcome = job_return._return_value  # the public property raises a failed job's error again
        if failed:
            row["error"] = error_summary(outcome)
            log.error("job %s failed: %s", row["job"], row["error"])
        elif isinstance(outcome, dict):
            row.update({name: repr(value) for name, value in outcome.items()})
        path = Path(config.hydra.sweep.dir) / FILE
        with refusing():
            add_row(path, row)
        job_return.cfg = job_return.hydra_cfg = None  # a launcher keeps this object until the last job has ended
        log.info("job %s %s: see %s", row["job"], row["status"], path)


def begin(folder: str | Path) -> None:
    """Note that this process launches the sweep in a folder; see `settle`."""
    global _sweep
    _sweep = Path(folder).absolute()


def leave() -> None:
    """Note that the jobs that this process launched continue without it."""
    global _sweep
    _sweep = None


def add_jobs(folder: str | Path) -> None:
    """Add a row for each new job of a sweep's list, and correct the rows of jobs that died."""
    folder = Path(folder)
    with _table(folder / FILE) as rows:
        known = {row["folder"] for row in rows}
        number = 1 + max((int(row["job"]) for row in rows), default=-1)
        new = [job for job in sweeps.read(folder) if job["folder"] not in known]
        rows += [
            {"job": str(each), "folder": job["folder"], "status": PENDING, **sweeps.pairs(job["overrides"])}
            for each, job in enumerate(new, number)
        ]
        for row in rows:
            job = folder / row["folder"]
            if not ownership.is_anothers(job):  # a job on a cluster outlives the command that queued it
                _correct(folder, row)
                if resuming.state(job) == "finished":
                    # The job may have been killed after its measures; its half-written files go.
                    with contextlib.suppress(ColourizeError), ownership.owned(job):
                        pass


def add_row(path: Path, row: dict[str, str]) -> None:
    """Add a row to a table on disk, or replace the row of its folder, which keeps its number."""
    with _table(path) as rows:
        same = [old for old in rows if old["folder"] == row["folder"]]
        if same:
            row = {**row, "job": same[0]["job"]}
        rows[:] = sorted([*(old for old in rows if old not in same), row], key=lambda each: int(each["job"]))


def interrupt(folder: str | Path, job: str | None) -> None:
    """Mark a job of this process as interrupted; it can be resumed later."""
    if ownership.is_first_process():
        with _table(Path(folder) / FILE) as rows:
            for row in rows:
                if row["folder"] == job:
                    _correct(Path(folder), row)


def settle() -> Path | None:
    """Mark the unfinished jobs that this process launched as interrupted, and print how to continue.

    Returns:
        The folder of the sweep that this process launched, if all of its jobs have ended.
    """
    global _sweep
    folder, _sweep = _sweep, None
    if folder is None or not (folder / FILE).exists():
        return None
    with contextlib.suppress(OSError, ColourizeError):
        with _table(folder / FILE) as rows:
            for row in rows:
                _correct(folder, row)
        left = sum(row["status"] in (PENDING, INTERRUPTED) for row in rows)
        if left:
            print(f"{left} of {len(rows)} jobs are not finished. To go on: {resuming.command(folder)}")
        return None if left else folder
    return None


@contextlib.contextmanager
def _table(path: Path) -> Any:
    """The rows of a table, which one process at a time may change in place.

    The row of a finished job stays until the job has finished again, or another run has started in its folder
    (`overwrite=true`).
    """
    from filelock import FileLock

    with FileLock(path.with_name(f".{path.name}.lock")):
        before = read_table(path) if path.exists() else None
        rows = [dict(row) for row in before or []]
        yield rows
        finished = {
            row["folder"]: row
            for row in before or []
            if row.get("status") == COMPLETED and resuming.state(path.parent / row["folder"]) != "unfinished"
        }
        rows[:] = [row if row.get("status") == COMPLETED else finished.get(row["folder"], row) for row in rows]
        if rows != before:
            write_table(path, [{key: value for key, value in row.items() if value != ""} for row in rows])


def _correct(folder: Path, row: dict[str, str]) -> None:
    """Correct the status of a job that no process runs any more, from the state of its folder."""
    state = resuming.state(folder / row["folder"])
    if row["status"] in (RUNNING, COMPLETED) and state == "unfinished":
        row["status"] = INTERRUPTED
    elif row["status"] == RUNNING:
        row["status"] = INTERRUPTED if state == "finished" else PENDING


def _row(config: DictConfig, status: str) -> dict[str, str]:
    hydra = config.hydra
    head = {"job": str(hydra.job.num), "folder": str(hydra.sweep.subdir), "status": status}
    return {**head, **sweeps.pairs(sweeps.as_typed(hydra.overrides.task))}
