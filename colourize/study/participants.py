"""Reads and checks the participants' answers, JSON files that a study's page writes."""

from __future__ import annotations

import glob
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colourize.configuration import as_list
from colourize.errors import InputError, UsageError, one_line
from colourize.study.trials import CATCH, KINDS, REAL, SIDES, Trial

FORMAT = "colourize-study-result 1"


@dataclass(frozen=True)
class Answer(Trial):
    """A trial, and the chosen side, whose picture was taken for the real one."""

    answer: str

    @property
    def fooled(self) -> bool:
        """Whether the model's picture was taken for the real one."""
        return self.answer != self.real_side


@dataclass(frozen=True)
class Participant:
    """One participant's answers, and their file."""

    file: Path
    study: str
    name: str
    answers: tuple[Answer, ...]

    def of_kind(self, kind: str) -> list[Answer]:
        return [answer for answer in self.answers if answer.kind == kind]

    @property
    def caught(self) -> tuple[int, int]:
        """The number of correct catch trials, and of all catch trials."""
        catches = self.of_kind(CATCH)
        return sum(not answer.fooled for answer in catches), len(catches)

    def attends(self, least: float) -> bool:
        """Whether at least this share of the catch trials is correct."""
        correct, count = self.caught
        return correct >= least * count - 1e-9  # 0.07 * 100 is a little more than 7


def find_results(asked: object) -> list[Path]:
    """The files of a path, a folder (all its .json) or a glob pattern, or of a list of these.

    Raises:
        UsageError: the argument has something other than paths.
        InputError: there is no such file.
    """
    values = as_list(asked)
    if not values or not all(isinstance(each, str) for each in values):
        example = "results=answers or 'results=[a.json,b.json]'"
        raise UsageError(f"results: give files, folders or patterns, such as {example}")
    found: list[Path] = []
    for each in values:
        path = Path(each).expanduser()
        pattern = glob.escape(str(path)) + "/*.json" if path.is_dir() else str(path)
        files = [path] if path.is_file() else [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
        if not files:
            raise InputError(f"{each}: there is no such file, and no folder with .json files")
        found += files
    return list(dict.fromkeys(found))


def read_results(files: Sequence[Path]) -> list[Participant]:
    """The participants of one study; a participant with two copies of the result counts once.

    Raises:
        InputError: a file is damaged or not a result, or results are from different pages.
    """
    participants: dict[str, Participant] = {}
    for file in files:
        new = _read(file)
        first = next(iter(participants.values()), new)
        if new.study != first.study:
            other = f"{first.file} of {first.study}"
            raise InputError(f"{file}: is of study {new.study}, but {other}; analyse each page by itself")
        same = participants.setdefault(new.name, new)
        if same.answers != new.answers:
            raise InputError(f"{file}: participant {new.name} gave other answers in {same.file}")
    return list(participants.values())


def _read(file: Path) -> Participant:
    try:
        contents = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: cannot be read as JSON: {one_line(error)}") from error
    if not isinstance(contents, dict) or contents.get("format") != FORMAT:
        raise InputError(f'{file}: is no result of a study\'s page ("format" must be "{FORMAT}")')
    study, name, trials = (contents.get(key) for key in ("study", "participant", "trials"))
    if not isinstance(study, str) or not isinstance(name, str) or not isinstance(trials, list):
        raise InputError(f"{file}: is damaged; study, participant or trials are missing")
    answers = tuple(_answer(file, number, trial) for number, trial in enumerate(trials, 1))
    asked = [(answer.model, answer.picture) for answer in answers if answer.kind == REAL]
    if not asked:
        raise InputError(f"{file}: is damaged; there is no trial of kind {REAL}")
    if len(set(asked)) < len(asked):
        raise InputError(f"{file}: is damaged; a picture of a model comes twice")
    return Participant(file, study, name, answers)


def _answer(file: Path, number: int, trial: Any) -> Answer:
    """A trial with its answer, after checking each of its values."""
    if not isinstance(trial, dict):
        raise InputError(f"{file}: trial {number} is damaged; it must be an object")
    known: dict[str, Any] = {key: trial.get(key) for key in ("kind", "model", "picture", "real_side", "answer")}
    kind, model, picture, side, answer = known.values()
    right = {
        "kind": kind in KINDS,
        "model": isinstance(model, str) or (model is None and kind != REAL),
        "picture": type(picture) is int and picture >= 0,
        "real_side": side in SIDES,
        "answer": answer in SIDES,
    }
    for key, is_right in right.items():
        if not is_right:
            raise InputError(f"{file}: trial {number} is damaged; {key} is {one_line(json.dumps(known[key]))}")
    return Answer(**known)
