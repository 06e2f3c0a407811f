"""Distributions of single pixels: which pixels, what is drawn of them; and reliability against a count by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from colourize.errors import UsageError
from colourize.figures.distributions import Place, choose_places, draw_distributions, draw_places, entropies
from colourize.figures.reliability import accuracy_intervals, confidences_of, draw_reliability
from colourize.measures.classification import reliability
from colourize.tasks.restoration import RestorationTask

Tasks = Callable[..., RestorationTask]


def random_pictures(count: int) -> torch.Tensor:
    return torch.randint(0, 256, (count, 8, 8, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def random_distributions(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return (torch.randn(count, 5, 4, 6, generator=generator) * torch.linspace(0.1, 4, count).view(-1, 1, 1, 1)).softmax(
        1
    )


def test_entropy_is_in_nats() -> None:
    even, sure = torch.full((1, 5, 2, 2), 0.2), torch.zeros(1, 5, 2, 2)
    sure[:, 1] = 1
    torch.testing.assert_close(entropies(even), torch.full((1, 2, 2), 5.0).log())
    assert (entropies(sure) == 0).all()


def test_pixels_go_from_unsure_to_sure_each_of_another_picture() -> None:
    chances = random_distributions(9)
    entropy = entropies(chances.double())
    places = choose_places(chances, 5)
    values = [float(entropy[place]) for place in places]
    assert values == sorted(values, reverse=True) and len({place.picture for place in places}) == 5
    assert values[0] == entropy.max() and values[-1] == entropy.min()
    ranks = entropy.flatten().sort(descending=True).values
    assert abs(values[2] - ranks[len(ranks) // 2]) < 0.1
    assert choose_places(chances, 5) == places
    # Fewer pictures than pixels: no pixel twice; fewer pixels than are asked for: all.
    assert len(set(choose_places(chances[:2], 7))) == 7
    assert len(set(choose_places(chances[:1, :, :1, :3], 7))) == 3


def test_what_is_drawn(tmp_path: Path, palette: list[list[float]]) -> None:
    chances, truth = random_distributions(3), torch.rand(3, 3, 4, 6, generator=torch.Generator().manual_seed(2))
    labels = chances.argmax(1)
    places = [Place(2, 3, 5), Place(0, 0, 0)]
    colours = {"prediction": truth.flip(0), "truth": truth, "a regression network": truth * 0.9}
    for name in ("one", "other"):
        draw_places(places, chances, labels, torch.tensor(palette).double(), colours, tmp_path / name)
    svg = (tmp_path / "one.svg").read_text()
    assert svg == (tmp_path / "other.svg").read_text()
    for place in places:
        assert f"entropy {float(entropies(chances)[place]):.2f} nats" in svg
    assert svg.index(">truth<") < svg.index(">mode<") < svg.index(">network<")
    seen = np.unique(np.asarray(Image.open(tmp_path / "one.png").convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    swatches = [picture[place.picture, :, place.row, place.column] for picture in colours.values() for place in places]
    for colour in [*swatches, *torch.tensor(palette)]:
        assert np.abs(seen - 255 * colour.numpy()).max(1).min() <= 1


def test_distributions_of_networks(tmp_path: Path, tiny_task: Tasks) -> None:
    classifier, regression = (tiny_task("grey", kind).eval() for kind in ("classification", "regression"))
    pictures = random_pictures(6)
    places = draw_distributions(classifier, pictures, tmp_path / "found", {"regression": regression})
    assert len(places) == 5 and ">regression<" in (tmp_path / "found.svg").read_text()
    assert draw_distributions(classifier, pictures, tmp_path / "again", places=places[:1]) == places[:1]
    with pytest.raises(UsageError, match=r"^distributions: the answer RGB has none; must be PaletteClasses$"):
        draw_distributions(regression, pictures, tmp_path / "none")


def test_reliability_is_counted(tmp_path: Path, tiny_task: Tasks) -> None:
    classifier, pictures = tiny_task("grey", "classification").eval(), random_pictures(7)
    vectors = confidences_of(classifier, pictures.split(3))
    assert vectors.shape == (7, 45) and vectors[:, :15].sum() == 7 * 64
    np.testing.assert_allclose(vectors, confidences_of(classifier, [pictures]), atol=1e-4)
    low, high = accuracy_intervals(vectors)
    accuracy = reliability(vectors)["accuracy"]
    full = ~np.isnan(accuracy)
    assert np.isnan(low[~full]).all() and np.isnan(high[~full]).all()
    assert (low[full] <= accuracy[full] + 1e-9).all() and (accuracy[full] <= high[full] + 1e-9).all()
    for name in ("found", "again"):
        draw_reliability({"cnn": vectors, "other": vectors[:1]}, tmp_path / name)
    svg = (tmp_path / "found.svg").read_text()
    assert svg == (tmp_path / "again.svg").read_text()
    assert "cnn: calibration error 0." in svg and "other: calibration error" in svg
    with pytest.raises(UsageError, match=r"^reliability: the answer RGB has none"):
        confidences_of(tiny_task("grey", "regression"), [pictures])


def test_intervals_are_over_pictures() -> None:
    """Half of the pictures are wholly right, half wholly wrong: however many pixels, the interval is that of 40."""
    vectors = np.zeros((40, 3, 15))
    vectors[:, 0, 7] = 1000
    vectors[:20, 2, 7] = 1000
    low, high = accuracy_intervals(vectors.reshape(40, 45), draws=4000)
    assert abs(low[7] - (0.5 - 1.96 * 0.5 / 40**0.5)) < 0.03 and abs(high[7] - (0.5 + 1.96 * 0.5 / 40**0.5)) < 0.03
