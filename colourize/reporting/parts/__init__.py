"""Further parts of some sections, by their names in `question.parts` of experiments' files."""

from __future__ import annotations

from collections.abc import Callable

from colourize.reporting.agreement import agreement
from colourize.reporting.context import Context, Element
from colourize.reporting.joint import hints
from colourize.reporting.parts.colours import colour_pairs, distributions, reliability
from colourize.reporting.parts.epochs_and_batches import batches, effects, epochs
from colourize.reporting.parts.larger_pictures import larger_pictures
from colourize.reporting.parts.networks import activations, block_orders, layers
from colourize.reporting.parts.temperatures import temperatures

FUNCTIONS: list[Callable[[Context], list[Element]]] = [
    *(layers, epochs, colour_pairs, distributions, reliability, batches, activations, effects, block_orders),
    *(agreement, larger_pictures, temperatures, hints),
]
PARTS = {part.__name__: part for part in FUNCTIONS}
