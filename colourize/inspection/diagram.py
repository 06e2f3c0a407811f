"""The diagram of a network as SVG: blocks from top to bottom, further right for lower resolutions.

Skip connections run on the left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from textwrap import wrap

from colourize.inspection.layers import WORDS, kernel, shape_text
from colourize.inspection.tracing import INPUT, Call, Trace, blocks

LINE, PAD, GAP = 15, 8, 20  # height of a line; padding around text; gap between boxes
LETTER = 6.4  # approximate width of a letter
STEP = 30  # indentation for each lower resolution
LANE = 12  # distance between skip connections
LONGEST = 64  # maximum number of letters in a line
INK, WAY, SKIP, BLOCK, GIVEN = "#1e1e1e", "#555555", "#b8590b", "#e8f0f8", "#f4f4f4"


def diagram(trace: Trace, title: str | None = None) -> str:
    """A network's diagram as SVG, with real text, a label and no ids; the name is `title` or the network's class."""
    parts = blocks(trace)
    names = ["input", *(each.name for each in parts)]
    shapes = [trace.input, *(each.calls[-1].output for each in parts)]
    lines = [[], *(wrap(" · ".join(map(_words, each.calls)), LONGEST) for each in parts)]
    areas = [math.prod(shape[1:]) for shape in shapes]
    levels = [sorted(set(areas), reverse=True).index(area) for area in areas]
    ways = [(start - INPUT, end) for end, each in enumerate(parts, 1) for start in each.sources]
    lanes = _lanes([way for way in ways if way[1] - way[0] > 1])

    left = PAD + LANE * (max(lanes.values(), default=0) + 1)
    texts = [[f"{name}   {shape_text(shape)}", *more] for name, shape, more in zip(names, shapes, lines, strict=True)]
    wide = max(len(line) for each in texts for line in each) * LETTER + 2 * PAD
    xs = [left + STEP * level for level in levels]
    heights = [(1 + len(each)) * LINE + PAD for each in lines]
    tops = [34 + sum(heights[:place]) + GAP * place for place in range(len(heights))]
    name = title or trace.model
    heading = f"{name}: {sum(each.numel() for each in trace.parameters):,} parameters"
    width = max(max(xs) + wide + PAD, 2 * PAD + 8 * len(heading))
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Diagram of {escape(name)}" '
        f'viewBox="0 0 {width:g} {tops[-1] + heights[-1] + PAD:g}" width="{width:g}" '
        f'style="max-width: 100%; background: white" font-family="DejaVu Sans, Verdana, sans-serif" '
        f'font-size="11" fill="{INK}">',
        f"<title>Diagram of {escape(name)}</title>",
        _text(PAD, 20, heading, font_size=14),
    ]
    for place, (x, y) in enumerate(zip(xs, tops, strict=True)):
        svg += [
            f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{heights[place]:g}" rx="4" '
            f'fill="{BLOCK if place else GIVEN}" stroke="{WAY}"/>',
            _text(x + PAD, y + LINE, names[place], font_weight="bold"),
            _text(x + wide - PAD, y + LINE, shape_text(shapes[place]), fill=WAY, text_anchor="end"),
            *(_text(x + PAD, y + LINE * number, line) for number, line in enumerate(lines[place], 2)),
        ]
    for start, end in ways:
        if (start, end) in lanes:
            x = left + STEP * min(levels[start : end + 1]) - LANE * lanes[start, end]
            path = f"M{xs[start]:g} {tops[start] + heights[start] - 7:g}H{x:g}V{tops[end] + 9:g}H{xs[end] - 5:g}"
            svg.append(_arrow(path, xs[end], tops[end] + 9, SKIP, "-6,-3.5 -6,3.5"))
        else:
            x = max(xs[start], xs[end]) + 2 * GAP
            path = f"M{x:g} {tops[start] + heights[start]:g}V{tops[end] - 5:g}"
            svg.append(_arrow(path, x, tops[end], WAY, "-3.5,-6 3.5,-6"))
    return "\n".join([*svg, "</svg>", ""])


def _words(call: Call) -> str:
    """A layer in a few words: "conv 3×3, 32 → 64"."""
    kind = type(call.module).__name__
    words = f"{WORDS.get(kind, kind)} {kernel(call.module)}".strip()
    return f"{words}, {call.input[0]} → {call.output[0]}" if call.has_weights and call.input and call.output else words


def _lanes(skips: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The lane of each skip connection, from 1, outside all shorter connections that it overlaps."""
    lanes: dict[tuple[int, int], int] = {}
    for start, end in sorted(skips, key=lambda each: each[1] - each[0]):
        lanes[start, end] = 1 + max((n for (a, b), n in lanes.items() if a < end and start < b), default=0)
    return lanes


def _arrow(path: str, x: float, y: float, colour: str, back: str) -> str:
    """A path with an arrow head at (x, y); `back` are the head's other corners."""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        f'<polygon points="0,0 {back}" transform="translate({x:g} {y:g})" fill="{colour}"/>'
    )


def _text(x: float, y: float, words: str, **style: object) -> str:
    attributes = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(words)}</text>'
