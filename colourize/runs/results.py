"""`results.csv`: a sweep's table, with a row for each of its jobs from the start on.

A Hydra callback: Hydra calls `on_job_end` for every job, also for those that fail (unlike `on_multirun_end`).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from colourize.errors import ColourizeError
from colourize.files import write_whole
from colourize.runs import ownership, resuming, sweeps
from colourize.runs.record import told
from colourize.runs.tables import read_table, write_table

log = logging.getLogger(__name__)

FILE = "results.csv"
PENDING, RUNNING, INTERRUPTED, FAILED, COMPLETED = "pending", "running", "interrupted", "failed", "completed"

RESUMABLE = "train"  # an evaluation is short, and is done again

_sweep: Path | None = None  # that this process launches
_before: dict[Path, bytes | None] = {}  # what its two lists held earlier, while none of its jobs has begun
_unchanged = b""  # the table then


class Refused(BaseException):
    """A run or a sweep may not start, or not go on; Hydra makes a warning of any Exception of a callback's."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


@contextlib.contextmanager
def refusing() -> Iterator[None]:
    """In the block, errors that people can mend end a sweep: without its lists its jobs would be under other names."""
    try:
        yield
    except (ColourizeError, OSError) as error:
        raise Refused(error) from error


class ResultsTable(Callback):
    """Keeps one row a job: `job`, `folder` (within the sweep's), `status`, the overrides, the final measures, `error`.

    Jobs may end at the same time in several processes: a lock beside the table lets one write at a time.
    """

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        global _sweep, _unchanged
        if config.hydra.job.name == RESUMABLE:
            _sweep = Path(config.hydra.sweep.dir).absolute()
        folder = Path(config.hydra.sweep.dir)
        jobs = sweeps.read(folder)
        if not jobs:  # of a sweeper that decides on them as it goes
            return
        with refusing(), _table(folder / FILE) as rows:
            known = {row["folder"] for row in rows}
            number = 1 + max((int(row["job"]) for row in rows), default=-1)
            new = [job for job in jobs if job["folder"] not in known]
            rows += [
                {"job": str(each), "folder": job["folder"], "status": PENDING, **_typed(job["overrides"])}
                for each, job in enumerate(new, number)
            ]
            for row in rows:
                if not ownership.is_anothers(folder / row["folder"]):  # a job on a cluster outlives what queued it
                    _settle(folder, row)
                    _tidy(folder / row["folder"])
        _unchanged = (folder / FILE).read_bytes()

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        if config.hydra.mode == RunMode.MULTIRUN and ownership.is_first_process():
            with refusing():
                add_row(
                    Path(config.hydra.sweep.dir) / FILE,
                    {**_head(config), "status": RUNNING, **_typed(sweeps.as_typed(config.hydra.overrides.task))},
                )

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if config.hydra.mode != RunMode.MULTIRUN or not ownership.is_first_process():
            return
        failed = job_return.status != JobStatus.COMPLETED
        typed = _typed(sweeps.as_typed(config.hydra.overrides.task))
        row = {**_head(config), "status": FAILED if failed else COMPLETED, **typed}
        # The private field: `return_value` raises a failed job's error again.
        outcome = job_return._return_value
        if failed:
            row["error"] = told(outcome)
            log.error("job %s failed: %s", row["job"], row["error"])
        elif isinstance(outcome, dict):
            row.update({name: repr(value) for name, value in outcome.items()})
        path = Path(config.hydra.sweep.dir) / FILE
        with refusing():
            add_row(path, row)
        job_return.cfg = job_return.hydra_cfg = None  # a launcher keeps this object until the last job has ended
        log.info("job %s %s: see %s", row["job"], row["status"], path)


def add_row(path: Path, row: dict[str, str]) -> None:
    """Add a row to a table on disk, in place of the one of its folder, whatever columns either has.

    A job that has a row keeps its number; rows stay in the order of `job`.
    """
    with _table(path) as rows:
        same = [old for old in rows if old["folder"] == row["folder"]]
        if same:
            row = {**row, "job": same[0]["job"]}
        rows[:] = sorted([*(old for old in rows if old not in same), row], key=lambda each: int(each["job"]))


def remember(folder: str | Path) -> None:
    """Keep what a sweep's lists hold before its jobs are added to them, for `take_back`."""
    _before.clear()
    for name in (FILE, sweeps.FILE):
        path = Path(folder).absolute() / name
        _before[path] = path.read_bytes() if path.exists() else None


def take_back() -> None:
    """Of a sweep none of whose jobs could begin its lists tell nothing."""
    global _sweep
    table = next(iter(_before), None)
    if table is None or not table.exists() or table.read_bytes() != _unchanged:
        return
    for path, contents in _before.items():
        if contents is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, contents)
    table.with_name(f".{FILE}.lock").unlink(missing_ok=True)
    _before.clear()
    _sweep = None


def interrupt(folder: str | Path, job: str | None) -> None:
    """A job that this process runs, and that is to go on another time, says so in its row."""
    if ownership.is_first_process():
        with _table(Path(folder) / FILE) as rows:
            for row in rows:
                if row["folder"] == job:
                    _settle(Path(folder), row)


def leave() -> None:
    """The jobs that this process launched go on without it."""
    global _sweep
    _sweep = None


def settle() -> None:
    """What this process launched and did not end was interrupted: its rows say so, and how to go on is told."""
    global _sweep
    if _sweep is None:
        return
    folder, _sweep = _sweep, None
    with contextlib.suppress(OSError, ColourizeError):
        if not (folder / FILE).exists():
            return
        with _table(folder / FILE) as rows:
            for row in rows:
                _settle(folder, row)
        left = sum(row["status"] in (PENDING, INTERRUPTED) for row in rows)
        if left:
            print(f"{left} of {len(rows)} jobs are not finished. To go on: {resuming.command(folder)}")


@contextlib.contextmanager
def _table(path: Path) -> Any:
    """The rows of a table, to be changed in place by one process at a time.

    The row of a finished job stays, whatever becomes of later starts of it. It changes only where the job has finished
    anew, or where another run has begun in its folder (`overwrite=true`).
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


def _settle(folder: Path, row: dict[str, str]) -> None:
    """A job that is said to be running, or finished, was interrupted where nobody runs it and its run is unfinished."""
    state = resuming.state(folder / row["folder"])
    if row["status"] in (RUNNING, COMPLETED) and state == "unfinished":
        row["status"] = INTERRUPTED
    elif row["status"] == RUNNING:
        row["status"] = INTERRUPTED if state == "finished" else PENDING


def _tidy(job: Path) -> None:
    """A job that was killed when it had its measures is not run again: what it left half done goes here."""
    if resuming.state(job) == "finished":
        with contextlib.suppress(ColourizeError), ownership.owned(job):
            pass


def _head(config: DictConfig) -> dict[str, str]:
    return {"job": str(config.hydra.job.num), "folder": str(config.hydra.sweep.subdir)}


def _typed(overrides: list[str]) -> dict[str, str]:
    return dict(override.lstrip("+~").split("=", 1) for override in overrides if "=" in override)
