"""Console scripts in processes that can be killed: forks of this one, which has imported everything, or new ones."""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
PATIENCE = 240.0  # seconds after which a process hangs
Work = Sequence[str] | Callable[[], object]
# A run of about a second once everything is imported.
TINY = (
    "data=synthetic", "data.num_train=24", "data.num_val=6", "data.num_test=6", "data.size=8", "data.batch_size=6",
    "data.palette=4", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false",
    "callbacks.samples.num_pictures=2",
)  # fmt: skip


@dataclass
class Ended:
    """How a process ended: its exit code, or minus the signal's number; None: it hung, and was killed."""

    code: int | None
    output: str  # all that it wrote to its terminal
    seconds: float

    def check(self) -> Ended:
        """Raise an AssertionError unless it succeeded."""
        assert self.code == 0, self.output
        return self


class Process:
    """A console script, or a function, in a process of its own: a fork, which starts at once, or a new interpreter.

    Args:
        work: a command line from the script's name on (`["train", "data=synthetic"]`), or a function.
        cwd: its working folder, which is made if it is missing; its output goes to a file beside it.
        fresh: a new interpreter, which imports everything itself.
        before: called in the fork first, to inject faults.
        variables: further environment variables.
    """

    def __init__(
        self, work: Work, cwd: Path, *, fresh: bool = False, before: Callable[[], None] | None = None, **variables: str
    ) -> None:
        cwd.mkdir(parents=True, exist_ok=True)
        self.log = cwd.with_name(f"{cwd.name}.log")
        self.started = time.monotonic()
        with self.log.open("wb") as log:
            if fresh and not callable(work):
                paths = {"PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
                self._popen = subprocess.Popen(  # kept: its finaliser would wait for the process
                    [sys.executable, "-m", f"colourize.{work[0]}", *work[1:]], cwd=cwd, stdin=subprocess.DEVNULL,
                    env={**os.environ, **variables, **paths}, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
                self.pid = self._popen.pid
                return
            sys.stdout.flush()
            self.pid = os.fork()
            if self.pid == 0:
                os.setsid()
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
                _live(work, cwd, before, variables)

    def is_running(self) -> bool:
        """Whether it has not ended; once it has, `wait` says how."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def kill_after(self, seconds: float) -> bool:
        """SIGKILL after so many seconds of its life; whether it was alive to be killed."""
        while time.monotonic() < self.started + seconds:
            if not self.is_running():
                return False
            time.sleep(min(0.002, max(0.0, self.started + seconds - time.monotonic())))
        alive = self.is_running()
        os.kill(self.pid, signal.SIGKILL)
        return alive

    def wait(self, patience: float = PATIENCE) -> Ended:
        """Wait for its end; what hangs is killed."""
        hangs = False
        while self.is_running():
            if time.monotonic() > self.started + patience:
                hangs = True
                os.killpg(self.pid, signal.SIGKILL)
            time.sleep(0.005)
        seconds = time.monotonic() - self.started
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return Ended(None if hangs else code, self.log.read_text(errors="replace"), seconds)


def run(work: Work, cwd: Path, **how: object) -> Ended:
    """Start a process and wait for its end."""
    return Process(work, cwd, **how).wait()  # type: ignore[arg-type]


def of_session(pid: int) -> list[int]:
    """The processes that a process started, and that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == pid and state != "Z":
            found.append(int(path.parent.name))
    return found


def _live(work: Work, cwd: Path, before: Callable[[], None] | None, variables: dict[str, str]) -> None:
    """Do the work in a fork, and end it."""
    code = 1
    try:
        atexit._clear()  # what its parent has still to do
        logging.disable(logging.NOTSET)
        os.environ.update(variables)
        os.chdir(cwd)
        if before is not None:
            before()
        if callable(work):
            work()
        else:
            door, *words = work
            sys.argv = [f"colourize-{door}", *words]
            importlib.import_module(f"colourize.{door}").main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
