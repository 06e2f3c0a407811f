"""Starts a run or a sweep: it takes its folder and names its jobs; a run that does not begin leaves no folder."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, read_write

from colourize.errors import UsageError

# Importing sweeps and experiments registers the resolvers `job_folder` and `product`, where this callback is unpickled.
from colourize.runs import experiments, ownership, results, resuming, sweeps

EXCLUDED = "hydra.job.config.override_dirname.exclude_keys"  # Hydra's own list of keys that names leave out
# A new folder with only these files has neither a run nor a job.
EMPTY = {".hydra", ".submitit", ownership.FILE, sweeps.MULTIRUN, sweeps.FILE, results.FILE, f".{results.FILE}.lock"}

_new: list[Path] = []  # the folder of the run or the sweep, and its parents, if they did not exist


class Starts(Callback):
    """A Hydra callback, called before Hydra makes a folder."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        hydra, resumes = config.hydra, config.get("resume") is not None
        with results.refusing():
            _check(hydra)
            _remember(hydra.run.dir)
            ownership.own(hydra.run.dir, "resume" if resumes else "hydra.run.dir")
            if hydra.job.name == results.RESUMABLE and not resumes and ownership.is_first_process():
                # Checked here, because Hydra replaces the settings of a finished run next.
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
            words = [*_of_the_file(hydra.sweeper.params or OmegaConf.create(), typed), *typed]
            is_basic = hydra.sweeper._target_ == experiments.BASIC  # other sweepers choose their jobs one at a time
            asked = experiments.jobs(config, words, GlobalHydra.instance().config_loader()) if is_basic else []
            fixed = experiments.fixed_keys(config, words, asked)
            if not is_basic:  # jobs are numbered, because values may repeat
                fixed = [sweeps.key_of(word) for word in words]
            else:
                sweeps.check_jobs(folder, asked)
                experiments.provide(asked, fixed)
        keys = ",".join([*hydra.job.config.override_dirname.exclude_keys, *fixed])
        with read_write(hydra):
            # Each job is composed again, but all must have the same sweep folder, even if a setting is in its name.
            hydra.overrides.hydra += [f"{EXCLUDED}=[{keys}]", f"hydra.sweep.dir={sweeps.quoted(folder)}"]


def _of_the_file(params: DictConfig, typed: list[str]) -> list[str]:
    """The overrides of `hydra.sweeper.params`, resolved unless they refer to what the sweep varies.

    A reference such as ${data.num_val} then has another value in each job.
    """
    raw: Any = OmegaConf.to_container(params, resolve=False)
    parsed = OverridesParser.create().parse_overrides(typed)
    varied = [*raw, *(each.key_or_group for each in parsed if each.is_sweep_override())]
    refers = {key for key, value in raw.items() if any(f"${{{other}}}" in str(value) for other in varied)}
    return [f"{key}={raw[key] if key in refers else params[key]}" for key in raw]


def _check(hydra: DictConfig) -> None:
    """Refuse settings that Hydra allows but that would scatter the files of a run or a sweep."""
    if hydra.job.chdir:
        raise UsageError("hydra.job.chdir: must be false; paths start in the folder where the command is typed")
    if "subdir: ${job_folder:" not in OmegaConf.to_yaml(hydra.sweep):
        raise UsageError("hydra.sweep.subdir: must be left out; the folders of jobs are named after what varies")


def _remember(folder: str) -> None:
    path = Path(folder).absolute()
    _new[:] = [each for each in (path, *path.parents) if not each.exists()]


def remove_empty_run() -> None:
    """Remove the folder of a run or a sweep that did not begin."""
    if not _new or not _new[0].is_dir():
        return
    if {path.name for path in _new[0].iterdir() if path.suffix != ".log"} <= EMPTY:
        ownership.release(_new[0])
        shutil.rmtree(_new[0], ignore_errors=True)
        with contextlib.suppress(OSError):  # a parent folder may have another run
            for folder in _new[1:]:
                folder.rmdir()
