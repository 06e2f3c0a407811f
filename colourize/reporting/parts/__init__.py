"""What the sections of some questions have besides: each part is named in `question.parts` of its experiment's file."""

from __future__ import annotations

from collections.abc import Callable

from colourize.reporting.agreement import agreement
from colourize.reporting.elements import Element
from colourize.reporting.parts.architecture import block_orders, layers
from colourize.reporting.parts.colours import colour_pairs, distributions, reliability
from colourize.reporting.parts.context import Context
from colourize.reporting.parts.feature_maps import activations
from colourize.reporting.parts.larger_pictures import larger_pictures
from colourize.reporting.parts.temperatures import temperatures
from colourize.reporting.parts.training import batches, effects, epochs

PARTS: dict[str, Callable[[Context], list[Element]]] = {
    "layers": layers,
    "epochs": epochs,
    "colour_pairs": colour_pairs,
    "distributions": distributions,
    "reliability": reliability,
    "batches": batches,
    "activations": activations,
    "effects": effects,
    "block_orders": block_orders,
    "agreement": agreement,
    "larger_pictures": larger_pictures,
    "temperatures": temperatures,
}
__all__ = ["PARTS", "Context"]
