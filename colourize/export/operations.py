"""Converts torch's operations to those of a graph: which of them can be exported, and with which settings.

Each function below takes the arguments of one ATen operation and its output, and returns a `Step`. All tensors are
pictures or feature maps, (1, C, H, W). A graph has these operations:

| op | settings and tensors |
| --- | --- |
| conv | weight (O, C / groups, kh, kw), bias (O,), stride, padding, dilation (rows, columns), groups |
| conv_transpose | weight (C, O / groups, kh, kw), bias (O,), stride, padding, output_padding, groups |
| affine | scale (C,) and shift (C,), channel by channel |
| relu, sigmoid, tanh, silu, leaky_relu (slope), clamp (least, most) | elementwise |
| add, subtract, multiply, divide, concat | for values of one size; concat along the channels |
| max_pool, avg_pool | kernel and stride (rows, columns); incomplete windows are left out |
| nearest, bilinear | factor, an integer; bilinear as with `align_corners=False` |
| shuffle, unshuffle | factor: `F.pixel_shuffle` and its inverse |
| pad | sides (left, right, top, bottom), mode zeros, reflect or replicate |
| crop | sides, as for pad |
| every | rows, columns: keeps every `rows`th row and every `columns`th column |
| channels | start, stop |
| lookup | table (levels, O): the row for each pixel's level, the first channel, in 0 … 1 |
| mirror | continues a picture by its mirror image, see `substitutes.Continued` |
| fit | the first of two values, cropped at the bottom and right to the size of the second |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor


class RefusedError(Exception):
    """The reason why something cannot be exported, in a few words."""


@dataclass(frozen=True)
class Step:
    """An operation, and the tensors that it reads; without a name it is the identity."""

    op: str
    reads: Sequence[Tensor]
    settings: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)


PASSED_ON = ("alias", "detach", "clone", "contiguous", "lift_fresh", "_to_copy", "dropout")


def convert(name: str, arguments: Sequence[Any], options: dict[str, Any], output: Tensor) -> Step:
    """The step of an ATen operation with this name, such as "convolution".

    Raises:
        RefusedError: the operation cannot be exported.
    """
    if name in PASSED_ON and output.dtype == torch.float32:  # a conversion to integers would change values
        return Step("", arguments[:1])
    if name not in CONVERTERS:
        raise RefusedError(f"{name} cannot be exported")
    return CONVERTERS[name](output, *arguments, **options)


def _convolution(
    output: Tensor, inputs: Tensor, weight: Tensor, bias: Tensor | None, stride: list[int], padding: list[int],
    dilation: list[int], transposed: bool, output_padding: list[int], groups: int,
) -> Step:  # fmt: skip
    if transposed and tuple(dilation) != (1, 1):
        raise RefusedError("a dilated transposed convolution cannot be exported")
    tensors = {"weight": weight, "bias": torch.zeros(output.shape[1]) if bias is None else bias}
    settings = {"stride": tuple(stride), "padding": tuple(padding), "groups": groups}
    if transposed:
        return Step("conv_transpose", [inputs], {**settings, "output_padding": tuple(output_padding)}, tensors)
    return Step("conv", [inputs], {**settings, "dilation": tuple(dilation)}, tensors)


def _batch_norm(
    output: Tensor, inputs: Tensor, weight: Tensor | None, bias: Tensor | None, mean: Tensor, variance: Tensor,
    *others: Any,
) -> Step:  # fmt: skip
    scale = (variance + others[-1]).rsqrt() * (1 if weight is None else weight)  # ε comes last in every form
    return Step("affine", [inputs], {}, {"scale": scale, "shift": (0 if bias is None else bias) - mean * scale})


def _max_pool(
    output: Tensor, inputs: Tensor, kernel: list[int], stride: Sequence[int] = (), padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> Step:  # fmt: skip
    return _pool("max_pool", inputs, kernel, stride, _is(padding, 0) and _is(dilation, 1) and not ceil_mode)


def _avg_pool(
    output: Tensor, inputs: Tensor, kernel: list[int], stride: Sequence[int] = (), padding: Any = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor: int | None = None,
) -> Step:  # fmt: skip
    return _pool("avg_pool", inputs, kernel, stride, _is(padding, 0) and not ceil_mode and divisor is None)


def _pool(op: str, inputs: Tensor, kernel: Sequence[int], stride: Sequence[int], plain: bool) -> Step:
    if not plain:
        raise RefusedError("pooling with padding, dilation, a divisor or incomplete windows cannot be exported")
    return Step(op, [inputs], {"kernel": tuple(kernel), "stride": tuple(stride or kernel)})


def _is(value: Any, number: int) -> bool:
    return all(each == number for each in (value if isinstance(value, Sequence) else [value]))


def _enlarged(op: str) -> Callable[..., Step]:
    def convert(output: Tensor, inputs: Tensor, size: Any, *others: Any) -> Step:
        if op == "bilinear" and others and others[0] is True:
            raise RefusedError("enlarging with align_corners cannot be exported")
        rows, columns = (large / small for large, small in zip(output.shape[2:], inputs.shape[2:], strict=True))
        if rows != columns or rows != int(rows):
            raise RefusedError("enlarging by anything but a whole factor cannot be exported")
        return Step(op, [inputs], {"factor": int(rows)})

    return convert


def _shuffle(op: str) -> Callable[..., Step]:
    return lambda output, inputs, factor: Step(op, [inputs], {"factor": factor})


def _pad(mode: str) -> Callable[..., Step]:
    def convert(output: Tensor, inputs: Tensor, sides: Sequence[int], value: float = 0) -> Step:
        if len(sides) != 4 or value != 0 or min(sides) < 0:
            raise RefusedError("padding other than with zeros at the four sides cannot be exported")
        return Step("pad", [inputs], {"sides": tuple(sides), "mode": mode})

    return convert


def _slice(output: Tensor, inputs: Tensor, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Step:
    size = inputs.shape[dim]
    if output.shape == inputs.shape:
        return Step("", [inputs])
    start, stop, _ = slice(start, end).indices(size)
    if dim == 1 and step == 1:
        return Step("channels", [inputs], {"start": start, "stop": stop})
    if dim in (2, 3) and step == 1:
        sides = (0, 0, start, size - stop) if dim == 2 else (start, size - stop, 0, 0)
        return Step("crop", [inputs], {"sides": sides})
    if dim in (2, 3) and (start, stop) == (0, size):
        return Step("every", [inputs], {"rows": step if dim == 2 else 1, "columns": step if dim == 3 else 1})
    raise RefusedError("this kind of slice cannot be exported")


def _concat(output: Tensor, parts: Sequence[Tensor], dim: int = 0) -> Step:
    if dim not in (1, -3):
        raise RefusedError("concatenation along other things than channels cannot be exported")
    return Step("concat", parts)


def _arithmetic(op: str) -> Callable[..., Step]:
    def convert(output: Tensor, one: Any, other: Any, *, alpha: float = 1, rounding_mode: Any = None) -> Step:
        if alpha != 1 or rounding_mode is not None:
            raise RefusedError("arithmetic with a factor or with rounding cannot be exported")
        if not any(_varies_by_channel(each, output) for each in (one, other)):
            if one.shape != other.shape:
                raise RefusedError("arithmetic of values of different sizes cannot be exported")
            return Step(op, [one, other])
        if _varies_by_channel(one, output):
            if op in ("subtract", "divide"):
                raise RefusedError("a constant from which something is subtracted, or divided, cannot be exported")
            one, other = other, one
        constant = torch.as_tensor(other, dtype=torch.float32).reshape(-1).expand(output.shape[1]).clone()
        ones, zeros = torch.ones_like(constant), torch.zeros_like(constant)
        scale, shift = {
            "add": (ones, constant), "subtract": (ones, -constant),
            "multiply": (constant, zeros), "divide": (1 / constant, zeros),
        }[op]  # fmt: skip
        return Step("affine", [one], {}, {"scale": scale, "shift": shift})

    return convert


def _varies_by_channel(value: Any, output: Tensor) -> bool:
    """Whether the value is one number, or one for each channel."""
    return not isinstance(value, Tensor) or value.numel() == 1 or value.shape == (1, output.shape[1], 1, 1)


def _of_each_number(op: str) -> Callable[..., Step]:
    return lambda output, inputs: Step(op, [inputs])


CONVERTERS: dict[str, Callable[..., Step]] = {
    "convolution": _convolution,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit_no_training": _batch_norm,
    **{op: _of_each_number(op) for op in ("relu", "sigmoid", "tanh", "silu")},
    "leaky_relu": lambda output, inputs, slope=0.01: Step("leaky_relu", [inputs], {"slope": slope}),
    "clamp": lambda output, inputs, least=None, most=None: Step("clamp", [inputs], {"least": least, "most": most}),
    "clamp_min": lambda output, inputs, least: Step("clamp", [inputs], {"least": least, "most": None}),
    "add": _arithmetic("add"),
    "sub": _arithmetic("subtract"),
    "mul": _arithmetic("multiply"),
    "div": _arithmetic("divide"),
    "cat": _concat,
    "max_pool2d_with_indices": _max_pool,
    "avg_pool2d": _avg_pool,
    "upsample_nearest2d": _enlarged("nearest"),
    "upsample_bilinear2d": _enlarged("bilinear"),
    "pixel_shuffle": _shuffle("shuffle"),
    "pixel_unshuffle": _shuffle("unshuffle"),
    "constant_pad_nd": _pad("zeros"),
    "reflection_pad2d": _pad("reflect"),
    "replication_pad2d": _pad("replicate"),
    "slice": _slice,
}
