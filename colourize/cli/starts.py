"""How a run or a sweep starts: it takes its folder, its jobs get their names, and an empty run leaves no folder."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from colourize.errors import UsageError

# Sweeps and experiments give Hydra the resolvers `job_folder` and `product`, wherever this callback is unpickled.
from colourize.runs import experiments, ownership, results, resuming, sweeps

EXCLUDED = "hydra.job.config.override_dirname.exclude_keys"  # Hydra's own list of keys that form no name
# A new folder with nothing else holds neither a run nor a job.
EMPTY = {".hydra", ".submitit", ownership.FILE, sweeps.MULTIRUN, sweeps.FILE, results.FILE, f".{results.FILE}.lock"}

_new: list[Path] = []  # the run's or the sweep's folder, and those above it, which did not exist


class Starts(Callback):
    """Hydra calls it before it makes a folder."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        hydra, resumes = config.hydra, config.get("resume") is not None
        with results.refusing():
            _check(hydra)
            _remember(hydra.run.dir)
            ownership.own(hydra.run.dir, "resume" if resumes else "hydra.run.dir")
            if hydra.job.name == results.RESUMABLE and not resumes and ownership.is_first_process():
                # Next Hydra replaces the settings of a finished run.
                resuming.check_free(hydra.run.dir, overwrite=bool(config.overwrite))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        hydra = config.hydra
        folder, launcher = hydra.sweep.dir, hydra.launcher
        with results.refusing():
            _check(hydra)
            if launcher.get("n_jobs") == 0:
                raise UsageError("hydra.launcher.n_jobs=0: must be a number of jobs at a time, or -1 for one a core")
            if launcher._target_.endswith(".SlurmLauncher"):
                if shutil.which("srun") is None:
                    raise UsageError("launcher=submitit: there is no SLURM here (no srun); try launcher=joblib")
                from colourize.runs import slurm  # submitit is an extra

                slurm.provide()
            _remember(folder)
            ownership.own(folder, "hydra.sweep.dir")
            if hydra.job.name == results.RESUMABLE:
                results.begin(folder)
            typed = sweeps.as_typed(hydra.overrides.task)
            words = [*(f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()), *typed]
            is_basic = hydra.sweeper._target_ == experiments.BASIC  # another sweeper chooses its jobs as it goes
            asked = experiments.jobs(config, words, GlobalHydra.instance().config_loader()) if is_basic else []
            fixed = experiments.fixed_keys(config, words, asked)
            if not is_basic:  # the jobs get numbers, because values may repeat
                fixed = [sweeps.key_of(word) for word in words]
            else:
                sweeps.check_jobs(folder, asked)
                experiments.provide(asked, fixed)
        keys = ",".join([*hydra.job.config.override_dirname.exclude_keys, *fixed])
        with read_write(hydra):
            if is_basic:
                hydra.sweeper._target_ = experiments.TARGET
            # Each job is composed anew. A sweep's folder that is named after a setting is the same for all jobs.
            hydra.overrides.hydra += [f"{EXCLUDED}=[{keys}]", f"hydra.sweep.dir={sweeps.quoted(folder)}"]


def _check(hydra: DictConfig) -> None:
    """Refuse what Hydra allows and what would scatter the files of a run or a sweep."""
    if hydra.job.chdir:
        raise UsageError("hydra.job.chdir: must be false; paths start in the folder where the command is typed")
    if "subdir: ${job_folder:" not in OmegaConf.to_yaml(hydra.sweep):
        raise UsageError("hydra.sweep.subdir: must be left out; the folders of jobs are named after what varies")


def _remember(folder: str) -> None:
    path = Path(folder).absolute()
    _new[:] = [each for each in (path, *path.parents) if not each.exists()]


def remove_empty_run() -> None:
    """Remove the folder that was made for a run or a sweep that did not begin."""
    if not _new or not _new[0].is_dir():
        return
    if {path.name for path in _new[0].iterdir() if path.suffix != ".log"} <= EMPTY:
        ownership.release(_new[0])
        shutil.rmtree(_new[0], ignore_errors=True)
        with contextlib.suppress(OSError):  # another run may lie in a folder above
            for folder in _new[1:]:
                folder.rmdir()
