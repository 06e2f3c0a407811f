"""docs/assignment/: the instructor's notebook gives a student's with blanks; the checks fail these and pass answers."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "assignment"
POINTS = {"A": 2.0, "B": 2.0, "C": 3.0, "D": 1.0, "E": 2.0, "F": 2.0}  # the handout's
COUNTS = {"A": 5, "B": 2, "C": 3, "D": 2, "E": 3, "F": 4}
Notebook = dict[str, Any]


MAKE = SimpleNamespace(**runpy.run_path(str(FOLDER / "make.py")))
INSTRUCTORS: Notebook = MAKE.read(MAKE.SOURCE)
CHECKS = {name for cell in INSTRUCTORS["cells"] if (name := MAKE.about(cell).get("grade_id"))
          and MAKE.about(cell)["grade"] and MAKE.about(cell)["locked"]}  # fmt: skip


def without_trainings(notebook: Notebook) -> Notebook:
    """What the checks need: the cells that nbgrader knows, and the settings."""
    cells = [cell for cell in notebook["cells"] if MAKE.about(cell) or cell["id"] == "settings"]
    return {**notebook, "cells": cells}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder of its own, toy sizes, and no windows."""
    from hydra.core.global_hydra import GlobalHydra

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSIGNMENT_TOY", "1")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("COLOURIZE_DATA", str(tmp_path / "data"))
    GlobalHydra.instance().clear()
    yield


def test_the_source_is_a_stripped_notebook_in_nbgraders_conventions() -> None:
    assert (INSTRUCTORS["nbformat"], INSTRUCTORS["nbformat_minor"]) == (4, 5)
    names = [cell["id"] for cell in INSTRUCTORS["cells"]]
    assert len(set(names)) == len(names)
    for cell in INSTRUCTORS["cells"]:
        known = MAKE.about(cell)
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            ast.parse(cell["source"])  # no magics
            assert len(cell["source"].splitlines()) <= 32, cell["id"]
        if known:
            assert known["grade_id"] == cell["id"] and known["schema_version"] == 3 and known["task"] is False
            assert known["locked"] is not known["solution"]
            assert ("points" in known) is known["grade"]
        assert ("### BEGIN SOLUTION" in cell["source"]) <= bool(known.get("solution"))
        assert ("### BEGIN HIDDEN TESTS" in cell["source"]) <= (cell["id"] in CHECKS)


def test_every_question_of_the_handout_is_asked_with_its_points() -> None:
    headings = "\n".join(cell["source"] for cell in INSTRUCTORS["cells"] if cell["cell_type"] == "markdown")
    asked = re.findall(r"^### ([A-F]\d)\. .*\(([\d.]+) points\)$", headings, re.MULTILINE)
    assert list(dict.fromkeys(name for name, _ in asked)) == [
        f"{part}{number}" for part, count in COUNTS.items() for number in range(1, count + 1)
    ]
    told = {part: sum(float(number) for name, number in asked if name[0] == part) for part in POINTS}
    of_parts = re.findall(r"^## ([A-F])\. .*\((\d) points?\)$", headings, re.MULTILINE)
    given = MAKE.points(INSTRUCTORS, {}, INSTRUCTORS)
    graded = {part: checked + read_by for part, (_, checked, read_by) in given.items()}
    assert told == graded == {part: float(number) for part, number in of_parts} == POINTS


def test_the_students_version_has_blanks_and_nothing_hidden() -> None:
    student = MAKE.student(INSTRUCTORS)
    assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN)", str(student))
    blanks = [cell for cell in student["cells"] if MAKE.about(cell).get("solution")]
    assert len(blanks) >= 20 and all("YOUR " in cell["source"] for cell in blanks)
    assert sum(cell["source"].count("raise NotImplementedError()") for cell in blanks) == 15
    for cell, full in zip(student["cells"], INSTRUCTORS["cells"], strict=True):
        if cell["cell_type"] == "code":
            ast.parse(cell["source"])
        if not MAKE.about(cell).get("solution") and cell["id"] not in CHECKS:
            assert cell["source"] == full["source"]


def test_blanks_fail_every_check(toy: None) -> None:
    failed = MAKE.run(without_trainings(MAKE.with_checks(MAKE.student(INSTRUCTORS), INSTRUCTORS)))
    assert failed.keys() >= CHECKS


def test_answers_pass_and_a_wrong_one_loses_its_points(toy: None) -> None:
    """The student's notebook filled in; then a U-Net that forgets a skip, and a check made easier by the student."""
    answers = {cell["id"]: cell["source"] for cell in MAKE.solved(INSTRUCTORS)["cells"]}
    filled_in = MAKE.student(INSTRUCTORS)
    for cell in filled_in["cells"]:
        if MAKE.about(cell).get("solution"):
            cell["source"] = answers[cell["id"]]
    assert MAKE.run(without_trainings(MAKE.with_checks(filled_in, INSTRUCTORS))) == {}

    for cell in filled_in["cells"]:
        if cell["id"] == "c1-unet-code":
            cell["source"] = cell["source"].replace("skip(up2, inputs)", "skip(up2, torch.zeros_like(inputs))")
        if cell["id"] == "c1-unet-check":
            cell["source"] = "pass"
    checked = MAKE.with_checks(filled_in, INSTRUCTORS)
    failed = MAKE.run(without_trainings(checked))
    assert list(failed) == ["c1-unet-check"]
    assert MAKE.points(INSTRUCTORS, failed, checked)["C"] == (0.75, 1.5, 1.5)


def test_a_cell_that_exits_and_a_file_that_is_no_notebook_do_not_end_the_checks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [{"cell_type": "code", "metadata": {}, "id": name, "source": name} for name in ("exit()", "1 / 0")]
    assert list(MAKE.run({"cells": cells})) == ["exit()", "1 / 0"]
    (tmp_path / "torn.ipynb").write_text("{")
    monkeypatch.setenv("ASSIGNMENT_TOY", "1")
    monkeypatch.setenv("MPLBACKEND", "agg")
    MAKE.main(["check", str(tmp_path / "torn.ipynb"), str(tmp_path / "lost.ipynb")])
    assert capsys.readouterr().out.count("is no notebook that can be read") == 2


@pytest.mark.slow
def test_every_cell_runs(toy: None, tmp_path: Path) -> None:
    assert MAKE.run(MAKE.solved(INSTRUCTORS)) == {}
    assert {each.name for each in tmp_path.iterdir()} <= {"assignment", "data"}
