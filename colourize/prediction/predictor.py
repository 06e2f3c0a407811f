"""Applies a trained network to photographs of any size; memory is needed for the photograph, its result and a piece."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colourize.configuration import as_list
from colourize.degradations import Degradation, Grey
from colourize.errors import InputError, UsageError, check_count
from colourize.machine.precision import refuse_mps
from colourize.models.baselines import Baseline
from colourize.prediction.tiles import Box, boxes, halo_of, multiple_of
from colourize.prediction.upsampling import bilinear, joint_bilateral
from colourize.tasks.restoration import RestorationTask
from colourize.tasks.symmetry_averaging import check_symmetries

JOINS = ("luminance", "none")
UPSAMPLINGS = ("joint_bilateral", "bilinear")
ENTROPY = "entropy"  # how uncertain the network is, from 0 (black) to the entropy of equally likely classes (white)
JOINED = 512  # side in pixels of the pieces in which colours are joined with a photograph
WHOLE = 2**21  # maximum number of pixels of a picture for a network that cannot work in pieces
LONGEST = 32  # the longer side of an enlarged picture is at most this multiple of the trained size

Advance = Callable[[float], None]  # called with the share of a photograph that was done since the last call


class Predictor:
    """A function from photographs to the network's pictures.

    Args:
        task: a trained task.
        join: "luminance": colours are predicted at the trained size, enlarged, and joined with the photograph (see
            `Degradation.join`); the network's input, a grey or lightness, is kept exactly. "none", or a degradation
            without `join`: the network sees the photograph at its full size.
        picture: the name of the decoded picture, such as "prediction" or "expected"; "auto": the mean of the
            distribution if there is one; "entropy": a classifier's uncertainty at each pixel, as grey.
        size: the shorter side, in pixels, at which colours are predicted; with several, the mean of their results is
            taken; None: the trained size.
        tile: the maximum side of a network's input, in pixels, without its halo.
        device: "auto", "cpu", "cuda", …
        test_time_symmetries: the number of symmetric inputs whose outputs are averaged, see
            `tasks.symmetry_averaging`.
        upsampling: how colours are enlarged: "joint_bilateral", along the photograph's own edges, or "bilinear".

    Attributes:
        factor: the scale factor of a result.
        joins: whether results are joined with the photograph.

    Raises:
        UsageError: a value that is not allowed, or a task whose network makes no picture from a photograph.
    """

    def __init__(
        self,
        task: RestorationTask,
        join: str = "luminance",
        picture: str = "auto",
        size: int | Sequence[int] | None = None,
        tile: int = 256,
        device: str = "auto",
        test_time_symmetries: int = 1,
        upsampling: str = "joint_bilateral",
    ) -> None:
        if upsampling not in UPSAMPLINGS:
            raise UsageError(f"upsampling={upsampling}: must be one of {', '.join(UPSAMPLINGS)}")
        if join not in JOINS:
            raise UsageError(f"join={join}: must be one of {', '.join(JOINS)}")
        check_count("tile", tile, least=32, most=8192)
        check_task(task)
        self.task = task.eval()
        self.upsampling = upsampling
        check_symmetries(test_time_symmetries)
        if test_time_symmetries > 1 and isinstance(task.model, Baseline):
            raise UsageError(f"test_time_symmetries={test_time_symmetries}: {type(task.model).__name__} is no network")
        self.task.test_time_symmetries = test_time_symmetries
        self.factor = task.degradation.inputs_of(torch.zeros(1, 3, 8, 8)).shape[-1] // 8
        self.picture = self._which(picture)
        self.joins = join == "luminance" and type(task.degradation).join is not Degradation.join
        trained = task.hparams["size"]
        if self.joins and size is None and not trained:
            raise UsageError("size: missing; the checkpoint does not say at which size its network was trained")
        self.sizes = as_list(min(trained or [4]) if size is None else size)
        if not self.sizes:
            raise UsageError("size=[]: must have at least one number of pixels, or be null")
        for each in self.sizes:
            check_count("size", each, least=4, most=8192)
        self._step = multiple_of(task) // math.gcd(multiple_of(task), self.factor)  # of the photograph's own pixels
        self.side = max(tile // self.factor // self._step, 1) * self._step
        self.device = choose_device(device)
        self.task.to(self.device)

    @cached_property
    def halo(self) -> int | None:
        """The number of pixels around a piece on which its outputs depend; None: all pixels of the photograph."""
        halo = halo_of(self.task.cpu(), self.factor)
        self.task.to(self.device)
        return None if halo is None else math.ceil(halo / self.factor / self._step) * self._step

    def __call__(self, photograph: Image.Image, advance: Advance = lambda share: None) -> Image.Image:
        """The result for an RGB photograph: RGB, `factor` times as large.

        Raises:
            InputError: the photograph or its result is too large.
        """
        width, height = photograph.size
        limit = Image.MAX_IMAGE_PIXELS
        if limit is not None and width * height * self.factor**2 > limit:
            size = f"{width * self.factor}×{height * self.factor} pixels"
            raise InputError(f"would become {size}; more than {limit // 10**6} million are not made")
        if self.joins:
            return self._joined(photograph, advance)
        result = Image.new("RGB", (width * self.factor, height * self.factor))
        for box, predicted in self._tiles(photograph, advance):
            result.paste(self._image(predicted), (box.left, box.top))
        return result

    @torch.no_grad()
    def _tiles(self, photograph: Image.Image, advance: Advance) -> Iterator[tuple[Box, Tensor]]:
        """The network's picture in pieces: the box in the result, and the pixels, (1, 3, h, w) in [0, 1]."""
        width, height = photograph.size
        in_one = max(width, height) <= self.side
        side, halo = self.side, 0 if in_one else self.halo
        if halo is None:
            if width * height * self.factor**2 > WHOLE:
                raise InputError(
                    f"{width}×{height} pixels: {type(self.task.model).__name__} must see all of a picture at once, "
                    f"and gets no more than {WHOLE / 10**6:.0f} million pixels"
                )
            side, halo = max(width, height), 0
        for box in boxes(height, width, side):
            outer = box.grown(halo, height, width)
            inputs = self._inputs(photograph, outer)
            predicted = self._read(self.task(inputs).float(), inputs)
            rows, columns = box.scaled(self.factor).within(outer.scaled(self.factor))
            yield box.scaled(self.factor), predicted[..., rows, columns].float()
            advance((box.bottom - box.top) * (box.right - box.left) / (width * height))

    def _inputs(self, photograph: Image.Image, box: Box) -> Tensor:
        """The network's input for a part of a picture, (1, in_channels, h, w)."""
        return self.task.degradation.inputs_of(self._tensor(photograph, box))

    def _read(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """The chosen picture, decoded from outputs, (1, 3, h, w)."""
        if self.picture == ENTROPY:
            shares = outputs.log_softmax(1)
            entropy = -(shares.exp() * shares).sum(1, keepdim=True) / math.log(outputs.shape[1])
            return entropy.expand(-1, 3, -1, -1)
        return self.task.pictures(outputs, inputs)[self.picture]

    @torch.no_grad()
    def _joined(self, photograph: Image.Image, advance: Advance) -> Image.Image:
        """Colours predicted at small sizes, over the photograph itself."""
        small = []
        for size in self.sizes:
            low = self._low(photograph, size)
            colours = torch.zeros(1, 3, low.height, low.width, device=self.device)
            for box, predicted in self._tiles(low, lambda share: advance(share / 2 / len(self.sizes))):
                colours[..., box.top : box.bottom, box.left : box.right] = predicted
            small.append((low, colours))
        joins = self.picture != ENTROPY
        return self._over(photograph, small, lambda share: advance(share / 2), joins=joins)

    def _low(self, photograph: Image.Image, size: int) -> Image.Image:
        """The photograph at a size at which colours are predicted."""
        return photograph.resize(low_size(*photograph.size, size), Image.Resampling.LANCZOS)  # as `middle_square`

    @torch.no_grad()
    def _over(
        self,
        photograph: Image.Image,
        small: Sequence[tuple[Image.Image, Tensor]],
        advance: Advance = lambda share: None,
        *,
        joins: bool = True,
    ) -> Image.Image:
        """Colours of small photographs, enlarged, averaged, and joined with the photograph unless `joins` is False.

        Args:
            small: the photograph at a small size, and its colours (1, 3, h, w), for each size.
        """
        width, height = photograph.size
        result = Image.new("RGB", photograph.size)
        lightness = [self._lightness(self._tensor(low, Box(0, low.height, 0, low.width))) for low, _ in small]
        for box in boxes(height, width, JOINED):
            own = self._tensor(photograph, box)
            if joins and self.upsampling == "joint_bilateral":
                parts = [
                    joint_bilateral(colours, low, self._lightness(own), height, width, box)
                    for low, (_, colours) in zip(lightness, small, strict=True)
                ]
            else:
                parts = [bilinear(colours, height, width, box) for _, colours in small]
            part = torch.stack(parts).mean(0)
            if joins:
                part = join(self.task.degradation, part, own, 255 / self.task.divisor)
            result.paste(self._image(part), (box.left, box.top))
            advance((box.bottom - box.top) * (box.right - box.left) / (width * height))
        return result

    def _lightness(self, picture: Tensor) -> Tensor:
        """The network's input for a picture (1, 3, h, w), without hints: its grey or its lightness, (1, 1, h, w)."""
        return self.task.degradation.inputs_of(picture)[:, :1]

    def _tensor(self, photograph: Image.Image, box: Box) -> Tensor:
        """A part of a photograph as a tensor with the network's divisor, (1, 3, h, w)."""
        part = np.array(photograph.crop((box.left, box.top, box.right, box.bottom)))
        return torch.from_numpy(part).to(self.device).movedim(-1, 0)[None].float() / self.task.divisor

    def _image(self, picture: Tensor) -> Image.Image:
        levels = (picture[0] * self.task.divisor).round().clamp(0, 255).to(torch.uint8)
        return Image.fromarray(levels.movedim(0, -1).cpu().numpy())

    def _which(self, picture: Any) -> str:
        """The name of the picture to decode."""
        inputs = self.task.degradation.inputs_of(torch.zeros(1, 3, 4, 4))
        outputs = inputs.new_zeros(1, self.task.answer.out_channels, *inputs.shape[2:])
        names = list(self.task.pictures(outputs, inputs))
        if self.task.answer.kind == "classes" and not self.task.reads_classes:
            names.append(ENTROPY)
        if picture == "auto":
            return "expected" if "expected" in names else names[0]
        if picture not in names:
            raise UsageError(f"picture={picture}: must be auto, or what this network gives: {', '.join(names)}")
        return str(picture)


def low_size(width: int, height: int, size: int) -> tuple[int, int]:
    """(width, height) of the network's input for a photograph, whose shorter side becomes `size`."""
    scale = size / min(width, height)
    sides = (max(round(side * scale), 1) for side in (width, height))
    most = max(width, height, LONGEST * size)  # a limit for pictures of a few rows
    low_width, low_height = (min(side, most) for side in sides)
    return low_width, low_height


def join(degradation: Degradation, colours: Tensor, picture: Tensor, white: float = 1.0) -> Tensor:
    """`Degradation.join` for pictures of equal size; over grey, colours that would be clipped are made paler.

    This keeps the grey and the hue exactly.
    """
    if isinstance(degradation, Grey):
        grey, own = degradation(picture), degradation(colours)
        chroma = colours - own
        room = torch.where(chroma > 0, white - grey, grey).clamp(min=0)
        share = (room / chroma.abs().clamp(min=1e-6)).amin(1, keepdim=True).clamp(max=1)
        colours = own + share * chroma
    return degradation.join(colours, picture)


def check_task(task: RestorationTask) -> None:
    """Raise a UsageError for a task without pictures, or whose network does not accept degraded pictures."""
    if not task.answer.per_pixel:
        raise UsageError(f"checkpoint: its answer, {type(task.answer).__name__}, is no picture")
    if isinstance(task.model, Baseline) and task.model.sees_truth:
        raise UsageError(f"checkpoint: {type(task.model).__name__} answers with the true picture, which is not known")
    try:
        task.degradation.inputs_of(torch.zeros(1, 3, 8, 8))
    except TypeError:
        name = type(task.degradation).__name__
        raise UsageError(f"checkpoint: its degradation, {name}, accepts no degraded picture") from None


def choose_device(device: Any) -> torch.device:
    """The device with this name; "auto" is a GPU if there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    refuse_mps("device", str(device))
    try:
        chosen = torch.device(str(device))
        torch.zeros(1, device=chosen)
    except (RuntimeError, AssertionError) as error:
        allowed = "auto, cpu, or a device of this machine, such as cuda"
        raise UsageError(f"device={device}: must be {allowed}") from error
    return chosen
