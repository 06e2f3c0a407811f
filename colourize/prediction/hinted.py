"""Colours photographs with hints at chosen points, and draws samples of their colours, with a network for hints."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from colourize.data.draws import Draws
from colourize.degradations.hints import Hints, with_hints
from colourize.errors import InputError, UsageError, check_count, is_number
from colourize.joint.sampling import check_joint, sample
from colourize.prediction.predictor import WHOLE, Advance, Predictor
from colourize.prediction.tiles import Box
from colourize.tasks.restoration import RestorationTask

HEX = re.compile(r"#[0-9a-fA-F]{6}")


class Point(NamedTuple):
    """A place in a photograph, in its own pixels from the top left, and the colour there, RGB in [0, 1]."""

    x: float
    y: float
    colour: tuple[float, float, float]


def read_points(path: Path) -> list[Point]:
    """Hints from a JSON file: a list of objects such as {"x": 120, "y": 80, "colour": "#a0522d"}.

    Raises:
        InputError: there is no such file, or it is not such a list; the message names the wrong point.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "is not a JSON file"
        raise InputError(f"hints={path}: {reason}") from error
    if not isinstance(found, list):
        raise InputError(f'hints={path}: must be a list of points such as {{"x": 120, "y": 80, "colour": "#a0522d"}}')
    return [_point(each, f"hints={path}: point {number}") for number, each in enumerate(found, 1)]


def _point(found: Any, name: str) -> Point:
    if not isinstance(found, dict) or set(found) != {"x", "y", "colour"}:
        raise InputError(f"{name}: must have x, y and colour, and nothing else")
    for key in ("x", "y"):
        if not (is_number(found[key]) and 0 <= found[key] < 1e9):
            raise InputError(f"{name}: {key} must be a number of pixels, at least 0")
    colour = found["colour"]
    if not (isinstance(colour, str) and HEX.fullmatch(colour)):
        raise InputError(f"{name}: colour must be written as #rrggbb")
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return Point(found["x"], found["y"], (red, green, blue))


class HintedPredictor(Predictor):
    """A `Predictor` for networks that take hints; it takes colours at some points and can also draw samples.

    Args:
        task: a trained task with `degradation=hints` and an answer that predicts classes.
        arguments: the arguments of `Predictor`.
        points: the hints; each becomes one pixel at the size at which colours are predicted.

    Raises:
        UsageError: a value that is not allowed, or another kind of task.
    """

    def __init__(self, task: RestorationTask, *arguments: Any, points: Sequence[Point] = ()) -> None:
        check_joint(task, "hints" if points else "samples")
        super().__init__(task, *arguments)
        self.points = points
        self._full = (0, 0)  # width and height of the photograph that the points are in

    def __call__(self, photograph: Image.Image, advance: Advance = lambda share: None) -> Image.Image:
        self._begin(photograph)
        return super().__call__(photograph, advance)

    def samples(
        self,
        photograph: Image.Image,
        count: int,
        *,
        rounds: int = 16,
        temperature: float = 1.0,
        order: str = "random",
        seed: int = 0,
    ) -> Iterator[Image.Image]:
        """Draw `count` coherent colourings, one after the other; see `colourize.joint.sampling.sample`.

        Raises:
            UsageError: a value that is not allowed, or a predictor that does not join colours with the photograph.
            InputError: the picture at the sampled size is too large.
        """
        check_count("samples", count)
        if not self.joins:
            raise UsageError("samples: are drawn at the trained size; must be with join=luminance")
        self._begin(photograph)
        low = self._low(photograph, self.sizes[0])
        if low.width * low.height > WHOLE:
            raise InputError(f"{low.width}×{low.height} pixels: too many to be sampled; size=… takes fewer")
        inputs = self._inputs(low, Box(0, low.height, 0, low.width))
        draws = Draws(torch.zeros(1, dtype=torch.int64), seed=seed, epoch=0, stage="predict", purpose="samples")
        for _ in range(count):
            classes = sample(self.task, inputs, draws, rounds=rounds, temperature=temperature, order=order)
            yield self._over(photograph, [(low, self.task.answer.picture_of_classes(classes, inputs))])

    def _begin(self, photograph: Image.Image) -> None:
        width, height = self._full = photograph.size
        for number, point in enumerate(self.points, 1):
            if point.x >= width or point.y >= height:
                raise InputError(
                    f"hints: point {number} (x={point.x:g}, y={point.y:g}) lies outside of {width}×{height} pixels"
                )

    def _inputs(self, photograph: Image.Image, box: Box) -> Tensor:
        inputs = super()._inputs(photograph, box)
        degradation = self.task.degradation
        assert isinstance(degradation, Hints)
        chroma, mask = degradation.chroma_in(inputs), torch.zeros_like(inputs[:, :1], dtype=torch.bool)
        for point in self.points:
            row = int(point.y * photograph.height / self._full[1]) - box.top
            column = int(point.x * photograph.width / self._full[0]) - box.left
            if 0 <= row < inputs.shape[2] and 0 <= column < inputs.shape[3]:
                colour = torch.tensor(point.colour, device=inputs.device).view(1, 3, 1, 1)
                known = degradation.known_chroma(colour, inputs[:, :1, row : row + 1, column : column + 1])
                chroma[:, :, row, column], mask[:, :, row, column] = known[:, :, 0, 0], True
        return with_hints(inputs[:, :1], chroma, mask)
