"""The layer table of a network (question A1): kernels, filters, shapes, weights, outputs, connections, operations."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from torch import nn

from colourize.inspection.blocks import WEIGHT_DIMENSIONS
from colourize.inspection.tracing import Node, Trace

NUMBERS = ("weights", "other", "outputs", "connections", "operations")
HEADINGS = ("layer", "kind", "kernel", "filters", "input", "output", *NUMBERS)
NOTE = (
    "Weights: those of convolutions and linear layers; other: biases, and scales and shifts of batch norms. Outputs: "
    "numbers that a layer answers with for one picture. Connections: pairs of an input and an output with a weight "
    "between them, borders of zeros included. Operations: multiplications and additions of these. All for one picture."
)


@dataclass(frozen=True)
class Layer:
    """A line of the table; input and output are shapes of one picture, channels×height×width.

    Attributes:
        kernel: such as "3×3", or "3×3, stride 2".
        filters: of a convolution, or outputs of a linear layer; None: it has none.
        weights: its parameters of two and more dimensions; other: those of one, biases, scales and shifts.
        connections, operations: None: it has no weights.
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
    """A line for each layer and each join in the order in which they are computed, without totals."""
    table = [_line(trace, node) for node in trace.nodes[1:]]
    own = [Layer(name or trace.model, "own parameters", other=count) for name, count in trace.own.items()]
    return table + own


def totals(table: Sequence[Layer]) -> list[Layer]:
    """Two lines: of everything, and of the layers with weights alone (convolutions, and linear layers)."""
    return [
        _sum("all layers", table),
        replace(_sum("convolutions alone", [each for each in table if each.filters]), kind=""),
    ]


def _sum(name: str, table: Sequence[Layer]) -> Layer:
    numbers: dict[str, Any] = {key: sum(getattr(each, key) or 0 for each in table) for key in NUMBERS}
    return Layer(name, "total", **numbers)


def _line(trace: Trace, node: Node) -> Layer:
    module = node.module
    name = ".".join(filter(None, [node.name, node.kind])) if module is None else node.name or trace.model
    given = [trace.nodes[source].shape for source in node.sources] if module is None else [node.given]
    shapes: dict[str, Any] = {
        "input": " + ".join(map(shape_text, given)),
        "output": shape_text(node.shape),
        "outputs": math.prod(node.shape),
    }
    if module is None:
        return Layer(name, node.kind, **shapes, operations=node.flops or None)
    again = f" (use {node.call + 1})" if node.call else ""
    parameters = [] if node.call else list(module.parameters())
    weights = sum(each.numel() for each in parameters if each.ndim >= WEIGHT_DIMENSIONS)
    filters = getattr(module, "out_channels", getattr(module, "out_features", None))
    return Layer(
        name + again, node.kind, kernel(module), filters, **shapes,
        weights=weights, other=sum(each.numel() for each in parameters) - weights,
        # Each product of an input and a weight is an operation, and its addition another.
        connections=node.flops // 2 if node.flops else None,
        operations=node.flops or None,
    )  # fmt: skip


def kernel(module: nn.Module) -> str:
    """The window of a layer in words: "3×3, stride 2", "2×2", "×2"; "" where it has none."""
    if isinstance(module, nn.Upsample):
        return f"×{module.scale_factor:g}" if isinstance(module.scale_factor, float) else f"×{module.scale_factor}"
    size, stride = getattr(module, "kernel_size", None), getattr(module, "stride", None)
    if size is None:
        return ""
    pools = not hasattr(module, "out_channels")
    usual = _pair(size) if pools else (1, 1)
    text = "×".join(map(str, _pair(size)))
    return text if stride is None or _pair(stride) == usual else f"{text}, stride {_pair(stride)[0]}"


def _pair(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def cells(layer: Layer) -> list[str]:
    """A line in texts, in the order of HEADINGS."""
    texts = []
    for key, value in asdict(layer).items():
        if value is None or (key in ("weights", "other") and not value):
            value = ""
        texts.append(f"{value:,}" if isinstance(value, int) else value)
    return texts


def shape_text(shape: Sequence[int]) -> str:
    """A shape as people write it: 32×16×16."""
    return "×".join(map(str, shape))


def markdown(table: Sequence[Layer]) -> str:
    """The table with its totals, and the definitions below it."""
    lines = [
        "| " + " | ".join(HEADINGS) + " |",
        "| --- | --- | --- | ---: | ---: | ---: |" + " ---: |" * len(NUMBERS),
        *("| " + " | ".join(cells(each)) + " |" for each in [*table, *totals(table)]),
    ]
    return "\n".join(lines) + f"\n\n{NOTE}\n"


def text(table: Sequence[Layer], title: str, width: int = 140) -> str:
    """The table as the terminal shows it, in columns of characters."""
    shown = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for heading in HEADINGS:
        right = heading in ("filters", "input", "output", *NUMBERS)
        shown.add_column(heading, justify="right" if right else "left", no_wrap=heading in NUMBERS)
    for each in table:
        shown.add_row(*cells(each))
    shown.add_section()
    for each in totals(table):
        shown.add_row(*cells(each))
    target = io.StringIO()
    console = Console(width=width, file=target)
    console.print(title, highlight=False)
    console.print(shown)
    console.print(NOTE, highlight=False)
    return target.getvalue()
