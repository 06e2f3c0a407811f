"""The assignment's questions, from the files in `conf/experiment/`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile

import yaml

from colourize.configuration import config_dir

OF_ASSIGNMENT = re.compile(r"[a-f]\d?_")  # the beginning of the names of the assignment's experiments


@dataclass(frozen=True)
class Question:
    """An experiment that answers a question."""

    name: str  # the experiment's name
    number: str  # the question's number in the assignment, such as "C3"
    text: str  # the question, from the comment at the top of the file
    about: str  # the rest of that comment
    measures: list[str]  # the columns of its table, the most important first
    parts: list[str]  # further parts of its section, see `parts.PARTS`
    reference: str = ""  # the baseline that the answer names, for each task; "": the best of the usual ones
    compares: bool = True  # whether the answer compares the networks

    @property
    def command(self) -> str:
        """The command that runs the experiment."""
        return f"colourize-train experiment={self.name}"


def questions() -> dict[str, Question]:
    """All questions by the experiment's name: the assignment's in its order, then the others."""
    found = {}
    files = (config_dir() / "experiment").glob("*.yaml")
    for path in sorted(files, key=lambda path: (not OF_ASSIGNMENT.match(path.stem), path.stem)):
        text = path.read_text(encoding="utf-8")
        asked = (yaml.safe_load(text) or {}).get("question")
        if asked:
            comment = takewhile(lambda line: line.startswith("#"), text.splitlines())
            lines = [line.lstrip("# ") for line in comment if not line.startswith(("# @package", "#   colourize-"))]
            question, _, about = " ".join(lines).rpartition("?")
            measures, parts = (list(map(str, asked.get(key, []))) for key in ("measures", "parts"))
            found[path.stem] = Question(
                path.stem, str(asked["number"]), f"{question}?", about.strip(), measures, parts,
                str(asked.get("reference", "")), bool(asked.get("compares", True)),
            )  # fmt: skip
    return found
