"""Facts about a network that other programs need besides its weights, and its origin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colourize import __version__
from colourize.answers import RGB, AbBins, Answer, LabChroma, PaletteClasses
from colourize.answers.lab_chroma import SCALE
from colourize.degradations import Degradation, Grey, Hints, LowResolution, Luminance
from colourize.errors import InputError, UsageError
from colourize.runs.folders import read_measures
from colourize.tasks.restoration import RestorationTask


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
        "degradation": _degradation(task.degradation),
        "answer": _answer(task.answer),
        "divisor": task.divisor,
        "size": task.hparams["size"],
        "version": made.get("version", __version__),
        "data": made.get("data"),
        **about,
        "measures": about.get("measures") or measures_of(path),
    }


def _degradation(degradation: Degradation) -> dict[str, Any]:
    kind = type(degradation)
    if isinstance(degradation, Grey) and kind is Grey:
        return {"kind": "grey", "weights": degradation.weights.flatten().tolist()}
    if kind is Luminance:
        return {"kind": "luminance"}
    if kind is Hints:
        return {"kind": "hints"}
    if isinstance(degradation, LowResolution) and kind is LowResolution:
        return {"kind": "low_resolution", "factor": degradation.scale_factor}
    raise UsageError(f"export: {kind.__name__} is not one of the package's degradations, which alone can be exported")


def _answer(answer: Answer) -> dict[str, Any]:
    kind = type(answer)
    if kind is RGB:
        return {"kind": "rgb"}
    if kind is LabChroma:
        return {"kind": "lab_chroma", "scale": SCALE}
    if isinstance(answer, PaletteClasses) and kind is PaletteClasses:
        return {"kind": "palette", "colours": answer.palette.colours.tolist(), "temperature": answer.temperature}
    if isinstance(answer, AbBins) and kind is AbBins:
        return {"kind": "ab_bins", "centres": answer.bins.centres.tolist(), "temperature": answer.temperature}
    raise UsageError(f"export: {kind.__name__} is not one of the package's answers, which alone can be exported")


def measures_of(path: Path) -> dict[str, float]:
    """The final measures of a checkpoint's run; empty if it is not in a run's folder."""
    try:
        found = read_measures(path.parent.parent / "metrics.json")
    except InputError:
        return {}
    return {name: value for name, value in found.items() if math.isfinite(value) and name.startswith("test/")}
