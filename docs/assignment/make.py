"""The assignment's notebooks, made from the instructor's, and the points of a filled-in one.

    python docs/assignment/make.py                     # build/assignment/student.ipynb and solved.ipynb
    python docs/assignment/make.py check FILE …        # runs filled-in notebooks with all checks, at toy size

`source/colourize/assignment.ipynb` is the one source. It follows nbgrader's conventions, and `student.ipynb` is what
`nbgrader generate_assignment` makes of it; this script does without nbgrader. docs/assignment.md is the guide.
Checking runs the students' code, so do it where it can do no harm.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "source" / "colourize" / "assignment.ipynb"
MADE = Path("build", "assignment")
CODE_STUB, TEXT_STUB = "# YOUR CODE HERE\nraise NotImplementedError()", "YOUR ANSWER HERE"  # nbgrader's own
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?### END SOLUTION", re.MULTILINE | re.DOTALL)
HIDDEN = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"^[ \t]*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\n?", re.MULTILINE)
Notebook = dict[str, Any]


def read(path: Path) -> Notebook:
    """A notebook whose cells' sources are single strings."""
    notebook: Notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    return notebook


def write(notebook: Notebook, path: Path) -> None:
    """A notebook in the usual form, with a list of lines for each cell."""
    cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in notebook["cells"]]
    path.write_text(json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def about(cell: dict[str, Any]) -> dict[str, Any]:
    """What nbgrader knows of a cell: `solution` (to be filled in), `grade` (gives `points`), `locked`, `grade_id`."""
    return dict(cell["metadata"].get("nbgrader", {}))


def student(notebook: Notebook) -> Notebook:
    """The notebook with blanks, and without hidden checks."""
    return _changed(notebook, _blank)


def solved(notebook: Notebook) -> Notebook:
    """The notebook with all answers and all checks."""
    return _changed(notebook, lambda cell: MARK.sub("", cell["source"]).rstrip("\n"))


def _changed(notebook: Notebook, source_of: Any) -> Notebook:
    changed = copy.deepcopy(notebook)
    for cell in changed["cells"]:
        cell["source"] = source_of(cell)
    return changed


def _blank(cell: dict[str, Any]) -> str:
    if about(cell).get("solution") and cell["cell_type"] == "markdown":
        return TEXT_STUB
    blanks = SOLUTION.sub(lambda found: found[1] + CODE_STUB.replace("\n", "\n" + found[1]), cell["source"])
    return HIDDEN.sub("", blanks).rstrip("\n")


def with_checks(filled_in: Notebook, notebook: Notebook) -> Notebook:
    """A student's notebook in which every locked cell is the instructor's again."""
    locked = {about(cell)["grade_id"]: cell["source"] for cell in notebook["cells"] if about(cell).get("locked")}
    return _changed(filled_in, lambda cell: MARK.sub("", locked.get(about(cell).get("grade_id"), cell["source"])))


def run(notebook: Notebook) -> dict[str, str]:
    """Run all code cells in one namespace, as a notebook does; what failed, by the cell's id."""
    failed, names = {}, {"__name__": "__main__"}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        try:
            source = re.sub(r"^([ \t]*)[%!].*$", r"\1pass", cell["source"], flags=re.MULTILINE)  # %pip, !ls
            exec(compile(source, "<cell>", "exec"), names)
        except (Exception, SystemExit) as error:  # `exit()` in a cell ends nothing but the cell
            name = about(cell).get("grade_id", cell.get("id", "a cell"))
            failed[name] = f"{type(error).__name__}: {error}".splitlines()[0]
    return failed


def points(notebook: Notebook, failed: dict[str, str], present: Notebook) -> dict[str, tuple[float, float, float]]:
    """By part, A to F: points of the checks that passed, of all checks, and of the answers that a person reads."""
    there = {about(cell).get("grade_id") for cell in present["cells"]}
    totals: dict[str, list[float]] = {}
    for cell in notebook["cells"]:
        known = about(cell)
        if known.get("grade"):
            part = totals.setdefault(known["grade_id"][0].upper(), [0.0, 0.0, 0.0])
            if known["solution"]:
                part[2] += known["points"]
            else:
                passed = known["grade_id"] in there and known["grade_id"] not in failed
                part[0] += known["points"] * passed
                part[1] += known["points"]
    return {part: (got, checked, read_by) for part, (got, checked, read_by) in totals.items()}


def check(path: Path) -> None:
    """Print the points of a filled-in notebook, and what failed in it."""
    notebook = read(SOURCE)
    filled_in = with_checks(read(path), notebook)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # what the cells print
                failed = run(filled_in)
        finally:
            os.chdir(here)
    found = points(notebook, failed, filled_in)
    print(f"\n{path}")
    for part, (got, checked, read_by) in found.items():
        print(f"  {part}  {got:.2f} of {checked:.2f} by checks, {read_by:.2f} to be read")
    print(f"  all {sum(each[0] for each in found.values()):.2f} of {sum(each[1] for each in found.values()):.2f}")
    for name, message in failed.items():
        print(f"  failed: {name}: {message}")


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["check"] and len(arguments) > 1:
        os.environ.setdefault("ASSIGNMENT_TOY", "1")
        os.environ.setdefault("MPLBACKEND", "agg")
        for name in arguments[1:]:
            try:
                check(Path(name))
            except (OSError, ValueError, KeyError, TypeError) as error:
                print(f"\n{name}\n  is no notebook that can be read: {type(error).__name__}: {error}")
    elif not arguments:
        MADE.mkdir(parents=True, exist_ok=True)
        for name, made in (("student", student(read(SOURCE))), ("solved", solved(read(SOURCE)))):
            write(made, MADE / f"{name}.ipynb")
            print(MADE / f"{name}.ipynb")
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
