"""What must be known of a network beside its weights to use it elsewhere, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colourize import __version__
from colourize.answers import RGB, AbBins, Answer, LabChroma, PaletteClasses
from colourize.answers.lab_chroma import SCALE
from colourize.degradations import Degradation, Grey, Hints, LowResolution, Luminance
from colourize.errors import UsageError
from colourize.tasks.restoration import RestorationTask


def facts_of(task: RestorationTask, checkpoint: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What a network is given, how its outputs are read, and its origin, as plain values.

    Args:
        task: a trained task.
        checkpoint: the contents of its file; what it says about itself, such as its licence, is among the facts.
        path: its file; the final measures of its run are read, where they lie beside it.

    Raises:
        UsageError: its degradation or answer is a class of the user's own, which nothing else knows.
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
    """The final measures of a checkpoint's run; none where they do not lie beside it."""
    file = path.parent.parent / "metrics.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, float) and name.startswith("test/")}
