"""`colourize-evaluate` with several methods: the files that a comparison leaves, and what stands in them."""

import json
from pathlib import Path

import console
import numpy as np
import pytest
import yaml
from console import TASKS, TINY, TINY_DATA, Outcome, succeed
from PIL import Image

from colourize.runs.tables import read_numbers, read_table

QUIET = "trainer.enable_progress_bar=false"
MEASURES = "measures.names=[mse,psnr,auc_balanced]"
ALONE = (MEASURES, "baselines=[]")
STOP = ["+callbacks.stop._target_=lightning.pytorch.callbacks.EarlyStopping", "+callbacks.stop.monitor=val/loss"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of a network."""
    words = ["-m", *TINY, "data.num_test=20", "task=colour_classification", "seed=0,1", QUIET]
    return succeed("train", words, tmp_path_factory.mktemp("seeds")).sweep


@pytest.fixture(scope="module")
def compared(sweep: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    words = [f"checkpoint={sweep}", MEASURES, "trainer.enable_progress_bar=false", "study=true"]
    return succeed("evaluate", words, tmp_path_factory.mktemp("compared"))


def rows_of(folder: Path, measure: str) -> dict[str, dict[str, str]]:
    """A measure's rows of `comparison.csv`, by method."""
    return {row["method"]: row for row in read_table(folder / "comparison.csv") if row["measure"] == measure}


def test_networks_stand_beside_their_baselines(compared: Outcome) -> None:
    accuracy = rows_of(compared.folder, "accuracy")
    expected = {"unet", "grey_lookup", "grey_row_lookup", "commonest_class", "grey_copy", "palette_oracle"}
    assert set(accuracy) == expected
    assert accuracy["unet"]["seeds"] == "2" and accuracy["grey_lookup"]["seeds"] == "0"
    assert float(accuracy["palette_oracle"]["mean"]) == 1 and accuracy["grey_lookup"]["difference"] == ""
    # What has only pictures is not asked for probabilities.
    assert set(rows_of(compared.folder, "cross_entropy")) == expected - {"grey_copy", "palette_oracle"}
    assert "cross_entropy" not in read_table(compared.folder / "methods" / "grey_copy" / "per_picture.csv")[0]
    assert "accuracy (more is better)" in compared.stdout and "reference" in compared.stdout
    left = {path.name for path in compared.folder.iterdir()}
    drawn = {f"{name}.{ending}" for name in ("comparison", "agreement") for ending in ("csv", "svg", "png")}
    assert drawn | {"comparison.md", "comparison.txt", "pictures.png", "study.html", "metrics.json"} <= left


def test_numbers_record_and_study_are_those_of_the_methods(compared: Outcome, sweep: Path) -> None:
    folder = compared.folder
    files = [folder, *(folder / "methods" / name for name in ("unet+seed-1", "grey_lookup"))]
    *own, table = (np.array([row["mse"] for row in read_numbers(each / "per_picture.csv")]) for each in files)
    means = np.mean(own, axis=1)
    row = rows_of(folder, "mse")["unet"]
    assert float(row["mean"]) == pytest.approx(means.mean(), rel=1e-9)
    assert float(row["seed_deviation"]) == pytest.approx(means.std(ddof=1), rel=1e-9)
    assert float(row["difference"]) == pytest.approx(means.mean() - table.mean(), rel=1e-9)
    assert json.loads((folder / "metrics.json").read_text())["test/mse"] == pytest.approx(means[0], rel=1e-6)
    methods = json.loads((folder / "run.json").read_text())["methods"]
    assert [(each["label"], each["seed"]) for each in methods[:2]] == [("unet", 0), ("unet", 1)]
    assert methods[1]["checkpoint"] == str(sweep / "seed-1" / "checkpoints" / "best.ckpt")
    page = (folder / "study.html").read_text()
    assert "unet" in page and "grey_lookup" not in page  # people are asked about the network
    assert Image.open(folder / "pictures.png").width > 300


def test_a_table_takes_the_networks_own_palette_and_training_pictures(compared: Outcome, tmp_path: Path) -> None:
    """Also where other pictures are tested: it must know no more than the network."""
    alone = ["model=grey_lookup", "task=colour_classification", *TINY_DATA, "data.num_test=20", *ALONE]
    by_itself = succeed("evaluate", alone, tmp_path).folder
    beside = compared.folder / "methods" / "grey_lookup"
    assert (by_itself / "per_picture.csv").read_bytes() == (beside / "per_picture.csv").read_bytes()


@pytest.mark.slow
def test_a_checkpoint_as_the_reference(sweep: Path, tmp_path: Path) -> None:
    best = [sweep / f"seed-{seed}" / "checkpoints" / "best.ckpt" for seed in range(2)]
    last = best[1].with_name("last.ckpt")
    words = [f"checkpoint=[{best[0]},{last}]", f"reference={best[1]}", "baselines=[]", MEASURES]
    mse = rows_of(succeed("evaluate", words, tmp_path).folder, "mse")
    # Two checkpoints of one seed are two methods, and never two seeds of one.
    assert sorted(mse) == ["unet", "unet [last]", "unet [seed-1/checkpoints/best]"]
    assert {row["seeds"] for row in mse.values()} == {"1"}
    again = [f"checkpoint={sweep}", f"reference={best[1]}", "baselines=[]", MEASURES]
    (unet,) = rows_of(succeed("evaluate", again, tmp_path / "again").folder, "mse").values()
    assert (unet["method"], unet["seeds"]) == ("unet", "2")  # what is compared as well is tested once


@pytest.mark.slow
def test_other_pictures_and_tasks_side_by_side(sweep: Path, tmp_path: Path) -> None:
    regression = console.trained(TASKS[1]).best
    best = sweep / "seed-0" / "checkpoints" / "best.ckpt"
    other = [*TINY_DATA[:-1], "data.drawing_seed=7", "baselines=[grey_lookup]", MEASURES]
    mse = rows_of(succeed("evaluate", [f"checkpoint=[{best},{regression}]", *other], tmp_path).folder, "mse")
    assert {"grey_lookup (colour_classification)", "grey_lookup (colour_regression)"} <= set(mse) and len(mse) == 4
    assert sum(row["difference"] == "" for row in mse.values()) == 2  # each task has a reference of its own


@pytest.mark.slow
def test_evaluation_and_report_form_the_same_methods_with_the_same_numbers(tmp_path: Path) -> None:
    words = {
        "plain": ["seed=0"],
        "elsewhere": ["seed=1", "trainer.accelerator=cpu"],
        "quiet": ["seed=2", "callbacks.samples=null"],
        "stopped": ["seed=0", *STOP],
        "table": ["model=grey_lookup", "seed=0"],
    }
    for name, more in words.items():
        tiny = [word for word in TINY if name != "table" or not word.startswith("model")]
        common = [*tiny, "data.num_test=20", "task=colour_classification", QUIET]
        succeed("train", [*common, *more, f"hydra.run.dir={tmp_path}/runs/{name}"], tmp_path)
    path = tmp_path / "runs" / "quiet" / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "compile": True}))  # which takes a minute
    asked = [f"checkpoint={tmp_path}/runs", "measures=quick", "baselines=[]"]
    evaluated = read_table(succeed("evaluate", asked, tmp_path).folder / "comparison.csv")
    succeed("report", ["runs=runs", "questions=false"], tmp_path)
    (path,) = (tmp_path / "report" / "tables").glob("*runs.csv")
    reported = {(row["measure"], row["setting"]): row for row in read_table(path)}
    seeds = {method: row["seeds"] for (_, method), row in reported.items()}
    names = {  # in the evaluation, as they are typed, and in the report
        "unet (stop=none)": "U-Net (stop none)",
        "unet (stop=EarlyStopping)": "U-Net (stop EarlyStopping)",
        "grey_lookup": "grey look-up table",
    }
    assert {row["method"] for row in evaluated} == names.keys()
    assert {method: seeds[name] for method, name in names.items()} == dict(zip(names, "310", strict=True))
    assert len(seeds) == 3
    for row in evaluated:
        own = reported.get((row["measure"], names[row["method"]]))
        if own is None or not own["low"]:  # a run's folder has no interval of measures of all pictures together
            continue
        assert (row["seeds"], row["mark"]) == (own["seeds"], own["mark"])
        columns = ("mean", "low", "high", "difference", "difference_low", "difference_high")
        found, expected = ([float(each[name] or "nan") for name in columns] for each in (row, own))
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-6, nan_ok=True)
