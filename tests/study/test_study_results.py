"""Results are read as they are, and refused where they are damaged, foreign or of another page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from people import answer, write_result

from colourize.errors import InputError
from colourize.study.participants import find_results, read_results

ANSWERS = [
    answer(None, 1, False, "practice"),
    *(answer(None, picture, picture == 5, "catch") for picture in (2, 3, 4, 5)),
    answer("cnn", 6, True),
    answer("cnn", 7, False),
]


def test_answers_are_read(tmp_path: Path) -> None:
    files = [write_result(tmp_path / name, "a", ANSWERS) for name in ("a.json", "a (1).json")]
    (one,) = read_results(files)  # a result that lies there twice counts once
    assert list(one.answers) == ANSWERS
    assert [each.fooled for each in one.of_kind("real")] == [True, False]
    assert one.caught == (3, 4) and one.attends(0.75) and not one.attends(0.8)


def test_files_folders_patterns_and_lists(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    files = [write_result(tmp_path / name, name, ANSWERS) for name in ("a.json", "more/b[1].json", "more/c.json")]
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


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"[" * 100_000, "\ud83d".encode("utf-8", "surrogatepass"), b"null"])
def test_files_that_are_no_results_at_all(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(InputError, match=r"a\.json: (cannot be read as JSON|is no result)"):
        read_results([tmp_path / "a.json"])
