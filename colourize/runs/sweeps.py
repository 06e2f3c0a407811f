"""`sweep.json`: the list of jobs in a sweep's folder, so that the same command continues where the sweep stopped.

A job is identified by its overrides, in any order, and keeps its folder when the command is typed again. New jobs are
added at the end; none is renumbered or renamed. A job's folder is named after the keys that vary, such as
`model-cnn+seed-0`; Hydra's grammar accepts such names without quotes. Finished jobs are skipped by
`resuming.continue_or_skip_job`.
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
from omegaconf import OmegaConf

from colourize.errors import InputError, UsageError
from colourize.files import write_json
from colourize.runs.method_settings import DISPLAY, is_one_of

FILE, MULTIRUN = "sweep.json", "multirun.yaml"  # our list of jobs, and Hydra's record of the sweep
# Overrides of these keys do not make another job.
FREE = (*DISPLAY, "launcher", "overwrite", "hydra")

LONGEST = 120  # characters; file systems allow 255, but file names in the folder may be longer
UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
PLAIN = re.compile(r"[\w./:+@%-]+", re.ASCII)  # texts that Hydra's grammar and a shell accept without quotes


def check_jobs(folder: str | Path, asked: Sequence[Sequence[str]]) -> None:
    """Raise a UsageError if the folder belongs to a run, or there are no jobs."""
    if any((Path(folder) / name).is_file() for name in ("run.json", "metrics.json")) and not is_sweep(folder):
        raise UsageError(f"hydra.sweep.dir={folder}: holds a run; name another folder")
    if not asked:
        raise UsageError("a sweep of no jobs; every key needs at least one value")


def plan(folder: str | Path, asked: Sequence[Sequence[str]], fixed: Sequence[str]) -> None:
    """Add jobs (lists of overrides) to the list in a sweep's folder; folders' names leave out the `fixed` keys."""
    folder = Path(folder)
    jobs = read(folder)
    known = {identity(job["overrides"]) for job in jobs}
    taken = {job["folder"] for job in jobs}
    for overrides in asked:
        if identity(overrides) in known:
            continue
        name = job_folder(overrides, fixed, len(jobs))
        if name in taken or _holds_another(folder / name, overrides):
            name = f"{name}_{_digest(sorted(overrides))}"
        jobs.append({"folder": name, "overrides": list(overrides)})
        taken.add(name)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FILE, {"jobs": jobs})


def read(folder: str | Path) -> list[dict[str, Any]]:
    """The jobs in a sweep's list, with "folder" and "overrides"; empty without a list, an InputError if damaged."""
    path = Path(folder) / FILE
    try:
        jobs = json.loads(path.read_text(encoding="utf-8"))["jobs"]
        return [{"folder": str(job["folder"]), "overrides": [str(each) for each in job["overrides"]]} for job in jobs]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a sweep's list of jobs ({type(error).__name__}); delete it") from error


def folder_of(folder: str | Path, overrides: Iterable[str]) -> str | None:
    """The folder of a job within the sweep's; None for an unknown job."""
    asked = identity(overrides)
    return next((job["folder"] for job in read(folder) if identity(job["overrides"]) == asked), None)


def identity(overrides: Iterable[str]) -> frozenset[str]:
    """The overrides that distinguish a job from all other jobs."""
    return frozenset(each for each in overrides if not is_one_of(key_of(each), FREE))


def key_of(override: str) -> str:
    """The key of an override: "trainer.max_time" for "+trainer.max_time=1"."""
    return override.lstrip("+~").partition("=")[0]


def pairs(overrides: Iterable[str]) -> dict[str, str]:
    """The values of overrides by their keys; of a repeated key, the last one."""
    return {key_of(each): each.partition("=")[2] for each in overrides if "=" in each}


def arguments(folder: str | Path) -> list[str]:
    """The arguments that launch a sweep again in its own folder; an InputError if the folder has no sweep."""
    try:
        overrides = OmegaConf.load(Path(folder) / MULTIRUN).hydra.overrides
        words = [*as_typed(overrides.task), *as_typed(overrides.hydra)]
    except Exception as error:
        raise InputError(f"resume={folder}: holds neither a run nor a sweep that could be resumed") from error
    inherited = ("hydra.mode=", "hydra.sweep.dir=", "hydra.job.config.override_dirname.exclude_keys=")
    return ["-m", *(word for word in words if not word.startswith(inherited))]


def as_typed(overrides: Any = None) -> list[str]:
    """Overrides, by default this run's, with references unresolved, as they have a value in their own run only."""
    if overrides is None:
        overrides = HydraConfig.get().overrides.task if HydraConfig.initialized() else OmegaConf.create([])
    words: Any = OmegaConf.to_container(overrides, resolve=False)
    return [str(word) for word in words]


def is_sweep(folder: str | Path) -> bool:
    """Whether a folder is a sweep's."""
    return os.path.isfile(os.path.join(folder, MULTIRUN))


def job_folder(overrides: Sequence[str], fixed: Sequence[str], number: int) -> str:
    """The name of a job's folder: the last part of each key that varies, and its value; else the job's number."""
    varied = {key: value for key, value in pairs(overrides).items() if key not in fixed}
    last_parts = [key.rpartition(".")[2] for key in varied]
    parts = [
        f"{key if last_parts.count(last) > 1 else last}-{value}"
        for (key, value), last in zip(varied.items(), last_parts, strict=True)
    ]
    safe = "+".join(UNSAFE.sub("_", part).strip("_") for part in parts)
    if safe != "+".join(parts) or len(safe) > LONGEST:  # several values may have the same safe name
        safe = f"{safe[:LONGEST]}_{_digest(['+'.join(parts)])}"
    return safe or str(number)


def quoted(text: str) -> str:
    """A text in Hydra's grammar."""
    if PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _digest(texts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(texts).encode(), digest_size=4).hexdigest()


def _holds_another(path: Path, overrides: Sequence[str]) -> bool:
    """Whether the folder exists already and has another job, from a sweep without a list."""
    typed = path / ".hydra" / "overrides.yaml"
    return typed.is_file() and identity(as_typed(OmegaConf.load(typed))) != identity(overrides)


def _job_folder(overrides: Sequence[str], fixed: Sequence[str], number: int, sweep: str) -> str:
    words = as_typed(overrides)
    return folder_of(sweep, words) or job_folder(words, fixed, number)


# Registered when the sweep's callback is imported, in the main process and in those that run jobs.
OmegaConf.register_new_resolver("job_folder", _job_folder, replace=True)
