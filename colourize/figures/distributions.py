"""Plots a classifier's probabilities at single pixels, with the resulting colours, a regression's and the truth."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from colourize.answers import PaletteClasses
from colourize.colour.lab import ciede2000, rgb_to_lab
from colourize.errors import UsageError
from colourize.figures.saving import FAINT, INK, save_figure
from colourize.tasks.restoration import RestorationTask

NAMES = {"prediction": "mode", "expected": "mean"}  # names of the colours in the plot


class Place(NamedTuple):
    """A pixel: its picture, row and column."""

    picture: int
    row: int
    column: int


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
        free = np.flatnonzero(~np.isin(pictures, [place.picture for place in places]))
        rank = free[np.abs(free - wanted).argmin()]
        places.append(Place(*map(int, np.unravel_index(order[rank], entropy.shape))))
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

    if not isinstance(classifier.answer, PaletteClasses):
        name = type(classifier.answer).__name__
        raise UsageError(f"distributions: the answer {name} has none; must be PaletteClasses")
    pair = classifier.make_pair(pictures)
    outputs = classifier.outputs(pair).float()
    probabilities = outputs.softmax(1)
    colours = {"truth": pair.truth, **classifier.pictures(outputs, pair.inputs)}
    colours = {name: colours[name] for name in ("truth", "prediction", "expected")}
    for name, task in (others or {}).items():
        other = task.make_pair(pictures)
        colours[name] = task.pictures(task.outputs(other).float(), other.inputs)["prediction"]
    palette, labels = classifier.answer.palette.colours, classifier.answer.palette.labels(pair.truth)
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
        _bars(bars, probabilities[number, :, row, column].numpy(), palette.numpy(), int(labels[place]))
        bars.set_title(f"entropy {float(entropy[place]):.2f} nats", fontsize=9, color=INK, loc="left", pad=3)
        _swatches(swatches, {name: each[number, :, row, column] for name, each in colours.items()})
    most = f"{len(palette)} colours: at most {np.log(len(palette)):.2f} nats"
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
