"""docs/assignment.ipynb: every cell runs, in order, on a few drawn horses; it is stripped, and asks every question."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from PIL import Image

NOTEBOOK = json.loads((Path(__file__).parents[1] / "docs" / "assignment.ipynb").read_text(encoding="utf-8"))
CODE = {cell["id"]: "".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"}
PARAMETERS = "parameters"  # the first code cell, whose values are these here:
TOY = {"EPOCHS": 1, "PICTURES": 24, "TESTED": 4, "BATCH": 8, "SHOWN": 2, "LARGE": 64}
COUNTS = {"A": 5, "B": 2, "C": 3, "D": 2, "E": 3, "F": 4}
QUESTIONS = [f"{part}{number}" for part, count in COUNTS.items() for number in range(1, count + 1)]


def test_it_is_stripped_and_a_notebook_of_version_4():
    assert NOTEBOOK["nbformat"] == 4
    assert set(NOTEBOOK["metadata"]) == {"kernelspec", "language_info"}
    for cell in NOTEBOOK["cells"]:
        code = {"execution_count": None, "outputs": []} if cell["cell_type"] == "code" else {}
        assert {key: cell[key] for key in cell if key not in ("id", "source", "cell_type")} == {"metadata": {}, **code}


def test_every_question_has_a_heading_and_code_in_the_assignments_order():
    asked: list[str] = []
    coded: set[str] = set()
    for cell in NOTEBOOK["cells"]:
        if cell["cell_type"] == "markdown":
            asked += re.findall(r"^### ([A-F]\d)\. \S", "".join(cell["source"]), re.MULTILINE)
        elif asked:
            coded.add(asked[-1])
    assert asked == QUESTIONS
    assert coded == set(QUESTIONS)


def test_cells_are_short_and_plain_python():
    assert next(iter(CODE)) == PARAMETERS
    assert [line for line in CODE[PARAMETERS].splitlines() if "%pip" in line] == CODE[PARAMETERS].splitlines()[:1]
    for name, source in CODE.items():
        ast.parse(source)  # no magics
        assert len(source.splitlines()) <= 16, name


def run(source: str, names: dict[str, Any]) -> Any:
    """A cell as a notebook runs it: the value of its last expression, unless a semicolon hides it."""
    *body, last = ast.parse(source).body
    if not isinstance(last, ast.Expr) or source.rstrip().endswith(";"):
        return exec(source, names)
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)


@pytest.fixture
def shown(tmp_path, monkeypatch):
    """Run the notebook at toy size in the test's folder: what each cell shows, a value or a plot's number of axes."""
    from hydra.core.global_hydra import GlobalHydra

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLOURIZE_DATA", str(tmp_path / "data"))
    matplotlib.use("Agg")
    GlobalHydra.instance().clear()

    def run_all() -> dict[str, Any]:
        from matplotlib import pyplot as plt

        names: dict[str, Any] = {}
        values = {}
        for name, source in CODE.items():
            values[name] = run(source, names)
            if name == PARAMETERS:
                assert set(TOY) <= set(names)
                names.update(TOY)
            if plt.get_fignums():
                values[name] = plt.gcf()
                plt.close("all")
        return values

    return run_all


@pytest.mark.slow
def test_every_cell_runs(shown, tmp_path):
    values = shown()
    assert {"assignment-notebook", "data"} >= {each.name for each in tmp_path.iterdir()}
    for name, value in values.items():
        if isinstance(value, Image.Image):
            assert len(value.convert("RGB").getcolors(2**24) or ()) > 20, name
    pictures = {name for name, value in values.items() if isinstance(value, Image.Image)}
    plots = {name for name, value in values.items() if isinstance(value, matplotlib.figure.Figure)}
    # Each question shows something to look at.
    texts = {name for name, value in values.items() if isinstance(value, str)}
    assert {name[:2].upper() for name in pictures | plots | texts} >= set(QUESTIONS) - {"B1", "D1"}
    assert values["a1-diagram"]._repr_svg_().startswith("<svg")
    assert values["a1-table"]._repr_markdown_().count("Conv2d") == 6
    assert [line.split(" | ")[0].strip("| ") for line in values["c3-compare"].splitlines()[2:]] == [
        "batches of 2", "batches of 8", "batches of 16",
    ]  # fmt: skip
