"""The distributions of single pixels, and reliability against a count by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colourize.errors import UsageError
from colourize.figures.distributions import (
    accuracy_intervals,
    choose_places,
    confidences_of,
    draw_distributions,
    draw_reliability,
    entropies,
)
from colourize.measures.classification import reliability
from colourize.tasks.restoration import RestorationTask

Tasks = Callable[..., RestorationTask]
PICTURES = torch.randint(0, 256, (7, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_pixels_go_from_unsure_to_sure_each_of_another_picture() -> None:
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(9, 5, 4, 6, generator=generator) * torch.linspace(0.1, 4, 9).view(-1, 1, 1, 1)
    entropy = entropies(logits.softmax(1).double())
    torch.testing.assert_close(entropies(torch.full((1, 5, 2, 2), 0.2)), torch.full((1, 2, 2), 5.0).log())  # nats
    places = choose_places(logits.softmax(1), 5)
    values = [float(entropy[place]) for place in places]
    assert values == sorted(values, reverse=True) and len({picture for picture, _, _ in places}) == 5
    assert values[0] == entropy.max() and values[-1] == entropy.min()
    assert len(choose_places(logits[:2].softmax(1), 7)) == 2


def test_distributions_are_drawn_with_all_colours(tmp_path: Path, tiny_task: Tasks, palette: list[list[float]]) -> None:
    classifier, regression = (tiny_task("grey", kind).eval() for kind in ("classification", "regression"))
    for name in ("one", "other"):
        places = draw_distributions(classifier, PICTURES, tmp_path / name, {"regression": regression})
    svg = (tmp_path / "one.svg").read_text()
    assert len(places) == 5 and svg == (tmp_path / "other.svg").read_text() and svg.count("nats") == 6
    assert svg.index(">truth<") < svg.index(">mode<") < svg.index(">mean<") < svg.index(">regression<")
    drawn = np.unique(np.asarray(Image.open(tmp_path / "one.png").convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    truths = [PICTURES[place].numpy() / 255 for place in places]
    for colour in [*truths, *palette]:
        assert np.abs(drawn - 255 * np.asarray(colour)).max(1).min() <= 1


def test_reliability_is_counted(tmp_path: Path, tiny_task: Tasks) -> None:
    vectors = confidences_of(tiny_task("grey", "classification").eval(), PICTURES.split(3))
    assert vectors.shape == (7, 45) and vectors[:, :15].sum() == 7 * 64
    low, high = accuracy_intervals(vectors)
    accuracy = reliability(vectors)["accuracy"]
    full = ~np.isnan(accuracy)
    assert np.isnan(low[~full]).all() and np.isnan(high[~full]).all()
    assert (low[full] <= accuracy[full] + 1e-9).all() and (accuracy[full] <= high[full] + 1e-9).all()
    for name in ("found", "again"):
        draw_reliability({"cnn": vectors, "other": vectors[:1]}, tmp_path / name)
    svg = (tmp_path / "found.svg").read_text()
    assert svg == (tmp_path / "again.svg").read_text()
    assert "cnn:" in svg and "other:" in svg and svg.count("calibration error 0.") >= 2


def test_only_classifiers_have_probabilities(tmp_path: Path, tiny_task: Tasks) -> None:
    regression = tiny_task("grey", "regression").eval()
    with pytest.raises(UsageError, match=r"^distributions: the answer RGB has none; must be PaletteClasses$"):
        draw_distributions(regression, PICTURES, tmp_path / "none")
    with pytest.raises(UsageError, match=r"^reliability: the answer RGB has none"):
        confidences_of(regression, [PICTURES])


def test_intervals_are_over_pictures() -> None:
    """Half of 40 pictures are right everywhere, half nowhere: however many pixels, the interval is that of 40."""
    vectors = np.zeros((40, 3, 15))
    vectors[:, 0, 7] = 1000
    vectors[:20, 2, 7] = 1000
    low, high = accuracy_intervals(vectors.reshape(40, 45), draws=4000)
    half = 1.96 * 0.5 / 40**0.5
    assert abs(low[7] - (0.5 - half)) < 0.03 and abs(high[7] - (0.5 + half)) < 0.03
