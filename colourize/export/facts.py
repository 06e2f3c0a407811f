"""Facts about a network that other programs need besides its weights, and its origin."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from colourize import __version__
from colourize.answers import RGB, AbBins, LabChroma, PaletteClasses
from colourize.degradations import Grey, Hints, LowResolution, Luminance
from colourize.degradations.hints import SCALE
from colourize.errors import InputError, UsageError
from colourize.runs.folders import read_measures
from colourize.tasks.restoration import RestorationTask

Facts = Callable[[Any], dict[str, Any]]
DEGRADATIONS: dict[type, Facts] = {
    Grey: lambda each: {"kind": "grey", "weights": each.weights.flatten().tolist()},
    Luminance: lambda each: {"kind": "luminance"},
    Hints: lambda each: {"kind": "hints"},
    LowResolution: lambda each: {"kind": "low_resolution", "factor": each.scale_factor},
}
ANSWERS: dict[type, Facts] = {
    RGB: lambda each: {"kind": "rgb"},
    LabChroma: lambda each: {"kind": "lab_chroma", "scale": SCALE},
    PaletteClasses: lambda each: {
        "kind": "palette", "colours": each.palette.colours.tolist(), "temperature": each.temperature,
    },
    AbBins: lambda each: {"kind": "ab_bins", "centres": each.bins.centres.tolist(), "temperature": each.temperature},
}  # fmt: skip


def facts_of(task: RestorationTask, checkpoint: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """A network's inputs, the decoding of its outputs, and its origin, as plain values.

    Args:
        task: a trained task.
        checkpoint: the contents of its file; facts in the file, such as its licence, are included.
        path: its file; the final measures are read from its run's folder, if there is one.

    Raises:
        UsageError: its degradation or answer is a user's own class, which other programs do not know.
    """
    made, about = checkpoint.get("colourize", {}), checkpoint.get("about") or {}
    return {
        "model": type(task.model).__name__,
        "degradation": _facts(task.degradation, DEGRADATIONS, "degradations"),
        "answer": _facts(task.answer, ANSWERS, "answers"),
        "divisor": task.divisor,
        "size": task.hparams["size"],
        "version": made.get("version", __version__),
        "data": made.get("data"),
        **about,
        "measures": about.get("measures") or measures_of(path),
    }


def _facts(part: object, known: Mapping[type, Facts], kind: str) -> dict[str, Any]:
    name = type(part).__name__
    if type(part) not in known:  # a subclass may compute something else
        raise UsageError(f"export: {name} is not one of the package's {kind}, which alone can be exported")
    return known[type(part)](part)


def measures_of(path: Path) -> dict[str, float]:
    """The final measures of a checkpoint's run; empty if it is not in a run's folder."""
    try:
        found = read_measures(path.parent.parent / "metrics.json")
    except InputError:
        return {}
    return {name: value for name, value in found.items() if math.isfinite(value) and name.startswith("test/")}
