"""Starts the console scripts, and ends them with a message when something is wrong.

This module must not import torch or lightning, as `--help` and shell completion must answer at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from colourize.cli import help as help_page
from colourize.cli import messages, starts, workers
from colourize.configuration import config_dir
from colourize.errors import full_disk
from colourize.machine.process import keep_freed_memory, wait_briefly
from colourize.runs import ownership, results, resuming, stopping

# Commands with thousands of equal steps. The blocks of others differ in size and leave gaps that are never filled:
# an evaluation of many pictures would take gigabytes.
TRAINING = ("train", "benchmark")
FULL_ERROR = "HYDRA_FULL_ERROR"
INTERRUPTED = 130
BROKEN_PIPE = 141  # the exit code that shells report for a program that SIGPIPE ended
PATIENCE = 10.0  # seconds that one of several processes waits for the first one to end


def run(
    function: Callable[[DictConfig], Any], config_name: str, after_sweep: Callable[[Path], Any] | None = None
) -> None:
    """Run a Hydra app; a user's error is printed in one or two lines and becomes an exit code.

    After a sweep whose jobs have all ended, `after_sweep` is called with its folder.

    The exit code is 2 for a key, option or value that is not allowed, 1 for files and everything else, 130 after
    Ctrl-C and 143 after SIGTERM. With HYDRA_FULL_ERROR=1 in the environment the traceback is shown instead.
    """
    wait_briefly()  # before torch is imported
    with stopping.handled(), _one_report_of_a_full_disk(), _closed_pipe():
        stopping.clean_up_by(_clean_up)
        try:
            _run(function, config_name)
        finally:
            folder = results.settle()
            if folder is not None and after_sweep is not None:
                after_sweep(folder)
            ownership.release()


def _run(function: Callable[[DictConfig], Any], config_name: str) -> None:
    typed, full_error, parent = sys.argv, os.environ.get(FULL_ERROR), os.getppid()

    def guarded(config: DictConfig) -> Any:
        help_page.wrap_log()
        sys.argv = typed  # the run records the user's own words, and passes them to other processes
        if config_name in TRAINING:
            keep_freed_memory()  # here, because a sweep's jobs may be processes of their own
        workers.end_with_parent()
        os.environ.pop(FULL_ERROR, None)  # so that programs started by the run have the user's setting
        if full_error is not None:
            os.environ[FULL_ERROR] = full_error
        try:
            with stopping.importing(False):
                return function(config)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.RUN:
                _end_with(error, full_error, parent)  # here, because Hydra would print a line of its own
                raise
            ours = messages.user_error(error)
            if ours is None:
                raise
            # The sweep continues, and its table records the error. A worker process drops an error's causes.
            raise type(ours)(str(ours)) from error
        finally:
            os.environ[FULL_ERROR] = "1"

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal with LC_ALL=C lacks some of our characters
    os.environ[FULL_ERROR] = "1"  # otherwise Hydra prints the exception itself and exits
    # Hydra accepts its own flags at the front or at the end only.
    words = sorted(typed[1:], key=lambda word: word not in ("-m", "--multirun"))
    try:
        messages.check_arguments(config_name)
        if help_page.is_requested(words):
            print(help_page.text(config_name, [word for word in words if not word.startswith("-")]))
            return
        if _is_alone():  # Lightning passes the folder to the other processes
            words = resuming.arguments(words)
        sys.argv = [typed[0], *words]
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config_name)(guarded)()
    except results.Refused as refused:
        _end_with(refused.error, full_error, parent)
        raise
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as error:
        # Lightning handles Ctrl-C itself: it ends the training and exits.
        sys.exit(INTERRUPTED if isinstance(error.__context__, KeyboardInterrupt) else error.code)
    except Exception as error:
        _end_with(error, full_error, parent)
        raise
    finally:
        sys.argv = typed


def _clean_up() -> None:
    starts.remove_empty_run()
    results.settle()


@contextlib.contextmanager
def _closed_pipe() -> Iterator[None]:
    """End silently when a reader such as `head` closes the pipe."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Otherwise flushing the buffer would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)


@contextlib.contextmanager
def _one_report_of_a_full_disk() -> Iterator[None]:
    """Print only the error that ends the run, as a full disk also stops the log file and TensorBoard's thread."""
    raises, hook = logging.raiseExceptions, threading.excepthook
    logging.raiseExceptions = False
    threading.excepthook = lambda arguments: None if full_disk(arguments.exc_value) else hook(arguments)
    try:
        yield
    finally:
        logging.raiseExceptions, threading.excepthook = raises, hook


def _end_with(error: Exception, typed: str | None, parent: int) -> None:
    """Print a user's error and exit; return if the traceback must be shown.

    Args:
        typed: the user's own value of HYDRA_FULL_ERROR.
        parent: the process that started this one.
    """
    ours = messages.user_error(error)
    code = ours.exit_code if ours is not None else 1
    # With several processes (trainer=ddp), which Lightning starts from the first one, most fail in the same way. The
    # first one prints the error. The others wait for its end, because Lightning kills it when another one has ended.
    deadline = time.monotonic() + (0 if _is_alone() else PATIENCE)
    while time.monotonic() < deadline:
        if os.getppid() != parent:
            sys.exit(code)
        time.sleep(0.05)
    if ours is None:
        return
    starts.remove_empty_run()
    if typed != "1":
        print(f"error: {messages.printable(str(ours))}", file=sys.stderr)
        sys.exit(code)


def _is_alone() -> bool:
    return os.environ.get("LOCAL_RANK", "0") == "0"
