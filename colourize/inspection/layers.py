"""The layer table of a network (question A1): kernels, filters, shapes, weights, outputs, connections, operations."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn

from colourize.inspection.tracing import WEIGHT_DIMENSIONS, Call, Trace

NUMBERS = ("weights", "other", "outputs", "connections", "operations")
NOTE = (
    "Weights: those of convolutions and linear layers, without biases. Outputs: numbers that a layer computes for "
    "one picture. Connections: pairs of an input and an output with a weight between them, borders of zeros included; "
    "each is two operations, a multiplication and an addition."
)
OTHER = "Other: biases, and the scales and shifts of batch norms."
WORDS = {
    "BatchNorm2d": "batch norm", "MaxPool2d": "max-pool", "Upsample": "upsample", "Convolution2d": "conv",
    "Conv2d": "conv", "ConvTranspose2d": "transposed conv", "Linear": "linear",
}  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """A row of the table; input and output are shapes of one picture, channels×height×width.

    Attributes:
        kernel: the window, such as "3×3" or "3×3, stride 2".
        filters: the number of filters of a convolution, or of outputs of a linear layer; None for other layers.
        weights, other: the number of parameters with at least two dimensions, and of others (biases, scales, shifts).
        connections, operations: their numbers; None for layers without weights.
    """

    layer: str
    kind: str
    kernel: str = ""
    filters: int | None = None
    input: str = ""
    output: str = ""
    weights: int = 0
    other: int = 0
    outputs: int = 0
    connections: int | None = None
    operations: int | None = None


def layers(trace: Trace) -> list[Layer]:
    """A row for each use of a layer, without totals, and a last row for anything that belongs to no layer."""
    table = [_line(trace, call) for call in trace.calls]
    used = {id(each) for call in trace.calls for each in call.module.parameters()}
    weights, other = _sizes(each for each in trace.parameters if id(each) not in used)
    operations = trace.flops - sum(call.flops for call in trace.calls)
    if weights or other or operations:
        table.append(Layer("elsewhere", "no layer", weights=weights, other=other, operations=operations or None))
    return table


def totals(table: Sequence[Layer]) -> list[Layer]:
    """Two rows of sums: over all layers, and over layers with weights (convolutions and linear layers)."""
    groups = {"all layers": table, "convolutions": [each for each in table if each.filters]}
    return [
        Layer(name, "total", **{key: sum(getattr(each, key) or 0 for each in group) for key in NUMBERS})  # type: ignore[arg-type]
        for name, group in groups.items()
    ]


def _line(trace: Trace, call: Call) -> Layer:
    module = call.module
    weights, other = _sizes(() if call.use else module.parameters())
    return Layer(
        (call.name or trace.model) + (f" (use {call.use + 1})" if call.use else ""), type(module).__name__,
        kernel(module), getattr(module, "out_channels", getattr(module, "out_features", None)),
        shape_text(call.input), shape_text(call.output), weights, other, math.prod(call.output),
        call.flops // 2 or None, call.flops or None,
    )  # fmt: skip


def _sizes(parameters: Iterable[nn.Parameter]) -> tuple[int, int]:
    """The sizes of parameters with at least two dimensions, and of the others."""
    sizes = [(each.ndim >= WEIGHT_DIMENSIONS, each.numel()) for each in parameters]
    return sum(size for is_weight, size in sizes if is_weight), sum(size for is_weight, size in sizes if not is_weight)


def kernel(module: nn.Module) -> str:
    """The window of a layer: "3×3, stride 2", "3×3, dilation 2", "2×2", "×2"; "" if it has none."""
    if isinstance(module, nn.Upsample) and module.scale_factor is not None:
        return f"×{module.scale_factor:g}"  # type: ignore[str-bytes-safe]
    size, stride = getattr(module, "kernel_size", None), getattr(module, "stride", None)
    if size is None:
        return ""
    usual = (1, 1) if hasattr(module, "out_channels") else _pair(size)  # by default, pooling moves by its own width
    text = shape_text(_pair(size))
    if (dilation := _pair(getattr(module, "dilation", 1))[0]) != 1:
        text += f", dilation {dilation}"
    return text if stride is None or _pair(stride) == usual else f"{text}, stride {_pair(stride)[0]}"


def _pair(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def shape_text(shape: Sequence[int]) -> str:
    """A shape as text: 32×16×16."""
    return "×".join(map(str, shape))


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else value or ""


def markdown(table: Sequence[Layer]) -> str:
    """The table as Markdown, with totals and definitions."""
    rows = [asdict(each) for each in [*table, *totals(table)]]
    lines = [[*rows[0]], ["---"] * 3 + ["---:"] * (len(rows[0]) - 3), *([*map(_cell, row.values())] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{NOTE} {OTHER}\n"


def text(table: Sequence[Layer], title: str) -> str:
    """The table for a terminal of 80 columns, without inputs and biases; operations are in the title."""
    from rich import box
    from rich.console import Console
    from rich.table import Column, Table

    columns = [Column(each, overflow="fold") for each in ("layer", "kind")]
    numeric = ("filters", "output", "weights", "outputs", "connections")
    columns += [Column(each, justify="right", no_wrap=True) for each in numeric]
    shown = Table(*columns, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    sums = totals(table)
    for each in [*table, *sums]:
        if each is sums[0]:
            shown.add_section()
        numbers = each.filters, each.output, each.weights or None, each.outputs or None, each.connections
        kind = f"{WORDS.get(each.kind, each.kind)} {each.kernel}".strip()
        shown.add_row(each.layer, kind, *map(_cell, numbers))
    target = io.StringIO()
    console = Console(width=80, file=target)
    parameters = f"{sums[0].weights + sums[0].other:,} parameters"
    console.print(f"{title}: {parameters}, {sums[0].operations:,} operations a picture", highlight=False)
    console.print(shown)
    console.print(f"{NOTE} More columns: layers.csv.", highlight=False)
    return target.getvalue()
