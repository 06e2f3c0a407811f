"""Reliability diagrams: how often classifiers are right at each confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colourize.answers import PaletteClasses
from colourize.errors import UsageError
from colourize.figures.saving import FAINT, INK, look, save_figure
from colourize.measures.classification import BINS, CalibrationError, reliability
from colourize.measures.intervals import resampled
from colourize.tasks.restoration import RestorationTask

FEW = 1e-3  # the markers of bins with a smaller share of the pixels are hollow


@torch.no_grad()
def confidences_of(task: RestorationTask, batches: Iterable[Tensor]) -> np.ndarray:
    """A classifier's confidences, by picture and bin, (N, 3·15), the vectors of `CalibrationError`.

    Args:
        task: a task that predicts a palette's classes, in evaluation mode and on the CPU.
        batches: true pictures (n, H, W, 3), uint8.

    Raises:
        UsageError: the task has another answer.
    """
    if not isinstance(task.answer, PaletteClasses):
        raise UsageError(f"reliability: the answer {type(task.answer).__name__} has none; must be PaletteClasses")
    found = []
    for batch in batches:
        pair = task.make_pair(batch)
        outputs, labels = task.outputs(pair).float(), task.answer.labels(pair.target)
        found.append(CalibrationError().vectors(outputs, labels).cpu().numpy())
    return np.concatenate(found)


def accuracy_intervals(vectors: np.ndarray, draws: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval of each bin's accuracy, low and high, (15,), by a bootstrap over pictures; nan if empty."""
    weights = np.concatenate(list(resampled(len(vectors), draws)))
    counts, _, right = np.moveaxis((weights @ vectors.astype(np.float64)).reshape(draws, 3, BINS), 1, 0)
    found = np.full((2, BINS), np.nan)
    for place in np.flatnonzero(counts.any(0)):
        known = counts[:, place] > 0
        found[:, place] = np.quantile(right[known, place] / counts[known, place], [0.025, 0.975])
    return found[0], found[1]


def draw_reliability(classifiers: Mapping[str, np.ndarray], path: Path) -> None:
    """Draw accuracy against confidence in 15 bins, with 95 % intervals over pictures, and the pixels of each bin below.

    Args:
        classifiers: each classifier's confidences, (N, 3·15), see `confidences_of`, by name; at least one.
        path: the path without extension; an SVG and a PNG are saved.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.9, 5))
    places = {"left": 0.15, "right": 0.97, "top": 0.98, "bottom": 0.17, "hspace": 0.08}
    top, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.1], **places})
    top.plot([0, 1], [0, 1], color=FAINT, lw=0.9, zorder=0, label="as right as sure")
    for number, (name, vectors) in enumerate(classifiers.items()):
        style = look(number)
        colour = style["color"]
        diagram = reliability(vectors)
        confidence, accuracy = diagram["confidence"], diagram["accuracy"]
        error = CalibrationError().value(vectors)(np.ones(len(vectors)))
        top.plot(confidence, accuracy, lw=1.2, **(style | {"marker": ""}))
        top.vlines(confidence, *accuracy_intervals(vectors), color=colour, lw=1.2, alpha=0.6)
        many = diagram["share"] >= FEW
        for which, face in ((many, colour), (~many, "white")):
            dots = style | {"linestyle": "", "mfc": face, "ms": 6, "clip_on": False, "zorder": 3}
            top.plot(confidence[which], accuracy[which], **dots)
        top.plot([], [], ms=6, label=f"{name}:\ncalibration error {error:.3f}", **style)
        counts = vectors.reshape(len(vectors), 3, BINS)[:, 0].sum(0)
        pixels = np.where(counts > 0, counts, np.nan)
        below.stairs(pixels, np.linspace(0, 1, BINS + 1), baseline=None, ls=style["linestyle"], color=colour, lw=1.4)
    top.set(xlim=(0, 1), ylim=(0, 1))
    top.set_ylabel("share of pixels that are right", fontsize=9.5, color=INK)
    top.legend(loc="upper left", fontsize=9.5, frameon=False)
    below.set_yscale("log")
    below.set_ylabel("pixels", fontsize=9.5, color=INK)
    note = "confidence: the likeliest class's probability\n(bars: 95 % interval over pictures;\nhollow: few pixels)"
    below.set_xlabel(note, fontsize=9.5, color=INK)
    for axes in (top, below):
        axes.tick_params(labelsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)
