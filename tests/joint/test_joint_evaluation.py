"""`colourize-evaluate joint=…`: hints, likelihood and samples beside baselines, from the command to its files."""

import json
from pathlib import Path

import pytest
from console import TINY, run, succeed
from PIL import Image

from colourize.runs.tables import read_table

QUIET = "trainer.enable_progress_bar=false"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = [*TINY, "degradation=hints", QUIET]
    return succeed("train", words, tmp_path_factory.mktemp("hints")).folder / "checkpoints" / "best.ckpt"


def test_hints_likelihood_and_samples_are_measured(network: Path, tmp_path: Path) -> None:
    asked = ["joint.hints=[0,64]", "joint.orders=3", "joint.samples=3", "joint.rounds=4"]
    words = [f"checkpoint={network}", *asked, "measures=quick", "baselines=[grey_lookup,grey_copy]", QUIET]
    folder = succeed("evaluate", words, tmp_path).folder
    hints = read_table(folder / "hints.csv")
    assert {(row["method"], row["hints"], row["measure"]) for row in hints} == {
        ("unet", number, measure) for number in ("0", "64") for measure in ("psnr", "delta_e")
    }
    assert (folder / "hints.svg").read_text().startswith("<?xml")
    likelihood = {(row["method"], row["pixels"]): row for row in read_table(folder / "likelihood.csv")}
    # A grey copy has no probabilities, and a table no joint ones.
    assert set(likelihood) == {("unet", "joint"), ("unet", "independent"), ("grey_lookup", "independent")}
    # A table ignores hints: its likelihood is its cross-entropy.
    measured = json.loads((folder / "methods" / "grey_lookup" / "metrics.json").read_text())
    table = float(likelihood["grey_lookup", "independent"]["mean"])
    assert table == pytest.approx(measured["test/cross_entropy"], rel=1e-4)
    samples = read_table(folder / "samples.csv")
    best = [float(row["mean"]) for row in samples if row["measure"] == "best psnr"]
    assert len(best) == 3 and best == sorted(best)
    assert [float(row["mean"]) > 0 for row in samples if row["measure"] == "diversity"] == [True]
    with Image.open(folder / "samples.png") as sheet:
        assert sheet.height > 6 * 96  # grey, three samples, the mean, the truth


def test_what_is_refused(network: Path, tmp_path: Path) -> None:
    for word, message in (
        ("joint.hints=[65]", "joint.hints=65: must be at most 64"),
        ("joint.samples=1", "joint.samples=1: must be 0, or at least 2"),
        ("joint.orders=-1", "joint.orders=-1: must be"),
        ("joint.hints=3", "joint.hints=3: must be a list"),
        # Before anything is tested, though only samples need it.
        ("joint.order=last", "joint.order=last: must be one of random, surest"),
    ):
        outcome = run("evaluate", [f"checkpoint={network}", word], tmp_path)
        assert outcome.code == 2 and message in outcome.stderr and outcome.stderr.count("\n") == 1
    plain = succeed("train", [*TINY, QUIET, "hydra.run.dir=plain"], tmp_path).cwd / "plain/checkpoints/best.ckpt"
    outcome = run("evaluate", [f"checkpoint={plain}", "joint=all"], tmp_path)
    assert outcome.code == 2 and "joint: is for networks that take hints" in outcome.stderr
