"""Which jobs a sweep's folder holds: `sweep.json`, so that the same command goes on where it was stopped.

A job is known by what was typed for it, in whatever order: launched again, it finds its folder. A job that is new is
added at the end, and none is ever renumbered or renamed. Its folder is named after what varies, as in
`model-cnn+seed-0`: TensorBoard tells such names apart, and Hydra's grammar takes them unquoted:
`checkpoint=multirun/…/model-cnn+seed-0/checkpoints/best.ckpt`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from omegaconf import OmegaConf

from colourize.errors import InputError, UsageError
from colourize.files import write_json
from colourize.runs.settings import DISPLAY, is_one_of

FILE, MULTIRUN = "sweep.json", "multirun.yaml"  # ours, and Hydra's
# With others of these typed for it, a job is the same job.
FREE = (*DISPLAY, "launcher", "overwrite", "hydra")

LONGEST = 120  # characters; a file system takes 255, and a path is longer than its last folder
UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
PLAIN = re.compile(r"[\w./:+@%-]+", re.ASCII)  # what Hydra's grammar takes unquoted, and a shell


def plan(folder: str | Path, asked: Sequence[Sequence[str]], fixed: Sequence[str]) -> list[dict[str, Any]]:
    """Add the jobs that are asked for to those that a sweep's folder holds, and keep the list there.

    Args:
        asked: each job's overrides.
        fixed: the keys that make no name of a job's folder.

    Returns:
        All jobs in their order: "folder", within the sweep's, and "overrides".

    Raises:
        UsageError: the folder is a run's, or there is no job.
        InputError: the list is damaged.
    """
    folder = Path(folder)
    if any((folder / name).is_file() for name in ("run.json", "metrics.json")) and not is_sweep(folder):
        raise UsageError(f"hydra.sweep.dir={folder}: holds a run; name another folder")
    if not asked:
        raise UsageError("a sweep of no jobs; every key needs at least one value")
    jobs = read(folder)
    known = {identity(job["overrides"]) for job in jobs}
    taken = {job["folder"] for job in jobs}
    for overrides in asked:
        if identity(overrides) in known:
            continue
        name = job_folder(overrides, fixed, len(jobs))
        if name in taken or _holds_another(folder / name, overrides):
            digest = hashlib.blake2b("\n".join(sorted(overrides)).encode(), digest_size=4).hexdigest()
            name = f"{name}_{digest}"
        jobs.append({"folder": name, "overrides": list(overrides)})
        taken.add(name)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FILE, {"jobs": jobs})
    return jobs


def read(folder: str | Path) -> list[dict[str, Any]]:
    """The jobs of a sweep's folder; none where it keeps no list.

    Raises:
        InputError: the list is damaged.
    """
    path = Path(folder) / FILE
    try:
        jobs = json.loads(path.read_text(encoding="utf-8"))["jobs"]
        return [{"folder": str(job["folder"]), "overrides": [str(each) for each in job["overrides"]]} for job in jobs]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a sweep's list of jobs ({type(error).__name__}); delete it") from error


def folder_of(folder: str | Path, overrides: Iterable[str]) -> str | None:
    """The folder that a sweep keeps a job in; None where it does not know the job."""
    asked = identity(overrides)
    return next((job["folder"] for job in read(folder) if identity(job["overrides"]) == asked), None)


def identity(overrides: Iterable[str]) -> frozenset[str]:
    """What makes a job that job and no other."""
    return frozenset(each for each in overrides if not is_one_of(_key(each), FREE))


def same_in_all(asked: Sequence[Sequence[str]]) -> list[str]:
    """The keys that all jobs have, and with the same value: they make no name. A seed always does: more may follow."""
    shared = set.intersection(*(set(job) for job in asked)) if asked else set()
    return sorted(key for word in shared if (key := _key(word)) != "seed")


def varied_keys(folder: str | Path) -> list[str]:
    """The keys that a sweep's jobs were typed with, and that not all of them share; none without a list of jobs."""
    asked = [job["overrides"] for job in read(folder)]
    same = same_in_all(asked)
    return [key for key in dict.fromkeys(_key(word) for job in asked for word in job) if key not in same]


def arguments(folder: str | Path) -> list[str]:
    """The command line, but for the program's name, that launches a sweep again into its own folder.

    Raises:
        InputError: the folder holds no sweep.
    """
    path = Path(folder) / MULTIRUN
    try:
        overrides = OmegaConf.load(path).hydra.overrides
        words = [*as_typed(overrides.task), *as_typed(overrides.hydra)]
    except Exception as error:
        raise InputError(f"resume={folder}: holds neither a run nor a sweep that could be resumed") from error
    inherited = ("hydra.mode=", "hydra.sweep.dir=", "hydra.job.config.override_dirname.exclude_keys=")
    return ["-m", *(word for word in words if not word.startswith(inherited))]


def as_typed(overrides: Any = None) -> list[str]:
    """Overrides as they were typed; without any those of this process's run.

    What one of them refers to, as `data.num_test=${data.num_val}` does, is resolved in its own run's configuration
    alone; in another it stands for another value.
    """
    if overrides is None:
        overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else OmegaConf.create([])
    words: Any = OmegaConf.to_container(overrides, resolve=False)
    return [str(word) for word in words]


def is_sweep(folder: str | Path) -> bool:
    """Whether a folder is a sweep's."""
    return os.path.isfile(os.path.join(folder, MULTIRUN))


def fixed_keys(words: Iterable[str], *, always_new: bool = True) -> list[str]:
    """The keys of a sweep's overrides that have one value, and so are the same in all jobs.

    All keys where a sweeper may try the same values again (not `always_new`): its jobs have numbers for names.
    """
    overrides = {each.key_or_group: each for each in OverridesParser.create().parse_overrides(list(words))}
    values = {key: _values(each) for key, each in overrides.items()}  # of a key given twice the last one acts
    return [key for key, each in values.items() if len(set(each)) == 1 or not always_new]


def job_folder(overrides: Sequence[str], fixed: Sequence[str], number: int) -> str:
    """The name of a job's folder: each key that varies, by its last part, and its value.

    Args:
        overrides: of the job, as `model=cnn`.
        fixed: the keys that do not vary.
        number: of the job: its name where nothing varies.
    """
    pairs = [override.lstrip("+~").partition("=")[::2] for override in overrides if "=" in override]
    varied = {key: value for key, value in pairs if key not in fixed}
    last_parts = [key.rpartition(".")[2] for key in varied]
    parts = [
        f"{key if last_parts.count(last) > 1 else last}-{value}"
        for (key, value), last in zip(varied.items(), last_parts, strict=True)
    ]
    safe = "+".join(UNSAFE.sub("_", part).strip("_") for part in parts)
    if safe != "+".join(parts) or len(safe) > LONGEST:
        # Other values may look alike once they are safe or short.
        digest = hashlib.blake2b("+".join(parts).encode(), digest_size=4).hexdigest()
        safe = f"{safe[:LONGEST]}_{digest}"
    return safe or str(number)


def quoted(text: str) -> str:
    """A text as Hydra's grammar takes it."""
    if PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [""]
    if isinstance(override.value(), Glob):  # options of a group; which ones, only Hydra's loader knows
        return ["*", "**"]
    return list(override.sweep_string_iterator())


def _holds_another(path: Path, overrides: Sequence[str]) -> bool:
    """Whether a folder of that name is there already, and of another job (a sweep without a list)."""
    typed = path / ".hydra" / "overrides.yaml"
    return typed.is_file() and identity(as_typed(OmegaConf.load(typed))) != identity(overrides)


def _key(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _job_folder(overrides: Sequence[str], fixed: Sequence[str], number: int, sweep: str) -> str:
    """The folder that the sweep's list has for a job, else a new name."""
    words = as_typed(overrides)
    return folder_of(sweep, words) or job_folder(words, fixed, number)


# Registered where the sweep's callback is imported: in the main process, and in those that run jobs.
OmegaConf.register_new_resolver("job_folder", _job_folder, replace=True)
