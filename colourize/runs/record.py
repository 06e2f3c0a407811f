"""`run.json`: what a run was, how it went, and where its numbers come from.

record = RunRecord(folder)
with record.start():
    with record.phase("data"):
        ...
    record.update(seeds={"seed": 0}, device="cpu")
    record.begin()                              # a failure up to here leaves no file
    with record.phase("training"):
        ...
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

from colourize.errors import ColourizeError
from colourize.files import write_json, write_whole
from colourize.runs.surroundings import surroundings
from colourize.runs.sweeps import as_typed

FILE = "run.json"


class RunRecord:
    """A run's `run.json`: written when the run starts, after every phase and change, and when it ends.

    The file holds `status` ("running", "completed", "failed" or "interrupted"; a run that was killed stays
    "running"), `error` (of a failed run, in one line), `command` and `overrides` (what was typed), `started` and
    `ended` (UTC), `seconds`, `phases` (seconds of each), `earlier` (of a resumed run: its starts before this one), the
    facts that the run gives, and its surroundings.

    Args:
        folder: the run's.
        command: what was typed; None: this process's command line.
    """

    def __init__(self, folder: str | Path, command: list[str] | None = None) -> None:
        self.path = Path(folder) / FILE
        self.facts: dict[str, Any] = {}
        self._head: dict[str, Any] = {
            "status": "running",
            "command": command or [Path(sys.argv[0]).name, *sys.argv[1:]],
            "overrides": as_typed(),
            "started": _now(),
            "ended": None,
            "seconds": None,
        }
        self._phases: dict[str, float] = {}
        self._surroundings: dict[str, Any] = {}
        self._clock = time.perf_counter()
        self._writes = False
        self._begun = False
        self._earlier: bytes | None = None  # an earlier run's record, in the same folder
        # A sweep's table says what became of each job, and so do their folders.
        self._is_job = HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN

    @contextlib.contextmanager
    def start(self, *, writes: bool = True, resumes: bool = False, **facts: Any) -> Iterator[RunRecord]:
        """Write the file, and complete it when the block ends, however it ends.

        Of a run that fails before `begin` nothing is kept, unless it is one of a sweep's.

        Args:
            writes: whether this process is the one of several that writes.
            resumes: whether the run goes on that the folder holds: what it was so far is kept as `earlier`.
            facts: as in `update`.
        """
        if writes:
            self._surroundings = surroundings()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._earlier = self.path.read_bytes() if self.path.exists() else None
            if resumes and self._earlier is not None:
                self._go_on(self._earlier)
        self._writes = writes
        self.update(**facts)
        try:
            yield self
        except BaseException as error:
            interrupted = isinstance(error, (KeyboardInterrupt, SystemExit))
            with contextlib.suppress(OSError):  # the run's own error is the one to tell
                if self._writes and not (self._begun or self._is_job or interrupted):
                    self._take_back()
                self._end(**({"status": "interrupted"} if interrupted else {"status": "failed", "error": told(error)}))
            raise
        self._end(status="completed")

    def begin(self) -> None:
        """Everything is checked and made: from here on a failure is a part of the run's history."""
        self._begun = True

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the seconds that the block takes to a phase's, also before `start`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._phases[name] = round(self._phases.get(name, 0.0) + time.perf_counter() - started, 3)
        self._write()

    def seconds(self, phase: str) -> float:
        """What a phase has taken so far."""
        return self._phases[phase]

    def update(self, **facts: Any) -> None:
        """Add or replace facts, such as `parameters=…` or `data={…}`; what JSON does not know becomes its text."""
        self.facts.update(facts)
        self._write()

    def _go_on(self, contents: bytes) -> None:
        """What was typed is what the run was begun with; every start until now is an entry of `earlier`."""
        with contextlib.suppress(ValueError):  # damaged: nothing that a run could fail of
            before = json.loads(contents)
            keys = ("status", "command", "started", "ended", "seconds", "phases", "error")
            earlier = [*before.get("earlier", []), {key: before[key] for key in keys if key in before}]
            self._head.update(overrides=before["overrides"], earlier=earlier)

    def _take_back(self) -> None:
        self._writes = False
        if self._earlier is None:
            self.path.unlink()
        else:
            write_whole(self.path, self._earlier)

    def _end(self, **head: Any) -> None:
        self._head.update(head, ended=_now(), seconds=round(time.perf_counter() - self._clock, 3))
        self._write()

    def _write(self) -> None:
        if self._writes:
            contents = {**self._head, "phases": self._phases, **self.facts, **self._surroundings}
            write_json(self.path, contents)


def is_completed(folder: Path) -> bool:
    """Whether a folder's record says that it came to its end."""
    path = folder / FILE
    return path.is_file() and '"status": "completed"' in path.read_text(encoding="utf-8", errors="replace")


def told(error: BaseException) -> str:
    """An error in one line: its kind, and the first two lines of its text."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ColourizeError):
        cause = cause.__cause__
    error = cause or error  # the one that is meant for people, whatever wraps it
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}".removesuffix(": ")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
