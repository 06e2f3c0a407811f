"""How a run and a sweep start: a sweep's jobs are told which keys vary, and nothing is left of what could not begin."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from colourize.errors import ColourizeError, UsageError

# Sweeps and experiments give Hydra `job_folder` and `product`, wherever this callback is unpickled.
from colourize.runs import experiments, ownership, results, resuming, sweeps
from colourize.runs.results import Refused, refusing

EXCLUDED = "hydra.job.config.override_dirname.exclude_keys"  # Hydra's own place for keys that make no name


class Starts(Callback):
    """Hydra calls it before it makes a folder."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        hydra = config.hydra
        _check(hydra)
        resumes = config.get("resume") is not None  # nothing of that folder may be removed
        _remember(hydra.run.dir, set() if resumes else {hydra.output_subdir or ".hydra", f"{hydra.job.name}.log"})
        _own(hydra.run.dir, "resume" if resumes else "hydra.run.dir")
        if hydra.job.name == results.RESUMABLE and not resumes and ownership.is_first_process():
            with refusing():  # now: next Hydra writes over the settings that a finished run was made with
                resuming.check_free(hydra.run.dir, overwrite=bool(config.overwrite))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        hydra = config.hydra
        _check(hydra)
        _remember(hydra.sweep.dir, {sweeps.MULTIRUN, sweeps.FILE, ".submitit"})
        _own(hydra.sweep.dir, "hydra.sweep.dir")
        typed = sweeps.as_typed(hydra.overrides.task)
        words = [*(f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()), *typed]
        is_basic = hydra.sweeper._target_ == experiments.BASIC  # another sweeper decides on its jobs as it goes
        results.remember(hydra.sweep.dir)
        experiments.provide()
        with refusing():
            asked = experiments.jobs(config, words, GlobalHydra.instance().config_loader()) if is_basic else []
            fixed = experiments.unvaried(config, words, asked, always_new=is_basic)
            if is_basic:
                sweeps.plan(hydra.sweep.dir, asked, fixed)
        keys = ",".join([*hydra.job.config.override_dirname.exclude_keys, *fixed])
        with read_write(hydra):
            if is_basic:
                hydra.sweeper._target_ = experiments.TARGET
            # Each job is composed anew, from these; a folder that is named after a setting is the same for all jobs.
            hydra.overrides.hydra += [f"{EXCLUDED}=[{keys}]", f"hydra.sweep.dir={sweeps.quoted(hydra.sweep.dir)}"]


def _check(hydra: DictConfig) -> None:
    """Refuse what Hydra allows and what would scatter the files of a run or a sweep."""
    with refusing():
        if hydra.job.chdir:
            raise UsageError("hydra.job.chdir: must be false; paths are those of the folder where a command is typed")
        if "subdir: ${job_folder:" not in OmegaConf.to_yaml(hydra.sweep):
            raise UsageError("hydra.sweep.subdir: must be left out; the folders of jobs are named after what varies")


def _own(folder: str, key: str) -> None:
    global _start
    try:
        ownership.own(folder, key)
    except ColourizeError as error:
        _start = None  # what lies there is another's
        raise Refused(error) from error


@dataclass
class _Start:
    """What is about to begin: its folder, what Hydra writes there first, the folders that are still to be made."""

    folder: Path
    written: set[str]
    missing: list[Path]


_start: _Start | None = None


def _remember(folder: str, written: set[str]) -> None:
    global _start
    path = Path(folder).absolute()
    _start = _Start(path, written, [each for each in (path, *path.parents) if not each.exists()])


def remove() -> None:
    """Remove what Hydra wrote for a run or a sweep that did not begin, and the folders that were made for it.

    A folder that holds anything else keeps everything.
    """
    results.take_back()
    if _start is None or not _start.folder.is_dir():
        return
    if not {path.name for path in _start.folder.iterdir()} <= {*_start.written, ownership.FILE}:
        return
    ownership.release(_start.folder)
    for name in _start.written:
        path = _start.folder / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # another run lies in one of them by now
        for folder in _start.missing:
            folder.rmdir()
