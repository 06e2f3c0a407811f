"""Colours enlarged along a photograph's edges: they end there, and boxes give what the whole gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from colourize.prediction import predictor
from colourize.prediction.predictor import Predictor
from colourize.prediction.tiles import Box, boxes
from colourize.prediction.upsampling import bilinear, joint_bilateral
from colourize.tasks import RestorationTask


@pytest.mark.parametrize(("height", "width"), [(3, 4), (7, 5), (40, 33), (41, 3)])
def test_a_box_is_a_part_of_the_whole(height: int, width: int) -> None:
    colours, low, lightness = torch.rand(1, 3, 7, 5), torch.rand(1, 1, 7, 5), torch.rand(1, 1, height, width)
    whole = Box(0, height, 0, width)
    straight = F.interpolate(colours, (height, width), mode="bilinear", align_corners=False)
    torch.testing.assert_close(bilinear(colours, height, width, whole), straight, atol=1e-5, rtol=0)
    even = joint_bilateral(colours, torch.zeros_like(low), torch.zeros_like(lightness), height, width, whole)
    torch.testing.assert_close(even, straight, atol=1e-5, rtol=0)  # without any edge it is bilinear interpolation
    guided = joint_bilateral(colours, low, lightness, height, width, whole)
    for box in boxes(height, width, 16):
        rows, columns = box.within(whole)
        for result, arguments in ((straight, ()), (guided, (low, lightness[..., rows, columns]))):
            function = joint_bilateral if arguments else bilinear
            part = function(colours, *arguments, height, width, box)
            torch.testing.assert_close(part, result[..., rows, columns], atol=1e-5, rtol=0)


def test_colours_end_at_an_edge_that_the_small_picture_does_not_have() -> None:
    """A red half and a blue half; the edge lies within a small pixel, at a quarter of it."""
    lightness = torch.where(torch.arange(64) < 34, 0.3, 0.6).expand(1, 1, 64, 64)
    low = F.avg_pool2d(lightness, 8)
    colours = torch.zeros(1, 3, 8, 8)
    colours[:, 0], colours[:, 2] = (low < 0.45)[:, 0].float(), (low > 0.45)[:, 0].float()
    found = joint_bilateral(colours, low, lightness, 64, 64, Box(0, 64, 0, 64))
    assert found[0, 0, :, :34].min() > 0.95 and found[0, 2, :, 36:].min() > 0.9
    blurred = bilinear(colours, 64, 64, Box(0, 64, 0, 64))
    assert blurred[0, 0, :, 32].max() < 0.95
    # Where nothing is alike, the colours are those of bilinear interpolation, and no division by 0.
    far = joint_bilateral(colours, low - 9, lightness, 64, 64, Box(0, 64, 0, 64))
    torch.testing.assert_close(far, blurred, atol=1e-4, rtol=0)


def test_a_photograph_in_pieces_is_the_photograph_at_once(
    tiny_task: Callable[..., RestorationTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (90, 130, 3), dtype=np.uint8)
    method = Predictor(tiny_task("grey", "classification", size=[16, 16]), picture="prediction")
    whole = np.asarray(method(Image.fromarray(pixels))).astype(int)
    monkeypatch.setattr(predictor, "JOINED", 32)
    assert np.abs(np.asarray(method(Image.fromarray(pixels))).astype(int) - whole).max() <= 1
    method.upsampling = "bilinear"
    assert np.abs(np.asarray(method(Image.fromarray(pixels))).astype(int) - whole).max() > 1
