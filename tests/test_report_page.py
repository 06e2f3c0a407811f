"""`colourize-report` as a user runs it: one page with all that it needs, whatever lies in the folders."""

from __future__ import annotations

import errno
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import title_of
from console import succeed
from made_up_runs import write_run, write_sweep

from colourize.errors import InputError
from colourize.figures.saving import panels_of
from colourize.report import EXPERIMENTS, logged_above, positional, run_experiments
from colourize.reporting.picture_sheets import keep_up_to_date
from colourize.reporting.questions import questions
from colourize.runs.folders import Run

PROBE = """addEventListener("load", () => setTimeout(() => { document.title = JSON.stringify({
  broken: [...document.images].filter(image => !(image.complete && image.naturalWidth)).length,
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  fetched: performance.getEntriesByType("resource").filter(each => !each.name.startsWith("data:")).length,
  headings: [...document.querySelectorAll("main h2")].map(each => each.textContent),
  figures: [...document.querySelectorAll("main section")].map(
    each => each.querySelectorAll("figure svg, figure img").length),
  cut: [...document.querySelectorAll(".panels")].filter(each => each.scrollWidth > each.clientWidth).length,
  smallest: Math.min(99, ...[...document.querySelectorAll(".panels text")].map(each => {
    const matrix = each.getScreenCTM();
    return parseFloat(getComputedStyle(each).fontSize) * Math.hypot(matrix.a, matrix.b); })),
  unnamed: document.querySelectorAll("figure svg:not([aria-label]), img:not([alt])").length,
  twice: [...document.querySelectorAll("[id]")].map(each => each.id).filter(
    (id, place, all) => all.indexOf(id) < place).length,
}); }, 50));"""


def check_in_a_browser(page: Path) -> dict[str, Any]:
    """The page needs nothing else; on wide and narrow screens it is not scrolled, and its letters can be read."""
    for width in (1280, 400):
        seen, console = title_of(page, PROBE, "--virtual-time-budget=20000", f"--window-size={width},900")
        assert console == [] and [seen[key] for key in ("broken", "unnamed", "twice", "fetched", "wide")] == [0] * 5
        assert seen["cut"] == 0 and seen["smallest"] >= 9
    return dict(seen)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The report of a made-up sweep and a broken folder."""
    write_sweep(tmp_path / "multirun" / "mine")
    (tmp_path / "multirun" / "broken" / ".hydra").mkdir(parents=True)
    (tmp_path / "multirun" / "broken" / "run.json").write_text("{")
    outcome = succeed("report", ["questions=false"], tmp_path)
    assert "Report:  report/report.html" in outcome.stdout
    return tmp_path / "report" / "report.html"


def report(folder: Path, *words: str) -> str:
    """The page of a report without questions and without the page to paint on."""
    succeed("report", positional([*words, "questions=false", "paint=false"]), folder)
    return (folder / "report" / "report.html").read_text(encoding="utf-8")


def test_a_sweep_has_tables_plots_and_a_finding(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for words in (
        "CNN (filters 32, learning rate 0.1)",
        "grey look-up table °",
        "<b>Answer.</b> Of 2 settings 2 clearly change the MSE: learning rate most (0.1 in place of 0.001: +4.17, 95 %",
        "By MSE the best is CNN (filters 16, learning rate 0.001), 3.11: 1.60 (95 % interval ",
        "A dot is the mean of a method, and the broad bar is its 95 % interval over the test pictures; the thin bar is "
        "± the standard deviation over its seeds; a diamond on a dashed line is the grey look-up table, which needs ",
        'class="best"',
        "Passed over",
        "multirun/broken: run.json: cannot be read",
    ):
        assert words in text, words
    table = (page.parent / "tables" / "multirun-mine.csv").read_text()
    assert table.startswith("measure,setting,is_baseline,reference,seeds")
    assert 'mse,"CNN (filters 16, learning rate 0.001)",False,grey look-up table,2' in table
    figures = list((page.parent / "figures").glob("*.svg"))
    assert sorted(len(panels_of(each)) for each in figures) == [1, 2]  # intervals, curves
    assert not list((page.parent / "pictures").iterdir())  # without checkpoints
    check_in_a_browser(page)
    assert '<a href="colour.html">' in text
    assert "<title>Colour a picture</title>" in (page.parent / "colour.html").read_text(encoding="utf-8")


def test_the_heat_map_is_of_the_keys_that_vary_together(tmp_path: Path) -> None:
    width, rate = {"model.num_filters": 16}, {"task.optimizer.lr": 0.1}
    for number, typed in enumerate(({}, {"model": "unet"}, width, rate, width | rate)):
        write_run(tmp_path / "mine" / str(number), typed | {"seed": 0}, [1.0, 2.0])
    text = report(tmp_path, "mine")
    assert "dashe" not in text.partition("<main>")[2]  # captions promise no lines that are not there
    assert "standard deviation" not in text  # of one seed there is none
    assert "Filters and learning rate together" in text
    assert len(list((tmp_path / "report" / "tables").glob("*-ranked.csv"))) == 1


def test_what_is_no_result_has_a_banner_and_no_findings(tmp_path: Path) -> None:
    write_sweep(tmp_path / "mine")
    for path in (tmp_path / "mine").glob("*/run.json"):
        data = {"source": "SyntheticData", "parts": {"train": {"pictures": 60}, "test": {"pictures": 24}}}
        path.write_text(json.dumps(json.loads(path.read_text()) | {"data": data}))
    text = report(tmp_path, "mine", "title=Ours", "author=Ada", "date=today")
    assert "Toy size: 2 epochs on 60 drawn pictures, tested on 24. This is not a result." in text
    assert not (tmp_path / "report" / "colour.html").exists() and "colour.html" not in text
    assert "Answer." not in text and "the best is" not in text and 'class="best"' not in text
    assert "<h1>Ours</h1>" in text and '<p class="fact">Ada · today</p>' in text
    record = tmp_path / "mine" / "lr" / "run.json"  # as if a quick check had been made in the same folder
    record.write_text(record.read_text().replace('"pictures": 24', '"pictures": 12'))
    text = report(tmp_path, "mine")
    assert "Tested on different numbers of pictures (12, 24): they cannot be compared." in text
    assert "Answer." not in text and 'class="best"' not in text


def test_classes_of_different_palettes_are_not_compared(tmp_path: Path) -> None:
    for palette in (8, 24):
        write_run(tmp_path / "mine" / str(palette), {}, [0.1, 0.2], data={"palette": palette})
        (tmp_path / "mine" / str(palette) / "metrics.json").write_text('{"test/mse": 0.15, "test/accuracy": 0.5}')
    text = report(tmp_path, "mine")
    assert "With another palette there are other classes" in text
    assert ">MSE ↓</th>" in text and ">accuracy ↑</th>" not in text


def test_questions_that_were_not_run_have_their_command(tmp_path: Path) -> None:
    write_sweep(tmp_path / "multirun" / "mine")
    # An experiment without a finished run.
    write_run(tmp_path / "multirun" / "c3_batch_size" / "seed-0", {"experiment": "c3_batch_size"}, [], status="running")
    write_run(tmp_path / "multirun" / "a3_epochs" / "seed-0", {"experiment": "a3_epochs"}, [1.0, 2.0])
    folders = ["multirun/mine", "multirun/c3_batch_size", "multirun/a3_epochs"]
    succeed("report", positional([*folders, "output=here", "paint=false"]), tmp_path)
    text = (tmp_path / "here" / "report.html").read_text(encoding="utf-8")
    for question in questions().values():
        assert question.text.replace("'", "&#39;") in text
        assert (question.command in text) == (question.name != "a3_epochs")
    assert (
        "<b>Answer.</b> Trained for 2 epochs. From 1 to 2 epochs, the validation loss falls from 0.600 to 0.500" in text
    )
    assert "Not finished, and so left out: seed-0 (running). To go on, unless it is running:" in text


def test_log_lines_are_printed_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, above = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])

    def bar() -> Iterator[int]:
        sys.stdout = above  # as rich does
        yield 1
        sys.stdout = terminal

    for _ in logged_above(bar()):
        logging.warning("made")
    logging.warning("done")
    assert (above.getvalue(), terminal.getvalue()) == ("made\n", "done\n")


def test_a_figure_is_made_anew_when_its_run_is_newer(tmp_path: Path) -> None:
    write_run(tmp_path / "run", {}, [1.0])
    run = Run.read(tmp_path / "run")
    path, made = tmp_path / "figure.png", []

    def make() -> None:
        path.write_bytes(b"")
        made.append(1)

    for _ in range(2):
        assert keep_up_to_date(path, [run], make)
    assert len(made) == 1
    os.utime(run.path / "metrics.json", ns=(1, 1))
    assert keep_up_to_date(path, [run], make) and len(made) == 2
    assert keep_up_to_date(path, [run], make, also="other labels") and len(made) == 3

    def fail(error: Exception) -> None:
        raise error

    assert not keep_up_to_date(path, [run], lambda: fail(InputError("best.ckpt: damaged")), also="damage")
    full = InputError("data.root: cannot be prepared here")
    full.__context__ = OSError(errno.ENOSPC, "No space left on device")  # as `raise … from None` leaves it
    with pytest.raises(InputError, match="cannot be prepared"):
        keep_up_to_date(path, [run], lambda: fail(full), also="full")


# Small enough for minutes, large enough that no table, curve or picture is empty.
SIZE = (
    "data=synthetic", "data.num_val=20", "data.num_test=24", "seeds=[0]", "trainer.enable_progress_bar=false",
    "measures=quick",
)  # fmt: skip
USUAL = ("data.num_train=60", "data.batch_size=20", "++data.epoch_size=null", "trainer.max_epochs=2")
OWN = {
    "a3_epochs": (*USUAL[:2], "trainer.max_epochs=4", "callbacks.checkpoints.keep_epochs=[1,2]"),
    "c3_batch_size": ("data.num_train=200", "trainer.max_epochs=5"),  # a batch size would replace those of its cells
}


@pytest.mark.slow
def test_every_experiment_from_empty_to_the_page(tmp_path: Path) -> None:
    assert set(EXPERIMENTS) <= set(questions())  # those of the quick report
    run_experiments(tmp_path / "runs", {name: OWN.get(name, USUAL) for name in questions()}, SIZE)
    succeed("report", positional(["runs", "output=toy"]), tmp_path)
    page = tmp_path / "toy" / "report.html"
    text = page.read_text(encoding="utf-8")
    assert "could not be made" not in text and "Not run yet" not in text and "no such part" not in text
    assert ">down1 and its pooling</td>" in text and ">up1</td>" in text
    assert text.count("This is not a result.") == len(questions())
    seen = check_in_a_browser(page)
    for heading, count, question in zip(seen["headings"], seen["figures"], questions().values(), strict=True):
        assert heading.startswith(question.number) and question.text in heading and count >= 1
