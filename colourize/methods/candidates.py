"""The methods of an evaluation: each checkpoint that a file, a pattern or a folder names becomes a candidate."""

from __future__ import annotations

import copy
import glob
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from colourize.checkpoints import read, task_from
from colourize.configuration import as_list
from colourize.data.pictures import PictureData
from colourize.errors import InputError, UsageError
from colourize.methods.identity import names, settings_of_checkpoint, settings_of_task
from colourize.models.baselines import Baseline
from colourize.runs.folders import find_runs, natural
from colourize.tasks.restoration import RestorationTask, qualified_name
from colourize.weights.shipped import resolve

log = logging.getLogger(__name__)

TEMPERATURE = "temperature"  # the setting with the temperature at which a method is decoded, if one was chosen
LONGEST = 150  # maximum number of characters of a label in a folder's name


@dataclass(eq=False)
class Candidate:
    """One seed of a method: a checkpoint or a baseline."""

    task: RestorationTask
    settings: dict[str, Any]  # what makes it this method, flat, without the seed
    seed: int | None = None  # the seed of its training; None: it has none
    path: Path | None = None  # its checkpoint
    # The checkpoint's contents; for a baseline, those of the network with whose data it was fitted; else empty.
    checkpoint: dict[str, Any] = field(default_factory=dict)
    label: str = ""  # its name in tables, set by the function `label`
    folder_name: str = ""  # the name of its own folder, such as `unet+seed-0`

    @property
    def name(self) -> str:
        """The option of the group `model`, or the class's name where no option has it."""
        return str(self.settings["model"])

    @property
    def is_baseline(self) -> bool:
        """Whether it is a baseline, in which nothing is learnt by gradients."""
        return isinstance(self.task.model, Baseline)


def find_checkpoints(asked: Any) -> list[Path]:
    """The checkpoints of a file, weights of the package, a run's folder, a sweep's, a pattern, or a list of these.

    A run has its best checkpoint, or else the last, or else any other, which the log names. The log counts runs without
    checkpoints.

    Raises:
        UsageError: nothing is named.
        InputError: a folder or a pattern has none.
    """
    values = as_list(asked)
    if not values or any(value is None for value in values):
        raise UsageError(f"checkpoint={asked}: must name a file, a folder of runs, a pattern, or a list of these")
    found: dict[Path, Path] = {}
    for value in values:
        for path in _named_by(str(value)):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _named_by(value: str) -> list[Path]:
    path = resolve(value)
    if path.is_dir():
        runs = find_runs(path)
        found = [each for run in runs if (each := run.checkpoint) is not None]
        if not found:
            raise InputError(f"checkpoint={path}: no run with a checkpoint lies in this folder")
        if len(found) < len(runs):
            lacking = len(runs) - len(found)
            log.warning("checkpoint=%s: %d of %d runs have no checkpoint yet", path, lacking, len(runs))
        for each in found:
            if each.stem not in ("best", "last"):
                log.warning("%s: neither best.ckpt nor last.ckpt; %s is taken", each.parent, each.name)
        return found
    if path.exists() or not glob.has_magic(value):
        return [path]  # reading it reports that it is missing
    paths = sorted((Path(each) for each in glob.glob(value, recursive=True) if Path(each).is_file()), key=natural)
    if not paths:
        raise InputError(f"checkpoint={value}: no file is named like this")
    return paths


def from_checkpoint(path: Path, trust: Sequence[str]) -> Candidate:
    """The candidate of a checkpoint.

    Raises:
        InputError: see `checkpoints.load`.
    """
    checkpoint = read(path, trust)
    task = task_from(checkpoint, path)
    settings = settings_of_checkpoint(path, checkpoint)
    data = checkpoint.get("datamodule_hyper_parameters") or {}
    seed = None if isinstance(task.model, Baseline) else data.get("seed")
    return Candidate(task, settings, seed, path, checkpoint)


def at_temperatures(candidates: Sequence[Candidate], asked: Any) -> list[Candidate]:
    """One candidate for each method and temperature; methods that are decoded without a temperature stay as they are.

    Args:
        asked: a temperature, a list of them, or None for each answer's own.

    Raises:
        UsageError: a temperature is not allowed, or no method is decoded with one.
    """
    temperatures = as_list(asked)
    if asked is None or not temperatures or not candidates:
        return list(candidates)
    if None in temperatures:
        raise UsageError(f"temperature={asked}: must be null alone, or a list of numbers")
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


def from_task(task: RestorationTask, data: PictureData, checkpoint: dict[str, Any] | None = None) -> Candidate:
    """The candidate of a baseline that was fitted here, perhaps to the data of a network's checkpoint."""
    settings = settings_of_task(task.hparams, qualified_name(data), data.hparams)
    return Candidate(task, settings, checkpoint=checkpoint or {})


def label(candidates: Sequence[Candidate]) -> None:
    """Set each candidate's `label`, see `identity.names`, and its unique `folder_name`."""
    for each, name in zip(candidates, names([each.settings for each in candidates]), strict=True):
        each.label = name
    seeds = [(each.label, each.seed) for each in candidates]
    for each, own in zip(candidates, seeds, strict=True):
        if seeds.count(own) > 1 and each.path is not None:  # trainings with the same settings and seed
            same = [other.path for other in candidates if other.name == each.name and other.path is not None]
            parts, *ends = (path.resolve().with_suffix("").parts for path in (each.path, *same))
            is_alone = [sum(end[-n:] == parts[-n:] for end in ends) == 1 for n in range(1, len(parts))]
            length = [*is_alone, True].index(True) + 1  # the shortest unique end of its path
            each.label += f" [{'/'.join(parts[-length:])}]"
    taken: set[str] = set()
    for each in candidates:
        name = "".join(letter if letter.isalnum() or letter in "._-=" else "-" for letter in each.label)[:LONGEST]
        name += "" if each.seed is None else f"+seed-{each.seed}"
        names_of = itertools.chain([name], (f"{name}+{number}" for number in itertools.count(2)))
        each.folder_name = next(text for text in names_of if text not in taken)
        taken.add(each.folder_name)
