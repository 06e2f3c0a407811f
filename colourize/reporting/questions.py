"""The assignment's questions, as the files in `conf/experiment/` ask them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from colourize.configuration import config_dir

COMMAND = "#   colourize-"


@dataclass(frozen=True)
class Question:
    """An experiment that answers a question.

    Attributes:
        name: the experiment's.
        number: in the assignment, such as "C3".
        text: the question, which opens the file as a comment.
        about: what the comment says of the experiment besides.
        measures: what its table shows, the most telling first.
        parts: what its section has besides, see `parts.PARTS`.
    """

    name: str
    number: str
    text: str
    about: str
    measures: list[str]
    parts: list[str]

    @property
    def command(self) -> str:
        """What runs it."""
        return f"colourize-train experiment={self.name}"


def questions(folder: Path | None = None) -> dict[str, Question]:
    """All of them by the experiment's name, in the assignment's order."""
    folder = folder or config_dir() / "experiment"
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        asked: dict[str, Any] = (yaml.safe_load(text) or {}).get("question") or {}
        if asked:
            found[path.stem] = Question(
                path.stem,
                str(asked["number"]),
                *_opening(text),
                [str(each) for each in asked.get("measures", [])],
                [str(each) for each in asked.get("parts", [])],
            )
    return found


def _opening(text: str) -> tuple[str, str]:
    """The comment at the head of a file, without what Hydra reads and without its command: up to its last question
    mark, and after it."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("#") or line.startswith(COMMAND):
            break
        lines.append(line.lstrip("# ").strip())
    question, mark, about = " ".join(lines).rpartition("?")
    return (f"{question}{mark}", about.strip()) if mark else (about, "")
