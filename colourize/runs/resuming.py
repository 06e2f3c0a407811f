"""Resuming a run in its own folder: the state of the folder, the run's settings, and what a new run may not replace.

A run's folder has `config.yaml`, its resolved settings, from the start, and `metrics.json`, which is written last, at
the end. A folder with the first but without the second belongs to an unfinished run. What a checkpoint keeps of a
training, such as the random generators, is in `callbacks.training_state`.
"""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from colourize.errors import InputError, UsageError, check_count, one_line
from colourize.files import write_whole
from colourize.moved import brought_up_to_date
from colourize.runs import ownership, sweeps
from colourize.runs.folders import LAST, PREVIOUS, read_measures
from colourize.runs.method_settings import DISPLAY, PLAN, is_one_of
from colourize.runs.sweeps import quoted
from colourize.weights.shipped import is_builtin

CONFIG, FINAL = "config.yaml", "metrics.json"
MAX_EPOCHS = "trainer.max_epochs"
FREE = (MAX_EPOCHS, *DISPLAY)  # the settings that may change when a run is resumed
PATHS = ("data.root", "data.palette", "checkpoint")
PRODUCTS = (*ownership.WRITTEN, "metrics.csv", FINAL, CONFIG, "hparams.yaml", "events.out.tfevents.*")


def state(folder: str | Path) -> str:
    """The state of a run's folder: none, unfinished or finished."""
    if not (Path(folder) / CONFIG).is_file():
        return "none"
    return "finished" if (Path(folder) / FINAL).is_file() else "unfinished"


def arguments(words: Sequence[str]) -> list[str]:
    """The arguments for Hydra from a command line; `resume=…` becomes the run's folder and leaves `.hydra/` as it is.

    Raises:
        UsageError: a word cannot be combined with `resume=…`.
        InputError: the folder has no run that can be resumed.
    """
    typed = [word for word in words if not word.startswith("-")]
    for key in ("hydra.run.dir", "hydra.sweep.dir", "resume", "experiment"):
        same = [word for word in typed if word.startswith(f"{key}=")]
        if len(same) > 1:
            raise UsageError(f"{key}: appears twice ({' '.join(same)})")
    resume = [word for word in typed if word.startswith("resume=") and word != "resume=null"]
    if not resume:
        return list(words)
    for word in typed:
        if word.startswith(("hydra.run.dir=", "hydra.sweep.dir=", "hydra.output_subdir=")):
            raise UsageError(f"{word.partition('=')[0]}: resume=… goes on in the run's own folder")
    (override,) = _parsed(resume)
    is_quoted = isinstance(override._value, QuotedString)  # unquoted, even a folder named 5 is a text
    folder = str(override.value()) if is_quoted else resume[0].partition("=")[2]
    changes = [word for word in typed if word not in resume]
    flags = [word for word in words if word.startswith("-")]  # Hydra accepts them in front of all others
    if sweeps.is_sweep(folder):
        first = sweeps.arguments(folder)
        for word, override in zip(changes, _parsed(changes), strict=True):
            if not is_one_of(override.key_or_group, sweeps.FREE) and word not in first:
                raise UsageError(f"{word}: a resumed sweep keeps its settings; its first command adds jobs to it")
        return [*flags, *first, *changes, f"hydra.sweep.dir={quoted(str(Path(folder)))}"]
    kept = continued(folder, changes)[1]
    if {"-m", "--multirun"} & set(flags):
        raise UsageError("resume: a run's folder resumes one run, without -m")
    return [*flags, *resume, *kept, f"hydra.run.dir={quoted(str(Path(folder)))}", "hydra.output_subdir=null"]


def continued(folder: str | Path, words: Sequence[str] = ()) -> tuple[DictConfig, list[str]]:
    """The settings of a resumed run, changed by overrides (without `resume=…`), and the words that change them.

    Raises:
        UsageError: a word changes a setting that may not change.
        InputError: the folder has no run that can be resumed.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"resume={folder}: there is no such folder")
    if state(folder) == "none":
        raise InputError(f"resume={folder}: holds no run that could be resumed (no {CONFIG})")
    config = _read(folder)
    overrides = folder / ".hydra" / "overrides.yaml"
    first = sweeps.as_typed(OmegaConf.load(overrides)) if overrides.is_file() else []
    kept = []
    for word, override in zip(words, _parsed(words), strict=True):
        key = override.key_or_group
        if key.startswith("hydra"):
            kept.append(word)
            continue
        then, now = _plain(OmegaConf.select(config, key)), _plain(override.value())
        if word in first or (then is not None and not override.is_delete() and then == now):
            continue
        if not is_one_of(key, FREE):
            was = f" ({key}={then})" if then is not None and not isinstance(then, dict) else ""
            raise UsageError(f"{word}: a resumed run keeps its settings{was}; only {', '.join(FREE)} may change")
        if key == MAX_EPOCHS:
            _check_epochs(config, now, folder)
        OmegaConf.update(config, key, now)
        kept.append(word)
    return config, kept


def is_job() -> bool:
    """Whether this is a listed job of a sweep, whose folder may have files already."""
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return False
    return sweeps.folder_of(HydraConfig.get().sweep.dir, sweeps.as_typed()) is not None


def continue_run(folder: Path) -> DictConfig | dict[str, float]:
    """The settings with which a run continues after `resume=…`, or its measures if it is finished (a line says so)."""
    config, _ = continued(folder, [word for word in sweeps.as_typed() if not word.startswith("resume=")])
    if state(folder) != "finished" or config.trainer.get("max_epochs") != _read(folder).trainer.get("max_epochs"):
        return config
    print(f"{folder}: this run is finished; trainer.max_epochs=… trains it for more epochs")
    return read_measures(folder / FINAL)


def continue_or_skip_job(folder: Path, *, may_continue: bool) -> DictConfig | dict[str, float] | None:
    """As `continue_run` for a job of a sweep; None if it starts from the beginning.

    Args:
        may_continue: whether an unfinished job can be continued.
    """
    if state(folder) == "finished":
        print(f"{folder}: this job is finished")
        return read_measures(folder / FINAL)
    return continued(folder)[0] if state(folder) == "unfinished" and may_continue else None


def check_free(folder: str | Path, *, overwrite: bool) -> None:
    """Raise a UsageError if a new run would replace the results of another one."""
    folder = Path(folder)
    shown = os.path.relpath(folder)
    if sweeps.is_sweep(folder):
        raise UsageError(f"hydra.run.dir={shown}: holds a sweep; name another folder")
    if overwrite:
        return
    if (folder / FINAL).is_file():
        raise UsageError(f"hydra.run.dir={shown}: holds a finished run; overwrite=true replaces it, or name another")
    if state(folder) == "unfinished" and any(folder.glob("checkpoints/last*.ckpt")):
        choice = f"resume={quoted(shown)} goes on with it, overwrite=true replaces it"
        raise UsageError(f"hydra.run.dir={shown}: holds an unfinished run; {choice}")


def check_no_training(folder: str | Path) -> None:
    """Raise a UsageError if an evaluation would write its files into the folder of a training or a sweep."""
    shown, folder = os.path.relpath(folder), Path(folder)
    is_training = state(folder) != "none" or (folder / "checkpoints").is_dir()
    if is_training or sweeps.is_sweep(folder):
        raise UsageError(f"hydra.run.dir={shown}: holds a {'run' if is_training else 'sweep'}; name another folder")


def begin(folder: str | Path, config: DictConfig, *, checkpoint: Path | None) -> None:
    """Write the settings of a run that starts, or resumes from a checkpoint, and remove files of an earlier run."""
    folder = Path(folder)
    # The final measures are removed first: from here on the run is unfinished.
    for pattern in (FINAL, "hparams.yaml") if checkpoint is not None else PRODUCTS:
        for path in folder.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if checkpoint is not None and checkpoint.name == PREVIOUS:  # the last one is damaged and must not replace this one
        checkpoint.with_name(LAST).unlink(missing_ok=True)
    keep_settings(folder, config)


def keep_settings(folder: Path, config: DictConfig) -> None:
    """Write `config.yaml`: a run's settings, resolved, without an experiment's plan."""
    config = OmegaConf.masked_copy(config, [str(key) for key in config if key not in PLAN])
    config.resume, config.overwrite = None, False
    for key in PATHS:
        value = OmegaConf.select(config, key)
        if isinstance(value, str) and not is_builtin(value):
            OmegaConf.update(config, key, os.path.abspath(os.path.expanduser(value)))
    resolved = OmegaConf.create(OmegaConf.to_container(config, resolve=True))
    write_whole(folder / CONFIG, OmegaConf.to_yaml(resolved))


def command(folder: str | Path) -> str:
    """The shell command that resumes a run."""
    return f"colourize-train {shlex.quote(f'resume={quoted(os.path.relpath(folder))}')}"


def _check_epochs(config: DictConfig, now: Any, folder: Path) -> None:
    check_count(MAX_EPOCHS, now)
    schedule = OmegaConf.select(config, "task.lr_scheduler") or {}
    planned = f"was planned for {config.trainer.max_epochs} epochs"
    if "total_steps" in schedule.values():  # tasks.optimisation.TOTAL_STEPS, whose import takes seconds
        name = str(schedule.get("_target_")).rpartition(".")[2]
        raise UsageError(f"{MAX_EPOCHS}={now}: the learning-rate schedule {name} {planned}")
    share = OmegaConf.select(config, "data.extra_share")
    if OmegaConf.is_list(share) and len(set(share)) > 1:
        raise UsageError(f"{MAX_EPOCHS}={now}: data.extra_share={share} {planned}")
    table = folder / "metrics.csv"
    trained = max(0, len(table.read_text(encoding="utf-8").splitlines()) - 1) if table.is_file() else 0
    if now < trained:
        raise UsageError(f"{MAX_EPOCHS}={now}: {folder} has trained {trained} epochs already")


def _read(folder: Path) -> DictConfig:
    """A run's settings, with paths that follow the folder if it was moved."""
    path = folder / CONFIG
    try:
        contents: Any = brought_up_to_date(OmegaConf.to_container(OmegaConf.load(path)))
        config = OmegaConf.create(_moved(contents, contents["output_dir"], str(folder.absolute())))
        assert isinstance(config, DictConfig) and "trainer" in config, "it lacks a run's settings"
    except Exception as error:
        raise InputError(f"{path}: cannot be read: {one_line(error)}") from error
    return config


def _moved(value: Any, before: str, now: str) -> Any:
    if isinstance(value, dict):
        return {key: _moved(each, before, now) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, before, now) for each in value]
    is_below = isinstance(value, str) and f"{value}{os.sep}".startswith(f"{before}{os.sep}")
    return now + value[len(before) :] if is_below else value


def _parsed(words: Sequence[str]) -> list[Override]:
    parsed: list[Override] = OverridesParser.create().parse_overrides(list(words))
    return parsed


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
