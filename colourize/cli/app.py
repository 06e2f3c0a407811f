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
from colourize.errors import full_disk
from colourize.machine.memory import keep_freed_memory
from colourize.machine.threads import wait_briefly
from colourize.runs import ownership, results, resuming, stopping

FULL_ERROR = "HYDRA_FULL_ERROR"
INTERRUPTED = 130
PATIENCE = 10.0  # seconds that a process of several waits for the first one to end


def run(function: Callable[[DictConfig], Any], config_name: str) -> None:
    """Run a Hydra app; a user's error becomes one or two lines and an exit code.

    The exit code is 2 for a key, option or value that is not allowed, 1 for files and everything else, 130 after
    Ctrl-C and 143 after SIGTERM. With HYDRA_FULL_ERROR=1 in the environment the traceback is shown instead.
    """
    wait_briefly()  # before torch is imported
    with stopping.handled(), _one_report_of_a_full_disk():
        stopping.clean_up_by(_clean_up)
        try:
            _run(function, config_name)
        finally:
            results.settle()
            ownership.release()


def _run(function: Callable[[DictConfig], Any], config_name: str) -> None:
    end, typed = _End(), sys.argv

    def guarded(config: DictConfig) -> Any:
        sys.argv = typed  # what the run records, and passes to other processes, is what the user typed
        keep_freed_memory()  # here, because a sweep's jobs may be processes of their own
        workers.end_with_parent()
        end.restore_environment()
        try:
            with stopping.importing(False):
                return function(config)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.RUN:
                end.with_error(error)  # here, because Hydra prints a line of its own later
                raise
            ours = messages.user_error(error)
            if ours is None:
                raise
            # The sweep goes on, and its table records the error. A worker process drops an error's causes.
            raise type(ours)(str(ours)) from error
        finally:
            os.environ[FULL_ERROR] = "1"

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal with LC_ALL=C lacks some of our characters
    os.environ[FULL_ERROR] = "1"  # otherwise Hydra prints the exception itself and exits
    # Hydra takes its own flags at the front or at the end only.
    words = sorted(typed[1:], key=lambda word: word not in ("-m", "--multirun"))
    try:
        messages.check_arguments()
        if help_page.is_requested(words):
            print(help_page.text(config_dir(), config_name, [word for word in words if not word.startswith("-")]))
            return
        if end.is_alone:  # Lightning passes the folder to the other processes
            words = resuming.arguments(words)
        sys.argv = [typed[0], *words]
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config_name)(guarded)()
    except results.Refused as refused:
        end.with_error(refused.error)
        raise
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as error:
        # Lightning catches Ctrl-C, ends the training and exits by itself.
        sys.exit(INTERRUPTED if isinstance(error.__context__, KeyboardInterrupt) else error.code)
    except Exception as error:
        end.with_error(error)
        raise
    finally:
        sys.argv = typed


def _clean_up() -> None:
    starts.remove_empty_run()
    results.settle()


@contextlib.contextmanager
def _one_report_of_a_full_disk() -> Iterator[None]:
    """A full disk also stops the log file and TensorBoard's thread; only the error that ends the run is printed."""
    raises, hook = logging.raiseExceptions, threading.excepthook
    logging.raiseExceptions = False
    threading.excepthook = lambda arguments: None if full_disk(arguments.exc_value) else hook(arguments)
    try:
        yield
    finally:
        logging.raiseExceptions, threading.excepthook = raises, hook


class _End:
    """How this process ends when something is wrong."""

    def __init__(self) -> None:
        self.typed = os.environ.get(FULL_ERROR)
        self.parent = os.getppid()
        self.is_alone = os.environ.get("LOCAL_RANK", "0") == "0"

    def restore_environment(self) -> None:
        """Programs that the run starts must not take our own setting for the user's."""
        os.environ.pop(FULL_ERROR, None)
        if self.typed is not None:
            os.environ[FULL_ERROR] = self.typed

    def with_error(self, error: Exception) -> None:
        """Print the error and exit, or return where its traceback is to be shown."""
        ours = messages.user_error(error)
        code = ours.exit_code if ours is not None else 1
        if self._first_process_has_ended():
            sys.exit(code)
        if ours is None:
            return
        starts.remove_empty_run()
        if self.typed != "1":
            print(f"error: {messages.printable(str(ours))}", file=sys.stderr)
            sys.exit(code)

    def _first_process_has_ended(self) -> bool:
        """Whether this is one of several processes of a run (trainer=ddp), and the first one has ended as well.

        Most errors occur in all processes, and the first one prints them. This process prints its error only where the
        first one goes on. Until then it must not end: Lightning kills the first process when another one is gone.
        """
        deadline = time.monotonic() + PATIENCE
        while not self.is_alone:
            if os.getppid() != self.parent:  # Lightning starts the others from the first one
                return True
            self.is_alone = time.monotonic() > deadline
            time.sleep(0.05)
        return False
