"""Which checkpoints are compared: those that a file, a pattern or a folder names, each as a candidate."""

from __future__ import annotations

import copy
import glob
import itertools
import logging
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from colourize.checkpoints import read, task_from
from colourize.data.pictures import PictureData
from colourize.errors import InputError, UsageError
from colourize.methods.identity import names, settings_of_checkpoint, settings_of_task
from colourize.models.baselines import Baseline
from colourize.runs.folders import find_runs, natural
from colourize.runs.resuming import PREVIOUS
from colourize.tasks.restoration import RestorationTask, qualified_name

log = logging.getLogger(__name__)

TEMPERATURE = "temperature"  # at which a method is decoded, where that was asked for: among its settings
LONGEST = 150  # letters of a label in a folder's name


@dataclass(eq=False)
class Candidate:
    """A method as it is evaluated once: a checkpoint of one seed, or a baseline.

    Attributes:
        name: the option of the group `model`, or the class' name where no option has it.
        settings: what makes it this method and no other, flat, without the seed.
        seed: of its training; None: it has none.
        path: its checkpoint.
        checkpoint: the contents of that; of a baseline those of the network that it is fitted like; else empty.
        label: how it is called in tables, see `label`.
        folder_name: what its own files are called by, such as `unet+seed-0`; no other candidate's, see `label`.
    """

    name: str
    task: RestorationTask
    settings: dict[str, Any]
    seed: int | None = None
    path: Path | None = None
    checkpoint: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    folder_name: str = ""

    @property
    def is_baseline(self) -> bool:
        """Whether nothing of it is learnt by gradients."""
        return isinstance(self.task.model, Baseline)


def find_checkpoints(asked: Any) -> list[Path]:
    """The checkpoint files that are meant by a file, a run's folder, a sweep's, a pattern, or a list of these.

    Of a run's folder it is the best, else the last, else whichever there is, which the log names; runs that have none
    are counted in the log and passed over.

    Raises:
        InputError: there is no such file, or none in a folder or by a pattern.
    """
    values = list(asked) if isinstance(asked, (list, tuple)) or OmegaConf.is_list(asked) else [asked]
    if not values or any(value is None for value in values):
        raise UsageError(f"checkpoint={asked}: must name a file, a folder of runs, a pattern, or a list of these")
    found = [path for value in values for path in _named_by(str(value))]
    first: dict[Path, Path] = {}
    for path in found:
        first.setdefault(path.resolve(), path)
    return list(first.values())


def _named_by(value: str) -> list[Path]:
    path = Path(value)
    if path.is_dir():
        runs = [run.checkpoints for run in find_runs(path)]
        inside = [_chosen(each) for each in runs if each]
        if not inside:
            raise InputError(f"checkpoint={path}: no run with a checkpoint lies in this folder")
        if len(inside) < len(runs):
            log.warning("checkpoint=%s: %d of %d runs have no checkpoint yet", path, len(runs) - len(inside), len(runs))
        return inside
    if path.exists() or not glob.has_magic(value):
        return [path]  # a missing one is told when it is read
    paths = sorted((Path(each) for each in glob.glob(value, recursive=True) if Path(each).is_file()), key=natural)
    if not paths:
        raise InputError(f"checkpoint={value}: no file is named like this")
    return paths


def _chosen(checkpoints: Mapping[str, Path]) -> Path:
    usual = checkpoints.get("best") or checkpoints.get("last")
    if usual is None:
        usual = min(checkpoints.values(), key=lambda path: path.name == PREVIOUS)
        log.warning("%s: neither best.ckpt nor last.ckpt; %s is taken", usual.parent, usual.name)
    return usual


def from_checkpoint(path: Path, trust: Sequence[str]) -> Candidate:
    """The method of a checkpoint.

    Raises:
        InputError: see `checkpoints.load`.
    """
    checkpoint = read(path, trust)
    task = task_from(checkpoint, path)
    settings = settings_of_checkpoint(path, checkpoint)
    data = checkpoint.get("datamodule_hyper_parameters") or {}
    seed = None if isinstance(task.model, Baseline) else data.get("seed")
    return Candidate(settings["model"], task, settings, seed, path, checkpoint)


def at_temperatures(candidates: Sequence[Candidate], asked: Any) -> list[Candidate]:
    """Each method as it is decoded at each of some temperatures; those that are decoded without one stay as they are.

    Args:
        asked: a temperature, a list of them, or None: each answer's own.

    Raises:
        UsageError: one is not allowed, or none of the methods is decoded with one.
    """
    temperatures = list(asked) if isinstance(asked, (list, tuple)) or OmegaConf.is_list(asked) else [asked]
    if asked is None or not temperatures or not candidates:
        return list(candidates)
    decoded = [each for each in candidates if each.task.answer.annealed_picture is not None]
    for temperature in temperatures:
        (decoded or candidates)[0].task.answer.decode_at(temperature)
    found = [each for each in candidates if each not in decoded]
    for temperature in dict.fromkeys(map(float, temperatures)):
        for each in decoded:
            settings = {**each.settings, TEMPERATURE: temperature}
            found.append(replace(each, task=copy.deepcopy(each.task), settings=settings))
            found[-1].task.answer.decode_at(temperature)
    return found


def from_task(task: RestorationTask, data: PictureData) -> Candidate:
    """A baseline that was fitted here, as a method."""
    settings = settings_of_task(task.hparams, qualified_name(data), data.hparams)
    return Candidate(settings["model"], task, settings)


def label(candidates: Sequence[Candidate]) -> None:
    """Give each method its name, see `identity.names`, and each of its seeds a folder's name that no other has."""
    for each, name in zip(candidates, names([each.settings for each in candidates]), strict=True):
        each.label = name
    seeds = [(each.label, each.seed) for each in candidates]
    for each, own in zip(candidates, seeds, strict=True):
        if seeds.count(own) > 1 and each.path is not None:  # the same settings and seed: two trainings all the same
            each.label = f"{each.label} [{_apart(each, [other for other in candidates if other.name == each.name])}]"
    taken: set[str] = set()
    for each in candidates:
        each.folder_name = _folder_name(each, taken)
        taken.add(each.folder_name)


def _folder_name(candidate: Candidate, taken: Container[str]) -> str:
    """`unet+seed-0`; with a number where letters that no file's name should have were all that told two apart."""
    kept = "".join(letter if letter.isalnum() or letter in "._-=" else "-" for letter in candidate.label)[:LONGEST]
    name = kept if candidate.seed is None else f"{kept}+seed-{candidate.seed}"
    others = (f"{name}+{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], others) if each not in taken)


def _apart(candidate: Candidate, same: Sequence[Candidate]) -> str:
    """As much of the end of a checkpoint's path as no other's ends with."""
    ends = [each.path.resolve().with_suffix("").parts for each in same if each.path is not None]
    own = candidate.path.resolve().with_suffix("").parts if candidate.path else ()
    length = next((n for n in range(1, len(own)) if sum(parts[-n:] == own[-n:] for parts in ends) == 1), len(own))
    return "/".join(own[-length:])
