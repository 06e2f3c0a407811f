"""What every console script shares: how it starts, and how it ends when something is wrong.

Imports of torch and lightning have no place here: `--help` and shell completion must answer at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from colourize.cli import help as help_page
from colourize.cli import messages, starts, workers
from colourize.configuration import config_dir
from colourize.errors import ColourizeError, InputError, full_disk
from colourize.machine.memory import keep_freed_memory
from colourize.machine.threads import wait_briefly
from colourize.runs import ownership, results, resuming, stopping

FULL_ERROR = "HYDRA_FULL_ERROR"
INTERRUPTED = 130
PATIENCE = 10.0  # seconds that a process of several waits for the first one to end


def run(function: Callable[[DictConfig], Any], config_name: str) -> None:
    """Run a Hydra app; errors that a user can mend become one or two lines and an exit code.

    Exit codes: 2 for a key, option or value that is not allowed, 1 for files and everything else, 130 when
    interrupted, 143 when ended by SIGTERM. With the environment variable HYDRA_FULL_ERROR set, the traceback is shown
    instead.
    """
    wait_briefly()  # before torch is imported
    with stopping.handled(), _told_once():
        stopping.clean_up_by(_clean_up)
        try:
            _run(function, config_name)
        finally:
            results.settle()
            ownership.release()


def _run(function: Callable[[DictConfig], Any], config_name: str) -> None:
    end = _End()

    def guarded(config: DictConfig) -> Any:
        keep_freed_memory()  # here, because a sweep's jobs may be processes of their own
        workers.end_with_parent()
        end.restore_environment()
        try:
            with stopping.importing(False):
                return function(config)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.RUN:
                end.with_error(error)  # already here: on its way out Hydra writes a line of its own
                raise
            mendable = _mendable(error)
            if mendable is None:
                raise
            # The sweep goes on, and its table records the error; a worker process passes on no chain of causes.
            raise type(mendable)(str(mendable)) from error
        finally:
            os.environ[FULL_ERROR] = "1"

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without our characters (LC_ALL=C) is no error
    os.environ[FULL_ERROR] = "1"  # else Hydra prints the exception itself and exits
    # Hydra takes its own flags at the front or at the end only.
    arguments = sorted(sys.argv[1:], key=lambda word: word not in ("-m", "--multirun"))
    try:
        messages.check_sweeps(config_dir())
        messages.check_groups(config_dir())
        if help_page.asked_for(arguments):
            print(help_page.text(config_dir(), config_name, [word for word in arguments if not word.startswith("-")]))
            return
        if end.is_alone:  # Lightning gives other processes the folder as well
            arguments = resuming.arguments(arguments)
        with _arguments(arguments) as restore:
            # What the run records, and gives to other processes, is what was typed.
            app = hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config_name)
            app(_after(restore, guarded))()
    except results.Refused as refused:
        end.with_error(refused.error)
        raise
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as error:
        # Lightning catches Ctrl-C, ends the training in good order, and exits by itself.
        sys.exit(INTERRUPTED if isinstance(error.__context__, KeyboardInterrupt) else error.code)
    except Exception as error:
        end.with_error(error)
        raise


def _clean_up() -> None:
    starts.remove()
    results.settle()


@contextlib.contextmanager
def _told_once() -> Iterator[None]:
    """A full disk fails the log file, and TensorBoard's thread, besides what ends the run: that alone is told."""
    raises, hook = logging.raiseExceptions, threading.excepthook

    def told(arguments: threading.ExceptHookArgs) -> None:
        if not full_disk(arguments.exc_value):
            hook(arguments)

    logging.raiseExceptions, threading.excepthook = False, told
    try:
        yield
    finally:
        logging.raiseExceptions, threading.excepthook = raises, hook


@contextlib.contextmanager
def _arguments(words: list[str]) -> Iterator[Callable[[], None]]:
    """Replace the command line until the block ends, or what is yielded is called."""
    typed = sys.argv

    def restore() -> None:
        sys.argv = typed

    sys.argv = [typed[0], *words]
    try:
        yield restore
    finally:
        restore()


def _after(first: Callable[[], None], function: Callable[[DictConfig], Any]) -> Callable[[DictConfig], Any]:
    def both(config: DictConfig) -> Any:
        first()
        return function(config)

    return both


def _mendable(error: BaseException) -> ColourizeError | None:
    """See `messages.mendable`; a full disk, which may fail anything that is written, is one as well."""
    full = full_disk(error)
    if full is not None:
        where = f"{full.filename}: " if full.filename else ""
        return InputError(f"{where}the disk is full ({full.strerror or 'no space'}); what was saved before is whole")
    return messages.mendable(error, config_dir())


class _End:
    """How this process ends when something is wrong."""

    def __init__(self) -> None:
        self.typed = os.environ.get(FULL_ERROR)
        self.parent = os.getppid()
        self.is_alone = os.environ.get("LOCAL_RANK", "0") == "0"

    def restore_environment(self) -> None:
        """What the run starts must not take our own setting for the user's."""
        os.environ.pop(FULL_ERROR, None)
        if self.typed is not None:
            os.environ[FULL_ERROR] = self.typed

    def with_error(self, error: Exception) -> None:
        """Tell it and exit, or return where its traceback is to be shown."""
        mendable = _mendable(error)
        code = mendable.exit_code if mendable is not None else 1
        if self._is_told_by_another():
            sys.exit(code)
        if mendable is None:
            return
        starts.remove()
        if self.typed != "1":
            print(f"error: {messages.printable(str(mendable))}", file=sys.stderr)
            sys.exit(code)

    def _is_told_by_another(self) -> bool:
        """Whether this is one of several processes of a run (trainer=ddp), of which the first one ends as well.

        What fails in one of them mostly fails in all, or else the others lose their connection to it: the first one
        tells. Only where it goes on is the error this process's own. Until then this one must not end: Lightning kills
        the first one when it sees another gone, perhaps before it could tell.
        """
        deadline = time.monotonic() + PATIENCE
        while not self.is_alone:
            if os.getppid() != self.parent:  # Lightning starts the others from the first one
                return True
            self.is_alone = time.monotonic() > deadline
            time.sleep(0.05)
        return False
