"""The console scripts run inside the test's process: what they print, how they end, what they leave on disk."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import logging
import os
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from unittest import mock

import hydra._internal.hydra
import hydra.core.global_hydra
import hydra.core.singleton
import numpy as np
import torch
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

import colourize.cli.app  # noqa: F401  # here, or the resolvers that it registers go with the first script's end
from colourize.build import NEEDLESS_WARNINGS

# A run of a second: every promise about a run's folder holds for it as well.
TINY_DATA = (
    "data=synthetic",
    "data.num_train=40",
    "data.num_val=10",
    "data.num_test=10",
    "data.batch_size=20",
    "data.palette=4",
)
TINY = (*TINY_DATA, "model.num_filters=4", "trainer.max_epochs=2", "trainer.accelerator=cpu")
# Where fitted palettes and shared runs are kept: never beside the real pictures; removed when the tests end.
CACHE = tempfile.TemporaryDirectory(prefix="colourize-")
TASKS = ("colour_classification", "colour_regression", "super_resolution", "super_resolution_regression")


@dataclass
class Outcome:
    """How a console script ended."""

    code: int
    stdout: str
    stderr: str
    cwd: Path

    @property
    def folder(self) -> Path:
        """The one run folder that was made."""
        (folder,) = self.cwd.glob("outputs/*/*")
        return folder

    @property
    def best(self) -> Path:
        """Its best checkpoint."""
        return self.folder / "checkpoints" / "best.ckpt"

    @property
    def sweep(self) -> Path:
        """The one sweep folder that was made."""
        (folder,) = self.cwd.glob("multirun/*/*")
        return folder

    @property
    def left(self) -> list[str]:
        """Everything that lies in the working folder, but for an empty folder `outputs`."""
        return sorted(str(path.relative_to(self.cwd)) for path in self.cwd.rglob("*") if path.name != "outputs")


def run(door: str, overrides: Sequence[str], cwd: Path, **environment: str) -> Outcome:
    """Run `colourize-<door>` with its overrides in a folder; an error that it does not report itself is raised."""
    stdout, stderr = io.StringIO(), io.StringIO()
    cwd.mkdir(parents=True, exist_ok=True)
    main = importlib.import_module(f"colourize.{door}").main
    with (
        as_in_a_new_process(cwd, stdout, stderr),
        mock.patch.dict(os.environ, environment),
        mock.patch("sys.argv", [f"colourize-{door}", *overrides]),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Outcome(code, stdout.getvalue(), stderr.getvalue(), cwd)


def succeed(door: str, overrides: Sequence[str], cwd: Path) -> Outcome:
    """`run`, where a failure is the test's."""
    outcome = run(door, overrides, cwd)
    assert outcome.code == 0, outcome.stderr
    return outcome


@functools.cache
def trained(task: str) -> Outcome:
    """A tiny run of a task, made once a session."""
    return succeed("train", [*TINY, f"task={task}"], Path(CACHE.name) / f"trained-{task}")


def wait_for(condition: Callable[[], object], seconds: float = 300.0) -> None:
    """Wait until a condition holds; an AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


_get_mode = hydra._internal.hydra.Hydra.get_mode


def _mode(self: hydra._internal.hydra.Hydra, config_name: str, overrides: list[str]) -> RunMode | None:
    """Hydra composes everything twice, once for its mode alone; without it a command takes three fifths of the time."""
    may_say = any(word in override for override in overrides for word in ("experiment", "hydra"))
    return _get_mode(self, config_name, overrides) if may_say else _usual_mode(config_name)


@functools.cache
def _usual_mode(config_name: str) -> RunMode | None:
    return _get_mode(hydra.core.global_hydra.GlobalHydra.instance().hydra, config_name, [])


@contextlib.contextmanager
def as_in_a_new_process(cwd: Path, stdout: TextIO, stderr: TextIO) -> Iterator[None]:
    """What a script changes for its whole process goes back to what it was: Hydra, logging, environment, torch."""
    root, before = logging.getLogger(), Path.cwd()
    handlers, level = root.handlers[:], root.level
    singletons = hydra.core.singleton.Singleton.get_state()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()

    with (
        mock.patch.dict(os.environ),
        mock.patch.object(hydra._internal.hydra.Hydra, "get_mode", _mode),
        warnings.catch_warnings(),
    ):
        os.environ.pop("HYDRA_FULL_ERROR", None)
        os.environ["COLOURIZE_DATA"] = CACHE.name
        GlobalHydra.instance().clear()
        # Warnings reach the terminal as they do outside pytest; the filter of colourize.build is set at its import.
        warnings.resetwarnings()
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", category)
        for message in NEEDLESS_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        warnings.showwarning = lambda *warning: print(warnings.formatwarning(*warning[:4]), end="", file=sys.stderr)
        try:
            os.chdir(cwd)
            with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
                yield
        finally:
            os.chdir(before)
            for handler in root.handlers:
                if handler not in handlers:
                    handler.close()
            root.handlers[:], root.level = handlers, level
            GlobalHydra.instance().clear()
            hydra.core.singleton.Singleton.set_state(singletons)
            random.setstate(states[0])
            np.random.set_state(states[1])
            torch.set_rng_state(states[2])
            torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])
