"""`colourize-study` as a user starts it: from results to tables, files and a plot; and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from console import run, succeed
from people import answer, write_result

from colourize.runs.tables import read_table

MODELS = ("cnn", "U-Net seed 0", "grey")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Four results, of which c fails half of the catch trials, and measures of two models."""
    (tmp_path / "answers").mkdir()
    for number, name in enumerate("abcd"):
        catches = [answer(None, 90 + place, name == "c" and place < 2, "catch") for place in range(4)]
        reals = [
            answer(model, picture, (picture + number) % (2 + place) == 0)
            for place, model in enumerate(MODELS)
            for picture in range(12)
        ]
        write_result(tmp_path / "answers" / f"{name}.json", name, [*catches, *reals])
    for name in ("cnn", "unet"):
        lines = [f"{number},{20 + number % 5},{'' if number else 0.1}" for number in range(20)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["picture,psnr,mse", *lines]))
    (tmp_path / "few.csv").write_text("picture,psnr\n0,20\n")
    return tmp_path


def test_from_results_to_tables_and_a_plot(here: Path) -> None:
    outcome = succeed("study", ["results=answers", "measures={cnn: cnn.csv, U-Net seed 0: unet.csv}"], here)
    assert (
        "3 participants; left out for fewer than 80 % correct catch trials: 1\n  answers/c.json: 2 of 4"
        in outcome.stdout
    )
    folder = outcome.folder
    assert f"Saved in:  {folder.relative_to(here)}" in outcome.stdout
    found = json.loads((folder / "study.json").read_text())
    assert [each["name"] for each in found["participants"]] == ["a", "b", "d"]
    assert [each["file"] for each in found["left_out"]] == ["c.json"]
    # Of the cnn every second picture, of the others every third and fourth.
    assert {each["model"]: each["rate"] for each in found["rates"]} == pytest.approx(
        {"cnn": 1 / 2, "U-Net seed 0": 1 / 3, "grey": 1 / 4}
    )
    assert [float(row["rate"]) for row in read_table(folder / "study.csv")] == [each["rate"] for each in found["rates"]]
    pictures = read_table(folder / "study_pictures.csv")
    assert len(pictures) == 36 and sum(int(row["fooled"]) for row in pictures) == 3 * (6 + 4 + 3)
    measures = read_table(folder / "study_measures.csv")
    assert {(row["measure"], row["model"]) for row in measures} >= {("psnr", "all models"), ("psnr", "cnn")}
    mse = next(row for row in measures if row["measure"] == "mse")
    assert (mse["count"], mse["spearman"]) == ("2", "")  # picture 0 of two models has a value: too few to say anything
    assert (folder / "study.png").stat().st_size > 1000 and "<svg" in (folder / "study.svg").read_text()


def test_without_measures_and_with_another_threshold(here: Path) -> None:
    words = ["results=[answers/a.json,answers/c*.json]", "catch_correct=0.5", "output_dir=found/mine"]
    outcome = succeed("study", words, here)
    assert "2 participants; left out for fewer than 50 % correct catch trials: none" in outcome.stdout
    assert "measure" not in outcome.stdout
    written = {path.name for path in (here / "found" / "mine").iterdir()}
    assert written == {"study.csv", "study.json", "study.png", "study.svg", "study_pictures.csv"}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("", 2, "results: give files"),
        ("results=nowhere", 1, "nowhere: there is no such file"),
        ("results=answers catch_correct=80", 2, "catch_correct=80: must be a share"),
        ("results=answers seed=-1", 2, "seed=-1: must be"),
        ("results=answers measures={cnn:none.csv}", 1, "none.csv: there is no such file"),
        ("results=answers measures={cnn:few.csv}", 1, "few.csv: has no picture 1, which the study showed"),
        ("results=answers measures={vgg:cnn.csv}", 2, "measures.vgg: the study has no such model"),
        ("results=answers measures={cnn:[cnn.csv]}", 2, "measures: must be a file for each model"),
        ("results=answers/c.json", 1, "results: nobody is left"),
        ("results=cnn.csv", 1, "cnn.csv: cannot be read as JSON"),
    ],
)
def test_what_is_refused(words: str, code: int, message: str, here: Path) -> None:
    before = sorted(here.rglob("*"))
    outcome = run("study", words.split(), here)
    assert (outcome.code, outcome.stderr.count("\n")) == (code, 1) and message in outcome.stderr
    assert [path for path in sorted(here.rglob("*")) if path.name != "outputs"] == before
