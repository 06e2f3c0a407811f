"""`colourize-study` as a user starts it: from results to tables, files and a plot; damaged results are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from console import run, succeed
from people import answer, write_result

from colourize.errors import InputError
from colourize.runs.tables import read_table
from colourize.study.participants import find_results, read_results

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
        lines = [f"{number},{20 + number % 2},{'' if number else 0.1}" for number in reversed(range(20))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["picture,psnr,mse", *lines]))
    (tmp_path / "few.csv").write_text("picture,psnr\n0,20\n")
    (tmp_path / "deep").write_text("[" * 100_000)
    return tmp_path


def test_from_results_to_tables_and_a_plot(here: Path) -> None:
    outcome = succeed("study", ["results=answers", "measures={cnn: cnn.csv, U-Net seed 0: unet.csv}"], here)
    left_out = "3 participants; left out for fewer than 80 % correct catch trials: 1\n  answers/c.json: 2 of 4"
    assert left_out in outcome.stdout
    folder = outcome.folder
    assert f"Saved in:  {folder.relative_to(here)}" in outcome.stdout
    found = json.loads((folder / "study.json").read_text())
    assert [each["name"] for each in found["participants"]] == ["a", "b", "d"]
    assert [each["file"] for each in found["left_out"]] == ["c.json"]
    # Of the cnn every second picture, of the others every third and fourth.
    rates = {each["model"]: each["rate"] for each in found["rates"]}
    assert rates == pytest.approx({"cnn": 1 / 2, "U-Net seed 0": 1 / 3, "grey": 1 / 4})
    assert [float(row["rate"]) for row in read_table(folder / "study.csv")] == [*rates.values()]
    pictures = read_table(folder / "study_pictures.csv")
    assert len(pictures) == 36 and sum(int(row["fooled"]) for row in pictures) == 3 * (6 + 4 + 3)
    measures = read_table(folder / "study_measures.csv")
    assert {(row["measure"], row["model"]) for row in measures} >= {("psnr", "all models"), ("psnr", "cnn")}
    psnr = next(row for row in measures if (row["measure"], row["model"]) == ("psnr", "cnn"))
    assert float(psnr["auc"]) == pytest.approx(2 / 3) and psnr["count"] == "12"
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
        ("results=deep", 1, "deep: cannot be read as JSON"),
    ],
)
def test_what_is_refused(words: str, code: int, message: str, here: Path) -> None:
    before = sorted(here.rglob("*"))
    outcome = run("study", words.split(), here)
    assert (outcome.code, outcome.stderr.count("\n")) == (code, 1) and message in outcome.stderr
    assert [path for path in sorted(here.rglob("*")) if path.name != "outputs"] == before


ANSWERS = [
    answer(None, 1, False, "practice"),
    *(answer(None, picture, picture == 5, "catch") for picture in (2, 3, 4, 5)),
    answer("cnn", 6, True),
    answer("cnn", 7, False),
]


def test_answers_are_read_from_files_folders_patterns_and_lists(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    files = [write_result(tmp_path / name, "a", ANSWERS) for name in ("a.json", "more/b[1].json", "more/c.json")]
    (one,) = read_results(files)  # a result that lies there twice counts once
    assert list(one.answers) == ANSWERS and [each.fooled for each in one.of_kind("real")] == [True, False]
    assert one.caught == (3, 4) and one.attends(0.75) and not one.attends(0.8)
    assert find_results(str(files[1])) == [files[1]]  # a file's own name is no pattern
    assert find_results(str(tmp_path / "more")) == files[1:]
    assert find_results(str(tmp_path / "**" / "*.json")) == files
    assert find_results([str(tmp_path), str(files[0]), str(tmp_path / "m*" / "c*")]) == [files[0], files[2]]


@pytest.mark.parametrize(
    ("name", "study", "words"),
    [("a", "s", "b.json: participant a gave other answers in"), ("b", "other", "b.json: is of study other, but ")],
)
def test_results_that_contradict_each_other_are_refused(name: str, study: str, words: str, tmp_path: Path) -> None:
    files = [write_result(tmp_path / "a.json", "a", ANSWERS)]
    files.append(write_result(tmp_path / "b.json", name, ANSWERS[:-1], study=study))
    with pytest.raises(InputError, match=words):
        read_results(files)


def trial(**changed: Any) -> list[dict[str, Any]]:
    return [{"kind": "real", "model": "cnn", "picture": 6, "real_side": "left", "answer": "left", **changed}]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"format": "colourize-study-result 2"}, "is no result"),
        ({"study": None}, "study, participant or trials are missing"),
        ({"trials": {}}, "study, participant or trials are missing"),
        ({"trials": [3]}, "trial 1 is damaged; it must be an object"),
        ({"trials": trial(answer="up")}, 'trial 1 is damaged; answer is "up"'),
        ({"trials": trial(kind=None)}, "trial 1 is damaged; kind is null"),
        ({"trials": trial(picture=True)}, "trial 1 is damaged; picture is true"),
        ({"trials": trial(model=None)}, "trial 1 is damaged; model is null"),
        ({"trials": trial(kind="catch")}, "there is no trial of kind real"),
        ({"trials": trial() * 2}, "a picture of a model comes twice"),
    ],
)
def test_damaged_results_are_refused(changed: dict[str, Any], words: str, tmp_path: Path) -> None:
    file = write_result(tmp_path / "a.json", "a", ANSWERS, **changed)
    with pytest.raises(InputError) as error:
        read_results([file])
    assert str(error.value).startswith(f"{file}: ") and words in str(error.value)
