"""The diagram of a network as SVG, made from the network: blocks from left to right, each resolution on a level.

An encoder goes down and a decoder comes up again; skip connections run above the level at which they arrive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from colourize.inspection.blocks import Block, blocks, has_weights, is_join
from colourize.inspection.layers import kernel, shape_text
from colourize.inspection.tracing import Node, Trace

LINE, PAD = 15, 8  # of text, and around it
LETTER = 6.3  # how wide a letter of the small text is, about
GAP = 34  # between columns
LANE = 9  # between skip connections that run beside each other
LEVEL_GAP = 26
RADIUS = 13
COLOURS = {"block": "#e8f0f8", "input": "#f4f4f4", "join": "#fdf3e1"}
INK, WAY, SKIP = "#1e1e1e", "#555555", "#b8590b"
SIGNS = {"add": "+", "mul": "×"}
WORDS = {
    "BatchNorm2d": "batch norm", "MaxPool2d": "max-pool", "Upsample": "nearest", "Convolution2d": "conv",
    "Conv2d": "conv", "ConvTranspose2d": "transposed conv", "Linear": "linear",
}  # fmt: skip


@dataclass
class _Box:
    """What is drawn of a block, and where its centre is."""

    lines: list[str]
    kind: str
    level: int
    width: float
    height: float
    x: float = 0
    y: float = 0


def diagram(trace: Trace, title: str | None = None) -> str:
    """The SVG of a network's diagram, with text that stays text; it has a label and no ids, to be put into a page.

    Args:
        title: what it is called by; None: by its class.
    """
    parts = blocks(trace)
    number = {0: 0} | {node: place for place, block in enumerate(parts, 1) for node in block.nodes}
    sources = {place: _sources(trace, block, number) for place, block in enumerate(parts, 1)}
    boxes = [_box(["input", shape_text(trace.nodes[0].shape)], "input", 0), *(_of(trace, block) for block in parts)]
    levels = {
        size: level for level, size in enumerate(sorted({_places(trace, block) for block in parts}, reverse=True))
    }
    for block, box in zip(parts, boxes[1:], strict=True):
        box.level = levels[_places(trace, block)]
    boxes[0].level = levels.get(_area(trace.nodes[0]), 0)
    skips = [(start, end) for end, starts in sources.items() for start in starts if start != end - 1]
    lanes = _lanes(skips, boxes)
    width, height, tops = _place(boxes, lanes)
    name = title or trace.model
    parameters = _parameters(trace)
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Diagram of {escape(name)}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="11" fill="{INK}">',
        f"<title>Diagram of {escape(name)}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
        _text(PAD, 20, f"{name}: {parameters:,} parameters", size=14, anchor="start"),
    ]
    for end, starts in sources.items():
        svg += [_arrow(boxes[start], boxes[end]) for start in starts if start == end - 1]
    for (start, end), lane in lanes.items():
        y = tops[boxes[end].level] - LANE * lane - 8
        svg.append(_skip(boxes[start], boxes[end], y))
    for box in boxes:
        svg += _draw(box)
    return "\n".join([*svg, "</svg>", ""])


def _sources(trace: Trace, block: Block, number: dict[int, int]) -> list[int]:
    """The boxes that a block reads."""
    return list(dict.fromkeys(number[source] for source in trace.nodes[block.nodes[0]].sources))


def _area(node: Node) -> int:
    return math.prod(node.shape[1:]) if len(node.shape) > 1 else 1


def _places(trace: Trace, block: Block) -> int:
    """The resolution that a block answers at, which is its level."""
    return _area(trace.nodes[block.last])


def _parameters(trace: Trace) -> int:
    modules = {id(node.module): node.module for node in trace.nodes if node.module is not None}
    return sum(each.numel() for module in modules.values() for each in module.parameters()) + sum(trace.own.values())


def _of(trace: Trace, block: Block) -> _Box:
    nodes = [trace.nodes[number] for number in block.nodes]
    last = shape_text(nodes[-1].shape)
    if is_join(nodes[0]):
        return _Box([SIGNS.get(nodes[0].kind, nodes[0].kind), last], "join", 0, 2 * RADIUS, 2 * RADIUS)
    return _box([block.name, *map(_told, nodes), last], "block", 0)


def _box(lines: list[str], kind: str, level: int) -> _Box:
    width = max(map(len, lines)) * LETTER + 2 * PAD
    return _Box(lines, kind, level, max(60.0, width), len(lines) * LINE + PAD)


def _told(node: Node) -> str:
    """A layer in few words: "3×3 conv, 32 → 64"."""
    if node.module is None:
        return node.kind
    word, window = WORDS.get(node.kind, node.kind), kernel(node.module)
    if not has_weights(node):
        return f"{word} {window}".strip()
    size, _, stride = window.partition(", ")
    changed = f"{node.given[0]} → {node.shape[0]}" if node.given else ""
    return ", ".join(filter(None, [f"{size} {word}".strip(), stride, changed]))


def _lanes(skips: Sequence[tuple[int, int]], boxes: Sequence[_Box]) -> dict[tuple[int, int], int]:
    """Which of the lines above a level each skip runs on: those that overlap run beside each other."""
    lanes: dict[tuple[int, int], int] = {}
    for start, end in sorted(skips, key=lambda each: each[1] - each[0]):
        beside = [
            lane for (one, other), lane in lanes.items()
            if boxes[other].level == boxes[end].level and one < end and start < other
        ]  # fmt: skip
        lanes[start, end] = next(lane for lane in range(len(lanes) + 1) if lane not in beside)
    return lanes


def _place(boxes: Sequence[_Box], lanes: dict[tuple[int, int], int]) -> tuple[float, float, list[float]]:
    """Give each box its place; returns the size of the whole, and the upper end of each level."""
    x = float(PAD)
    for box in boxes:
        own = max(box.width, len(box.lines[-1]) * LETTER if box.kind == "join" else 0)
        box.x = x + own / 2
        x += own + GAP
    y, tops = 34.0, []
    for level in range(max(box.level for box in boxes) + 1):
        here = [box for box in boxes if box.level == level]
        over = [lane for (_, end), lane in lanes.items() if boxes[end].level == level]
        y += (max(over) + 1) * LANE + 6 if over else 0
        height = max((box.height for box in here), default=0)
        tops.append(y)
        for box in here:
            box.y = y + height / 2
        y += height + LEVEL_GAP
    return x - GAP + PAD, y - LEVEL_GAP + PAD, tops


def _arrow(start: _Box, end: _Box) -> str:
    """From one box to the next column's."""
    left, right = start.x + start.width / 2, end.x - end.width / 2
    middle = right - GAP / 2
    path = f"M{left:g} {start.y:g}H{middle:g}V{end.y:g}H{right - 5:g}"
    return f'<path d="{path}" fill="none" stroke="{WAY}"/>' + _head(right, end.y, WAY, "right")


def _skip(start: _Box, end: _Box, y: float) -> str:
    """Up from a box, along above the level, and down to the join."""
    from_above = start.y > y
    edge = start.y - start.height / 2 if from_above else start.y + start.height / 2
    top = end.y - end.height / 2
    path = f"M{start.x:g} {edge:g}V{y:g}H{end.x:g}V{top - 5:g}"
    return f'<path d="{path}" fill="none" stroke="{SKIP}" stroke-width="1.5"/>' + _head(end.x, top, SKIP, "down")


def _head(x: float, y: float, colour: str, way: str) -> str:
    back = [(-6, -3.5), (-6, 3.5)] if way == "right" else [(-3.5, -6), (3.5, -6)]
    points = " ".join(f"{x + dx:g},{y + dy:g}" for dx, dy in [(0, 0), *back])
    return f'<polygon points="{points}" fill="{colour}"/>'


def _draw(box: _Box) -> list[str]:
    left, top = box.x - box.width / 2, box.y - box.height / 2
    if box.kind == "join":
        circle = f'<circle cx="{box.x:g}" cy="{box.y:g}" r="{RADIUS}" fill="{COLOURS["join"]}" stroke="{SKIP}"/>'
        below = _text(box.x, box.y + RADIUS + 13, box.lines[1], colour=WAY)
        return [circle, _text(box.x, box.y + 4, box.lines[0], size=11), below]
    shape = (
        f'<rect x="{left:g}" y="{top:g}" width="{box.width:g}" height="{box.height:g}" rx="4" '
        f'fill="{COLOURS[box.kind]}" stroke="{WAY}"/>'
    )
    texts = []
    for number, line in enumerate(box.lines):
        y = top + LINE * (number + 1) - 1
        first, last = number == 0, number == len(box.lines) - 1
        texts.append(_text(box.x, y, line, bold=first, colour=WAY if last and not first else INK))
    return [shape, *texts]


def _text(
    x: float, y: float, words: str, *, size: int = 11, bold: bool = False, colour: str = INK, anchor: str = "middle"
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>'
        f"{escape(words)}</text>"
    )
