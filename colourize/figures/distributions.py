"""What a classifier believes of single pixels, beside the colours that are made of it, a regression's and the truth."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from colourize.answers import PaletteClasses
from colourize.colour.lab import ciede2000, rgb_to_lab
from colourize.errors import UsageError
from colourize.figures.saving import save_figure
from colourize.tasks.restoration import RestorationTask

INK, FAINT = "#1e1e1e", "#666666"
NAMES = {"truth": "truth", "prediction": "mode", "expected": "mean"}  # of the colours, as people are told them


class Place(NamedTuple):
    """A pixel: which picture, row and column."""

    picture: int
    row: int
    column: int


def entropies(probabilities: Tensor) -> Tensor:
    """Of distributions (N, K, H, W) that sum to 1, in nats, (N, H, W): 0 … ln K."""
    return torch.special.entr(probabilities).sum(1)


def choose_places(probabilities: Tensor, count: int = 5) -> list[Place]:
    """Pixels from the least certain to the surest, at equal steps in rank of their entropy; the same each time.

    Each is of another picture, as long as there are others: of those, the pixel whose rank is nearest.

    Args:
        probabilities: (N, K, H, W).
        count: how many; at most as many as there are pixels.
    """
    entropy = entropies(probabilities.double())
    order = entropy.flatten().argsort(descending=True, stable=True).numpy()
    per_picture = entropy[0].numel()
    free = np.ones(len(order), dtype=bool)  # by rank
    places: list[Place] = []
    for wanted in np.linspace(0, len(order) - 1, count)[: len(order)]:
        if not free.any():  # every picture has one: from the start
            free = ~np.isin(order, [np.ravel_multi_index(place, entropy.shape) for place in places])
        ranks = np.flatnonzero(free)
        rank = ranks[np.abs(ranks - wanted).argmin()]
        places.append(Place(*(int(each) for each in np.unravel_index(order[rank], entropy.shape))))
        free &= order // per_picture != places[-1].picture
    return places


@torch.no_grad()
def draw_distributions(
    classifier: RestorationTask,
    pictures: Tensor,
    path: Path,
    others: Mapping[str, RestorationTask] | None = None,
    places: Sequence[Place] | None = None,
) -> list[Place]:
    """The distributions that a classifier has for some pixels, and what it and others make of them; SVG and PNG.

    Args:
        classifier: whose answer is a palette's classes, in evaluation mode on the CPU, as are the others.
        pictures: true ones (N, H, W, 3), uint8.
        path: without its ending.
        others: networks whose colours are shown as well, such as a regression's, by the name to show: a short word.
        places: the pixels; None: five, by `choose_places`.

    Returns:
        The pixels that were drawn.

    Raises:
        UsageError: the answer of the first one is no palette's classes.
    """
    if not isinstance(classifier.answer, PaletteClasses):
        raise UsageError(
            f"distributions: the answer {type(classifier.answer).__name__} has none; must be PaletteClasses"
        )
    pair = classifier.make_pair(pictures)
    outputs = classifier.outputs(pair).float()
    probabilities = outputs.softmax(1)
    found = classifier.pictures(outputs, pair.inputs)
    colours = {"truth": pair.truth, "prediction": found["prediction"], "expected": found["expected"]}
    for name, task in (others or {}).items():
        other = task.make_pair(pictures)
        colours[name] = task.pictures(task.outputs(other).float(), other.inputs)["prediction"]
    chosen = choose_places(probabilities) if places is None else list(places)
    palette = classifier.answer.palette
    draw_places(chosen, probabilities, palette.labels(pair.truth), palette.colours, colours, path)
    return chosen


def draw_places(
    places: Sequence[Place],
    probabilities: Tensor,
    labels: Tensor,
    palette: Tensor,
    colours: Mapping[str, Tensor],
    path: Path,
) -> None:
    """A row for each pixel: where it is, its distribution over the palette, and colours beside the truth.

    Args:
        places: at least one.
        probabilities: (N, K, H, W), summing to 1.
        labels: the right classes, (N, H, W) integers.
        palette: the classes' colours, (K, 3) RGB in [0, 1].
        colours: pictures (N, 3, H, W), RGB in [0, 1], by name; "truth" is one of them, and is shown first.
        path: without its ending; saved as SVG and PNG.
    """
    from matplotlib.figure import Figure

    colours = {"truth": colours["truth"], **colours}
    count = len(places)
    figure = Figure(figsize=(7, 0.55 + 1.25 * count), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.07, w_pad=0.04)  # type: ignore[union-attr, call-arg]
    swatches_width = min(0.74 * len(colours), 4.0)
    widths = [1.05, 5.6 - swatches_width, swatches_width]
    rows = figure.subplots(count, 3, squeeze=False, gridspec_kw={"width_ratios": widths})
    entropy = entropies(probabilities.double())
    for place, (small, bars, swatches) in zip(places, rows, strict=True):
        _picture(small, colours["truth"][place.picture], place)
        chances = probabilities[place.picture, :, place.row, place.column].numpy()
        _bars(bars, chances, palette.numpy(), int(labels[place]))
        bars.set_title(f"entropy {float(entropy[place]):.2f} nats", fontsize=9, color=INK, loc="left", pad=3)
        _swatches(swatches, {name: each[place.picture, :, place.row, place.column] for name, each in colours.items()})
    most = f"{len(palette)} colours: at most {np.log(len(palette)):.2f} nats"
    note = f"probability of the palette's colours\n({most}); ▼ the truth's"
    rows[-1, 1].set_xlabel(note, fontsize=9, color=INK, labelpad=6)
    for number, name in enumerate(colours):
        shown = textwrap.fill(NAMES.get(name, name), 11)
        rows[0, 2].text(number + 0.5, 1.12, shown, fontsize=9, color=INK, ha="center", va="bottom")
    save_figure(figure, path)


def _picture(axes: Any, picture: Tensor, place: Place) -> None:
    """The true picture, and a ring around the pixel that is seen on light and on dark."""
    axes.imshow(picture.movedim(0, -1).numpy().clip(0, 1), interpolation="nearest", clip_on=False)
    for colour, width in (("black", 3.2), ("white", 1.4)):
        axes.plot(place.column, place.row, "o", ms=11, mfc="none", mec=colour, mew=width, clip_on=False)
    axes.set_axis_off()


def _bars(axes: Any, chances: np.ndarray, palette: np.ndarray, label: int) -> None:
    # Nothing here is clipped: an SVG names its clips by their places, whose last digits the layout does not repeat.
    top = 1.22 * chances.max()
    axes.bar(range(len(chances)), chances, width=0.9, color=palette, edgecolor=FAINT, linewidth=0.5, clip_on=False)
    axes.plot(label, chances[label] + 0.09 * top, "v", color=INK, ms=6, clip_on=False)
    axes.set(xlim=(-0.8, len(chances) - 0.2), ylim=(0, top), xticks=[])
    axes.locator_params(axis="y", nbins=3)
    axes.yaxis.set_major_formatter(lambda chance, _: f"{100 * chance:.3g} %")
    axes.tick_params(axis="y", labelsize=9, labelcolor=INK)
    axes.spines[["top", "right"]].set_visible(False)


def _swatches(axes: Any, colours: Mapping[str, Tensor]) -> None:
    """Colours beside each other, with their CIEDE2000 difference from the truth."""
    from matplotlib.patches import Rectangle

    lab = {name: rgb_to_lab(colour.double().clamp(0, 1).view(1, 3, 1, 1)) for name, colour in colours.items()}
    for number, (name, colour) in enumerate(colours.items()):
        rgb = colour.clamp(0, 1).tolist()
        axes.add_patch(
            Rectangle((number + 0.04, 0), 0.92, 1, facecolor=rgb, edgecolor=FAINT, linewidth=0.6, clip_on=False)
        )
        if name != "truth":
            difference = float(ciede2000(lab[name], lab["truth"]))
            axes.text(number + 0.5, -0.12, f"ΔE {difference:.0f}", fontsize=9, color=INK, ha="center", va="top")
    axes.set(xlim=(0, len(colours)), ylim=(-0.6, 1.6))
    axes.set_axis_off()
