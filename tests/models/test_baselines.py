"""Baselines: tables against brute force, interpolation against Pillow, and the same doors as a network's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from colourize.answers import RGB
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
def pictures():
    """A few colours only, so that the cells of a table have several pixels."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (40, 3), dtype=np.uint8)
    return colours[rng.integers(0, 40, (260, 4, 4))]


def test_grey_lookup_of_classes(pictures, classes):
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


def test_lookups_of_colours(pictures):
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


def test_the_commonest_class_is_the_same_everywhere(pictures, classes):
    model = CommonestClass(1, 5)
    model.take(model.fit(training(classes, pictures)))
    truth = torch.from_numpy(pictures).movedim(-1, 1).float() / 255
    counts = torch.bincount(classes.palette.labels(truth).flatten(), minlength=5)
    said = model(torch.rand(2, 1, 3, 3))
    assert (said.argmax(1) == counts.argmax()).all()
    torch.testing.assert_close(said[0, :, 0, 0].exp(), counts / counts.sum(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
@pytest.mark.parametrize("name", FILTERS)
def test_interpolation_is_pillows(name, scale_factor):
    low = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    pillow = Image.fromarray(low).resize((7 * scale_factor, 5 * scale_factor), FILTER[name])  # in floating point
    ours = enlarge(torch.from_numpy(low)[None, None], scale_factor, name)
    np.testing.assert_allclose(ours[0, 0].numpy(), np.asarray(pillow), atol=1e-5)
