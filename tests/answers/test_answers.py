"""What a network answers: its targets, its pictures, and what an oracle says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from colourize.answers import RGB, Answer, PaletteClasses
from colourize.colour.palette import Palette
from colourize.data.batches import BatchLoader, LabelCache
from colourize.data.fitting import Training


def random_truth(count: int = 4, height: int = 5, width: int = 7) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 3, height, width, generator=generator)


def nearest(truth: Tensor, colours: Any) -> np.ndarray:
    """The number of each pixel's nearest colour, by brute force."""
    pixels = truth.double().movedim(1, -1).numpy()[..., None, :]
    labels: np.ndarray = np.square(pixels - np.asarray(colours)).sum(-1).argmin(-1)
    return labels


@pytest.mark.parametrize("kind", ["values", "classes"])
def test_what_a_network_says_is_read_back(classes, palette, kind):
    """An oracle's outputs are the truth, as nearly as the answer can say it, and nothing is better than they are."""
    answer: Answer = {"values": RGB(), "classes": classes}[kind]
    truth = random_truth()
    inputs = truth.mean(1, keepdim=True)
    outputs = answer.outputs_of(truth)
    assert answer.kind == kind and outputs.shape == (4, answer.out_channels, 5, 7) and outputs.isfinite().all()
    sayable = truth if kind == "values" else torch.tensor(palette)[nearest(truth, palette)].movedim(-1, 1)
    assert torch.equal(answer.decode(outputs, inputs), sayable)
    pictures = answer.pictures(outputs, inputs)
    assert list(pictures) == (["prediction"] if kind == "values" else ["prediction", "expected"])
    for picture in pictures.values():
        torch.testing.assert_close(picture, sayable)
    ceiling = answer.ceiling(truth, inputs)
    assert list(ceiling) == ([] if kind == "values" else ["quantised truth"])
    assert all(torch.equal(picture, sayable) for picture in ceiling.values())


@pytest.mark.parametrize("kind", ["values", "classes"])
def test_a_mean_is_said_as_it_is(classes, palette, kind):
    """The mean over pixels of a table's cell: the mean colour, or the classes' frequencies, 0 among them."""
    answer: Answer = {"values": RGB(), "classes": classes}[kind]
    truth = random_truth()
    form = answer.average_form(truth)
    assert form.shape == (4, answer.out_channels, 5, 7)
    average = form.movedim(1, -1).flatten(0, 2)[:6].mean(0, keepdim=True)  # of six pixels, (1, C)
    outputs = answer.outputs_from(average)
    assert outputs.shape == average.shape
    if kind == "values":
        torch.testing.assert_close(outputs[0], truth[0, :, 0, :6].mean(1))
    else:
        frequencies = np.bincount(nearest(truth, palette)[0, 0, :6], minlength=5) / 6
        assert (frequencies == 0).any()
        np.testing.assert_allclose(outputs.softmax(1)[0], frequencies, atol=1e-6)
        assert outputs.isfinite().all()


def fitted_colours(palette: Any, **options: Any) -> np.ndarray:
    answer = PaletteClasses()
    answer.prepare(palette)
    known = answer.out_channels  # before there is any picture
    pictures = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    found = answer.fit(Training(pictures, **options))
    answer.take(found)
    assert known == answer.out_channels == len(answer.palette) == len(found["colours"])
    assert torch.equal(answer.palette.colours, found["colours"])
    return found["colours"].numpy()


def test_palette_of_a_file(tmp_path, palette):
    np.savetxt(tmp_path / "own.csv", palette, delimiter=",", header="R,G,B", comments="")
    np.testing.assert_array_equal(fitted_colours(str(tmp_path / "own.csv")), palette)


def test_labels_are_computed_once_for_each_picture_and_palette(classes, palette, monkeypatch):
    """From the second epoch on they are looked up; another palette, or an augmented picture, has its own."""
    pictures = np.random.default_rng(0).integers(0, 256, (10, 4, 4, 3), dtype=np.uint8)
    loader = BatchLoader(pictures, 3, "train", cache=LabelCache(10), shuffle=True)
    other = PaletteClasses()
    other.take({"colours": torch.tensor(palette[::-1], dtype=torch.float64)})
    computed: list[int] = []
    compute = Palette.labels
    monkeypatch.setattr(Palette, "labels", lambda self, rgb: computed.append(len(rgb)) or compute(self, rgb))
    for epoch in range(3):
        loader.set_epoch(epoch)
        for batch in loader:
            truth = batch.pictures.movedim(-1, 1) / 255
            for answer, colours in ((classes, palette), (other, palette[::-1])):
                np.testing.assert_array_equal(answer.encode(truth, batch), nearest(truth, colours))
    assert sum(computed[:8]) == 20  # in the first epoch each picture once for each palette
    assert sum(computed) <= 2 * 20 - 2  # in the second those of mixed batches at most
    before = len(computed)
    classes.encode(truth, batch._replace(cache=None))
    assert len(computed) == before + 1
