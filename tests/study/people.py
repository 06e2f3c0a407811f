"""Made-up participants: their answers, and the files that a page would have given them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from colourize.study.participants import FORMAT, Answer, Participant

OTHER = {"left": "right", "right": "left"}


def answer(model: str | None, picture: int, fooled: bool, kind: str = "real") -> Answer:
    """The real one stands on the left of every other picture."""
    side = "left" if picture % 2 else "right"
    return Answer(kind, model, picture, side, OTHER[side] if fooled else side)


def participants(count: int, items: Sequence[tuple[str, int]], fooled: Callable[..., bool]) -> list[Participant]:
    """All of them see all items; the arguments of `fooled` are a participant's number, a model and a picture."""
    answers = [tuple(answer(*item, fooled(number, *item)) for item in items) for number in range(count)]
    return [Participant(Path(f"{number}.json"), "s", str(number), each) for number, each in enumerate(answers)]


def write_result(path: Path, name: str, answers: Sequence[Answer], **changed: Any) -> Path:
    """A result as the page writes it."""
    trials = [asdict(each) | {"reaction_ms": 600, "shown_ms": 1000} for each in answers]
    contents = {"format": FORMAT, "study": "s", "participant": name, "seed": 1, "version": 0, "mirrored": False}
    path.write_text(json.dumps({**contents, "trials": trials, **changed}))
    return path
