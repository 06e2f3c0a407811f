"""Perceptual measures: what is piq's is called as it should be, and degenerate pictures have a value."""

import piq
import pytest
import torch

from colourize.measures.base import PictureBatch
from colourize.measures.registry import MEASURES

FUNCTIONS = {"mdsi": piq.mdsi, "haarpsi": piq.haarpsi, "fsimc": piq.fsim, "vsi": piq.vsi}


def perceptual_measures(pictures, truth, names=tuple(FUNCTIONS)):
    return {name: MEASURES[name].values(PictureBatch(pictures), PictureBatch(truth)) for name in names}


def test_they_are_piqs_of_each_picture() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(3, 3, 32, 32, generator=generator)
    pictures = (truth + 0.2 * torch.randn(truth.shape, generator=generator)).clamp(0, 1)
    found = perceptual_measures(pictures.to(memory_format=torch.channels_last), truth)
    for name, function in FUNCTIONS.items():
        alone = torch.stack([function(pictures[i : i + 1], truth[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(found[name], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_equal_pictures(level: float) -> None:
    pictures = torch.full((2, 3, 32, 32), level)
    found = perceptual_measures(pictures, pictures, ("mdsi", "haarpsi", "fsimc"))
    assert (found["mdsi"] == 0).all() and (found["haarpsi"] == 1).all() and (found["fsimc"] == 1).all()
