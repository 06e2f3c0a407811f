"""`run.json`: a run's command, status, phases and environment.

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
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode

import colourize
from colourize.errors import ColourizeError
from colourize.files import write_json
from colourize.runs.sweeps import as_typed

FILE = "run.json"
PACKAGES = ("lightning", "numpy")
GIT_SECONDS = 10  # a checkout on a slow network disk must not delay a run


class RunRecord:
    """A run's `run.json`, written when the run begins, after every phase and change, and when it ends.

    The file has `status` ("running", "completed", "failed" or "interrupted"; a killed run stays "running"), `error`
    (one line, for a failed run), `command` and `overrides` (as typed), `started` and `ended` (UTC), `seconds`, `phases`
    (the seconds of each), `earlier` (the earlier starts of a resumed run), the run's facts and its surroundings.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder) / FILE
        self._facts: dict[str, Any] = {}
        self._head: dict[str, Any] = {
            "status": "running",
            "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
            "overrides": as_typed(),
            "started": _now(),
            "ended": None,
            "seconds": None,
        }
        self._phases: dict[str, float] = {}
        self._surroundings: dict[str, Any] = {}
        self._clock = time.perf_counter()
        self._writes = self._begun = False

    @contextlib.contextmanager
    def start(self, *, writes: bool = True, resumes: bool = False) -> Iterator[None]:
        """Complete the record when the block ends, however it ends.

        Only one of several processes `writes`. If the folder's run `resumes`, its record so far is kept as `earlier`.
        """
        self._writes = writes
        if writes:
            self._surroundings = surroundings()
            if resumes and (before := read_record(self.path.parent)):
                keys = ("status", "command", "started", "ended", "seconds", "phases", "error")
                earlier = [*before.get("earlier", []), {key: before[key] for key in keys if key in before}]
                self._head.update(overrides=before.get("overrides", []), earlier=earlier)
        if HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN:
            self.begin()  # a sweep keeps the folders of jobs that could not start
        try:
            yield
        except BaseException as error:
            interrupted = isinstance(error, (KeyboardInterrupt, SystemExit))
            end = {"status": "interrupted"} if interrupted else {"status": "failed", "error": error_summary(error)}
            with contextlib.suppress(OSError):  # the run's own error matters more
                self._end(**end)
            raise
        self.begin()
        self._end(status="completed")

    def begin(self) -> None:
        """Write the file for the first time; from here on it also records a failure."""
        self._begun = True
        self._write()

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the seconds of the block to a phase, also before `start`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._phases[name] = round(self._phases.get(name, 0.0) + time.perf_counter() - started, 3)
        self._write()

    def seconds(self, phase: str) -> float:
        """The seconds of a phase so far."""
        return self._phases[phase]

    def update(self, **facts: Any) -> None:
        """Add or replace facts, such as `parameters=…` or `data={…}`; unknown types are written as text."""
        self._facts.update(facts)
        self._write()

    def _end(self, **head: Any) -> None:
        self._head.update(head, ended=_now(), seconds=round(time.perf_counter() - self._clock, 3))
        self._write()

    def _write(self) -> None:
        if self._writes and self._begun:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            contents = {**self._head, "phases": self._phases, **self._facts, **self._surroundings}
            write_json(self.path, contents)


def read_record(folder: Path) -> dict[str, Any]:
    """The contents of a folder's `run.json`; empty if the file is missing or damaged."""
    try:
        contents = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return contents if isinstance(contents, dict) else {}


def error_summary(error: BaseException) -> str:
    """An error in one line: its type, and the first two lines of its text; a user's error replaces its wrapper."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ColourizeError):
        cause = cause.__cause__
    error = cause or error
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}".removesuffix(": ")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def surroundings() -> dict[str, Any]:
    """`versions`, `commit`, `dirty` (whether the code differs from the commit), `machine` and `threads`."""
    import torch  # late, because its import takes seconds

    return {
        "versions": {
            "colourize": colourize.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),  # with the build, such as +cpu
            **{package: version(package) for package in PACKAGES},
        },
        **commit(Path(colourize.__file__).parent),
        "machine": {"system": platform.system(), "processor": processor(), "cores": cores()},
        "threads": torch.get_num_threads(),
    }


def commit(package: Path) -> dict[str, Any]:
    """The commit of the checkout that contains a package; None without a checkout or git.

    The package must be tracked by git: a package in a virtual environment within somebody's checkout has no commit. New
    files in the package or in conf, such as a user's own model, make the checkout dirty.
    """
    none: dict[str, Any] = {"commit": None, "dirty": None}
    # In a git hook these variables point elsewhere; and git must not lock the index here.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"

    def git(*arguments: str) -> list[str]:
        return subprocess.run(
            ["git", "-C", str(package.parent), *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=GIT_SECONDS,
        ).stdout.splitlines()  # fmt: skip

    try:
        git("ls-files", "--error-unmatch", f"{package.name}/__init__.py")
        status = git("status", "--porcelain=v2", "--branch", "--", package.name, "conf")
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return none
    head = next((line.split()[-1] for line in status if line.startswith("# branch.oid ")), "(initial)")
    if head == "(initial)":
        return none
    return {"commit": head, "dirty": any(not line.startswith("#") for line in status)}


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def cores() -> int | None:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
