"""Removes chroma except at some pixels."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from colourize.colour.chroma import chroma_of, chroma_over, lightness_of
from colourize.data.draws import Draws
from colourize.degradations.grey import Luminance
from colourize.errors import UsageError, check_count

REVEALS = ("share", "points", "mixed")
SCALE = 110.0  # chroma is divided by this, as in Zhang et al. (2017); sRGB's a and b lie within about ±110
STOP = 1 / 8  # probability that no further point follows, which makes seven points on average
MOST_POINTS = 64
SIDES, SIDES_AT = (1.0, 9.0), 176  # range of a point's side in pixels, in pictures of side SIDES_AT
FIXED_SIDE, FIXED_SIDE_AT = 6.0, 256  # a point's side where the number of points is fixed


class Hints(Luminance):
    """Colour → its lightness, and the true chroma of some pixels.

    The input has four channels: L / 100; a / 110 and b / 110, which are 0 where there is no hint; and the mask, 0.5 at
    hints and -0.5 elsewhere. Where the answer predicts classes, a hint is the chroma of the pixel's true class. Hints
    then have the same values as predictions, and a network can take its own samples as hints.

    Seed, epoch, stage and picture alone determine which pixels are hints. A smaller number of hints is always a subset
    of a larger one.

    Args:
        reveal: "points": squares as in Zhang et al. (2017), "Real-time user-guided image colorization with learned deep
            priors", https://arxiv.org/abs/1705.02999. Their number is geometric (none in an eighth of the pictures,
            seven on average). Each has a side of 1 to 9 pixels (in a picture of 176), its mean chroma, and a place from
            a Gaussian around the middle. "share": a random share of all pixels, uniform in 0…1, as in order-agnostic
            training (Hoogeboom et al. 2021, "Autoregressive diffusion models", https://arxiv.org/abs/2110.02037).
            "mixed": one or the other for each picture, with equal probability; for networks that get few hints from
            people and also draw samples.
        number: the number of hints in each picture; None: `reveal` draws it.

    Raises:
        UsageError: a value that is not allowed.
    """

    channels = 4

    def __init__(self, reveal: str = "share", number: int | None = None) -> None:
        super().__init__()
        if reveal not in REVEALS:
            raise UsageError(f"task.degradation.reveal={reveal}: must be {', '.join(REVEALS[:-1])} or {REVEALS[-1]}")
        if number is not None:
            check_count("task.degradation.number", number, least=0)
            if reveal != "share" and number > MOST_POINTS:
                raise UsageError(f"task.degradation.number={number}: must be at most {MOST_POINTS} points")
        self.reveal, self.number = reveal, number
        self._answer: list[Any] = []  # in a list, as it is the task's submodule and not this one's

    def prepare(self, answer: Any) -> None:
        self._answer = [answer]

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        if draws is None:
            raise TypeError("hints are drawn: `draws` is needed")
        lightness = lightness_of(truth)
        chroma = self.known_chroma(truth, lightness)
        if self.reveal == "points":
            return with_hints(lightness, *self._points(chroma, draws))
        share = with_hints(lightness, chroma, self._random_pixels(truth, draws))
        if self.reveal == "share":
            return share
        points = with_hints(lightness, *self._points(chroma, draws))
        return torch.where(draws.uniform().view(-1, 1, 1, 1) < 0.5, share, points)

    def known_chroma(self, truth: Tensor, lightness: Tensor) -> Tensor:
        """The a and b of hints, (N, 2, H, W); where the answer predicts classes, those of the true classes."""
        ceiling = self._answer[0].ceiling(truth, lightness) if self._answer else {}
        return chroma_of(next(iter(ceiling.values()), truth))

    def _random_pixels(self, truth: Tensor, draws: Draws) -> Tensor:
        """The first pixels of a random order, as a mask (N, 1, H, W)."""
        pixels = truth.shape[2] * truth.shape[3]
        count = (draws.uniform() * pixels).floor()
        if self.number is not None:
            count = torch.full_like(count, min(self.number, pixels))
        return (random_ranks(draws, pixels) < count[:, None]).view(-1, 1, *truth.shape[2:])

    def _points(self, chroma: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
        """The chroma of the points, each with its mean, and their mask; later points cover earlier ones."""
        height, width = chroma.shape[2:]
        # A geometric distribution from 0: log(1 - u) / log(1 - p), rounded down.
        count = (torch.log1p(-draws.uniform()) / math.log(1 - STOP)).floor().clamp(max=MOST_POINTS).long()
        sides = (SIDES[0] + (SIDES[1] - SIDES[0]) * draws.uniform(MOST_POINTS)) * min(height, width) / SIDES_AT
        if self.number is not None:
            count = torch.full_like(count, self.number)
            sides = torch.full_like(sides, FIXED_SIDE * min(height, width) / FIXED_SIDE_AT)
        sides = sides.ceil().clamp(1, min(height, width))
        tops, lefts = (
            ((0.5 + draws.normal(MOST_POINTS) / 4) * (length - sides + 1)).floor().clamp(min=0).minimum(length - sides)
            for length in (height, width)
        )
        rows, columns = (torch.arange(length, device=chroma.device) for length in (height, width))
        colours, mask = torch.zeros_like(chroma), torch.zeros_like(chroma[:, :1], dtype=torch.bool)
        for point in range(int(count.max())):
            side, top, left = (each[:, point, None] for each in (sides, tops, lefts))
            in_rows, in_columns = (rows >= top) & (rows < top + side), (columns >= left) & (columns < left + side)
            inside = (in_rows[:, None, :, None] & in_columns[:, None, None]) & (point < count).view(-1, 1, 1, 1)
            area = inside.sum((2, 3), keepdim=True).clamp(min=1)
            colours = torch.where(inside, (chroma * inside).sum((2, 3), keepdim=True) / area, colours)
            mask |= inside
        return colours, mask

    def chroma_in(self, inputs: Tensor) -> Tensor:
        """The a and b of an input's hints, (N, 2, H, W), 0 where there is none."""
        return inputs[:, 1:3] * SCALE

    def show(self, inputs: Tensor) -> Tensor:
        """The grey of this lightness, with the hints' colours."""
        return chroma_over(inputs[:, :1], self.chroma_in(inputs))

    def inputs_of(self, picture: Tensor) -> Tensor:
        """The input for a picture without any hints."""
        lightness = lightness_of(picture)
        return with_hints(lightness, lightness.expand(-1, 2, -1, -1), torch.zeros_like(lightness, dtype=torch.bool))


def with_hints(lightness: Tensor, chroma: Tensor, mask: Tensor) -> Tensor:
    """Build the input of a network that takes hints, (N, 4, H, W).

    Args:
        lightness: L / 100, (N, 1, H, W).
        chroma: a and b, (N, 2, H, W); only the values at hints count.
        mask: which pixels are hints, bool, (N, 1, H, W).
    """
    return torch.cat([lightness, (chroma / SCALE).masked_fill(~mask, 0), mask.to(lightness) - 0.5], 1)


def random_ranks(draws: Draws, pixels: int) -> Tensor:
    """The rank of each pixel in a random order of its picture's pixels, int64, (N, pixels)."""
    return draws.uniform(pixels).argsort(dim=1, stable=True).argsort(1)
