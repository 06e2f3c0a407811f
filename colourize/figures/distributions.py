"""Plots a classifier's probabilities: at single pixels with the resulting colours, and whether they are calibrated."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from colourize.answers import PaletteClasses
from colourize.colour.lab import ciede2000, rgb_to_lab
from colourize.errors import UsageError
from colourize.figures.saving import FAINT, INK, look, save_figure
from colourize.measures.classification import BINS, CalibrationError, reliability
from colourize.measures.intervals import resampled
from colourize.tasks.restoration import RestorationTask

Place = tuple[int, int, int]  # a pixel: its picture, row and column
NAMES = {"prediction": "mode", "expected": "mean"}  # names of the colours in the plot
FEW = 1e-3  # the markers of bins with a smaller share of the pixels are hollow


def entropies(probabilities: Tensor) -> Tensor:
    """The entropy in nats, 0 … ln K, of distributions (N, K, H, W); (N, H, W)."""
    return torch.special.entr(probabilities).sum(1)


def choose_places(probabilities: Tensor, count: int = 5) -> list[Place]:
    """Pixels of different pictures, from the least to the most certain, equally spaced in rank of their entropy.

    For distributions (N, K, H, W) there are at most N.
    """
    entropy = entropies(probabilities.double())
    order = entropy.flatten().argsort(descending=True, stable=True).numpy()
    pictures = order // entropy[0].numel()
    places: list[Place] = []
    for wanted in np.linspace(0, len(order) - 1, min(count, len(entropy))):
        free = np.flatnonzero(~np.isin(pictures, [picture for picture, _, _ in places]))
        rank = free[np.abs(free - wanted).argmin()]
        picture, row, column = map(int, np.unravel_index(order[rank], entropy.shape))
        places.append((picture, row, column))
    return places


@torch.no_grad()
def draw_distributions(
    classifier: RestorationTask, pictures: Tensor, path: Path, others: Mapping[str, RestorationTask] | None = None
) -> list[Place]:
    """Draw the distributions of a classifier at five pixels, and the colours that it and other tasks predict there.

    Args:
        classifier: a task that predicts a palette's classes; all tasks are in evaluation mode and on the CPU.
        pictures: true pictures (N, H, W, 3), uint8.
        path: the path without extension; an SVG and a PNG are saved.
        others: further tasks, such as a regression, by a short name.

    Returns:
        The pixels.

    Raises:
        UsageError: the classifier does not predict a palette's classes.
    """
    from matplotlib.figure import Figure

    palette = _palette_classes(classifier, "distributions").palette
    pair = classifier.make_pair(pictures)
    outputs = classifier.outputs(pair).float()
    probabilities = outputs.softmax(1)
    colours = {"truth": pair.truth, **classifier.pictures(outputs, pair.inputs)}
    colours = {name: colours[name] for name in ("truth", "prediction", "expected")}
    for name, task in (others or {}).items():
        other = task.make_pair(pictures)
        colours[name] = task.pictures(task.outputs(other).float(), other.inputs)["prediction"]
    labels = palette.labels(pair.truth)
    entropy, places = entropies(probabilities.double()), choose_places(probabilities)
    figure = Figure(figsize=(7, 0.55 + 1.25 * len(places)), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.07, w_pad=0.04)  # type: ignore[union-attr, call-arg]
    width = min(0.74 * len(colours), 4.0)
    rows = figure.subplots(len(places), 3, squeeze=False, gridspec_kw={"width_ratios": [1.05, 5.6 - width, width]})
    # Nothing is clipped, as an SVG names clip paths by their coordinates, whose last digits vary between runs.
    for place, (small, bars, swatches) in zip(places, rows, strict=True):
        number, row, column = place
        small.imshow(pair.truth[number].movedim(0, -1).numpy().clip(0, 1), interpolation="nearest", clip_on=False)
        for ink, line in (("black", 3.2), ("white", 1.4)):  # visible on light and on dark
            small.plot(column, row, "o", ms=11, mfc="none", mec=ink, mew=line, clip_on=False)
        small.set_axis_off()
        _bars(bars, probabilities[number, :, row, column].numpy(), palette.colours.numpy(), int(labels[place]))
        bars.set_title(f"entropy {float(entropy[place]):.2f} nats", fontsize=9, color=INK, loc="left", pad=3)
        _swatches(swatches, {name: each[number, :, row, column] for name, each in colours.items()})
    most = f"{len(palette.colours)} colours: at most {np.log(len(palette.colours)):.2f} nats"
    note = f"probability of the palette's colours\n({most}); ▼ the truth's"
    rows[-1, 1].set_xlabel(note, fontsize=9, color=INK, labelpad=6)
    for number, name in enumerate(colours):
        text = textwrap.fill(NAMES.get(name, name), 11, break_long_words=False)
        rows[0, 2].text(number + 0.5, 1.12, text, fontsize=9, color=INK, ha="center", va="bottom")
    save_figure(figure, path)
    return places


def _bars(axes: Any, chances: np.ndarray, palette: np.ndarray, label: int) -> None:
    top = 1.22 * chances.max()
    axes.bar(range(len(chances)), chances, width=0.9, color=palette, edgecolor=FAINT, linewidth=0.5, clip_on=False)
    axes.plot(label, chances[label] + 0.09 * top, "v", color=INK, ms=6, clip_on=False)
    axes.set(xlim=(-0.8, len(chances) - 0.2), ylim=(0, top), xticks=[])
    axes.locator_params(axis="y", nbins=3)
    axes.yaxis.set_major_formatter(lambda chance, _: f"{100 * chance:.3g} %")
    axes.tick_params(axis="y", labelsize=9, labelcolor=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _swatches(axes: Any, colours: Mapping[str, Tensor]) -> None:
    """Draw colours side by side, with their CIEDE2000 difference from the truth."""
    lab = {name: rgb_to_lab(colour.double().clamp(0, 1).view(1, 3, 1, 1)) for name, colour in colours.items()}
    faces = [colour.clamp(0, 1).tolist() for colour in colours.values()]
    centres = np.arange(len(colours)) + 0.5
    axes.bar(centres, 1, width=0.92, color=faces, edgecolor=FAINT, linewidth=0.6, clip_on=False)
    for centre, name in zip(centres, colours, strict=True):
        if name != "truth":
            text = f"ΔE {float(ciede2000(lab[name], lab['truth'])):.0f}"
            axes.text(centre, -0.12, text, fontsize=9, color=INK, ha="center", va="top")
    axes.set(xlim=(0, len(colours)), ylim=(-0.6, 1.6))
    axes.set_axis_off()


@torch.no_grad()
def confidences_of(task: RestorationTask, batches: Iterable[Tensor]) -> np.ndarray:
    """A classifier's confidences, by picture and bin, (N, 3·15), the vectors of `CalibrationError`.

    Args:
        task: a task that predicts a palette's classes, in evaluation mode and on the CPU.
        batches: true pictures (n, H, W, 3), uint8.

    Raises:
        UsageError: the task has another answer.
    """
    answer, found = _palette_classes(task, "reliability"), []
    for batch in batches:
        pair = task.make_pair(batch)
        outputs, labels = task.outputs(pair).float(), answer.labels(pair.target)
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
    top.plot([0, 1], [0, 1], color=FAINT, lw=0.9, zorder=0, label="perfectly calibrated")
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


def _palette_classes(task: RestorationTask, asked: str) -> PaletteClasses:
    if not isinstance(task.answer, PaletteClasses):
        raise UsageError(f"{asked}: the answer {type(task.answer).__name__} has none; must be PaletteClasses")
    return task.answer
