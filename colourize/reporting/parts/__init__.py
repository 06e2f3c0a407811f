"""What the sections of some questions have besides: each part is named in `question.parts` of its experiment's file."""

from __future__ import annotations

from collections.abc import Callable

from colourize.reporting.elements import Element
from colourize.reporting.parts.agreement import agreement
from colourize.reporting.parts.architecture import activations, block_orders, layers
from colourize.reporting.parts.context import Context
from colourize.reporting.parts.training import batches, effects, epochs

PARTS: dict[str, Callable[[Context], list[Element]]] = {
    each.__name__: each for each in (layers, epochs, batches, effects, activations, block_orders, agreement)
}
__all__ = ["PARTS", "Context"]
