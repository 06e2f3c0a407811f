"""Baselines: tables against brute force, interpolation against Pillow, and the same doors as a network's."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import console
import numpy as np
import pytest
import torch
from PIL import Image

from colourize.answers import RGB, PaletteClasses
from colourize.data.batches import Batch, Pair
from colourize.data.fitting import Training
from colourize.models.grey_lookup import CommonestClass, GreyLookup, GreyRowLookup
from colourize.models.interpolation import FILTERS, enlarge

FILTER = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def training(answer: Any, pictures: np.ndarray) -> Training:
    def make_pair(batch: Batch) -> Pair:
        truth = batch.pictures.movedim(-1, 1).float() / 255
        return Pair(truth.mean(1, keepdim=True), answer.encode(truth, batch), truth, batch.which)

    return Training(pictures, answer=answer, make_pair=make_pair)


@pytest.fixture
def pictures() -> np.ndarray:
    """A few colours only, so that the cells of a table have several pixels."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (40, 3), dtype=np.uint8)
    return colours[rng.integers(0, 40, (260, 4, 4))]


@pytest.fixture
def classes(palette: list[list[float]]) -> PaletteClasses:
    answer = PaletteClasses()
    answer.take({"colours": torch.tensor(palette, dtype=torch.float64)})
    return answer


def test_grey_lookup_of_classes(pictures: np.ndarray, classes: PaletteClasses) -> None:
    model = GreyLookup(1, 5)
    model.take(model.fit(training(classes, pictures)))
    truth = torch.from_numpy(pictures).movedim(-1, 1).float() / 255
    labels, levels = classes.palette.labels(truth).numpy(), (truth.mean(1) * 255).round().long().numpy()
    overall = np.bincount(labels.ravel(), minlength=5) + np.bincount(labels.ravel(), minlength=5) / labels.size
    for level in (*np.unique(levels)[:5], 255 if 255 not in levels else 0):
        counts = np.bincount(labels[levels == level], minlength=5) + overall / overall.sum()
        np.testing.assert_allclose(model.table[level].exp().numpy(), counts / counts.sum(), rtol=1e-5)
    said = model(truth.mean(1, keepdim=True))
    assert said.shape == (260, 5, 4, 4)
    assert torch.equal(said[3, :, 1, 2], model.table[levels[3, 1, 2]])


def test_lookups_of_colours(pictures: np.ndarray) -> None:
    grey, rows = GreyLookup(1, 3), GreyRowLookup(1, 3, num_rows=2)
    for model in (grey, rows):
        model.take(model.fit(training(RGB(), pictures)))
    truth = torch.from_numpy(pictures).movedim(-1, 1).double() / 255
    level = int((truth.float().mean(1) * 255).round()[5, 3, 1])
    like = (truth.float().mean(1) * 255).round() == level
    near = truth.movedim(1, -1)[like].mean(0)
    torch.testing.assert_close(grey.table[level].double(), near, atol=0.05, rtol=0)
    below = like & (torch.arange(4)[:, None] >= 2)  # the lower of two rows
    count = below.sum()
    mean = (truth.movedim(1, -1)[below].sum(0) + near) / (count + 1)  # one pixel more: what its level says
    torch.testing.assert_close(rows.table[256 + level].double(), mean, atol=2e-3, rtol=0)
    small = truth.float().mean(1, keepdim=True)[:1]
    large = torch.nn.functional.interpolate(small, scale_factor=2, mode="nearest")  # any size: the same part of it
    assert torch.equal(rows(large)[:, :, ::2, ::2], rows(small))


def test_the_commonest_class_is_the_same_everywhere(pictures: np.ndarray, classes: PaletteClasses) -> None:
    model = CommonestClass(1, 5)
    model.take(model.fit(training(classes, pictures)))
    truth = torch.from_numpy(pictures).movedim(-1, 1).float() / 255
    counts = torch.bincount(classes.palette.labels(truth).flatten(), minlength=5)
    said = model(torch.rand(2, 1, 3, 3))
    assert (said.argmax(1) == counts.argmax()).all()
    torch.testing.assert_close(said[0, :, 0, 0].exp(), counts / counts.sum(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
@pytest.mark.parametrize("name", FILTERS)
def test_interpolation_is_pillows(name: str, scale_factor: int) -> None:
    low = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    pillow = Image.fromarray(low).resize((7 * scale_factor, 5 * scale_factor), FILTER[name])  # in floating point
    ours = enlarge(torch.from_numpy(low)[None, None], scale_factor, name)
    np.testing.assert_allclose(ours[0, 0].numpy(), np.asarray(pillow), atol=1e-5)


@pytest.mark.slow
def test_baselines_go_through_the_same_doors(tmp_path: Path) -> None:
    models = "grey_lookup,palette_oracle,unet"
    sweep = ["-m", *console.TINY, f"model={models}", "~model.num_filters", "hydra.sweep.dir=multirun/a/b"]
    sweep.remove("model.num_filters=4")
    sweep.remove("~model.num_filters")
    console.succeed("train", sweep, tmp_path)
    with (tmp_path / "multirun/a/b/results.csv").open() as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    assert list(rows) == models.split(",") and all(row["status"] == "completed" for row in rows.values())
    oracle = rows["palette_oracle"]
    # A picture says nothing of how probable it was.
    assert float(oracle["test/accuracy"]) == 1 and oracle["test/cross_entropy"] == ""
    folder = tmp_path / "multirun/a/b" / rows["grey_lookup"]["folder"]
    assert (folder / "samples/best.png").is_file() and json.loads((folder / "run.json").read_text())["parameters"] == 0
    # Without any training, and from its checkpoint: the same figures.
    words = [
        "model=grey_lookup",
        "task=colour_classification",
        "trainer.accelerator=cpu",
        "baselines=[]",
        "measures=quick",
    ]
    direct = console.succeed("evaluate", [*console.TINY_DATA, *words], tmp_path / "direct")
    words = [f'checkpoint="{folder}/checkpoints/best.ckpt"', "baselines=[]", "measures=quick"]
    saved = console.succeed("evaluate", words, tmp_path / "saved")
    measures = [json.loads((each.folder / "metrics.json").read_text()) for each in (direct, saved)]
    assert measures[0] == measures[1]
    assert measures[0]["test/accuracy"] == pytest.approx(float(rows["grey_lookup"]["test/accuracy"]))


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (["model=lanczos"], "task=super_resolution or task=super_resolution_regression"),
        (["model=grey_lookup", "task=super_resolution"], "such as task=colour_classification"),
        (["model=palette_oracle", "task=colour_regression"], "task=chroma_classification or task=super_resolution"),
    ],
)
def test_what_does_not_fit_is_refused(typed: list[str], named: str, tmp_path: Path) -> None:
    outcome = console.run("train", [*console.TINY_DATA, *typed], tmp_path)
    assert outcome.code == 2 and named in outcome.stderr and outcome.stderr.count("\n") == 1
    assert not outcome.left
