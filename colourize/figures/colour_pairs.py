"""Where distance in RGB misleads: pairs of colours that it ranks against CIEDE2000, and how well the two agree.

Distances in RGB are Euclidean, with channels of 0 … 255. CIEDE2000 is the difference of Sharma, Wu & Dalal (2005); a
difference of about 1 is just visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colourize.colour.lab import ciede2000, rgb_to_lab
from colourize.figures.saving import FAINT, INK, save_figure

LEAST = 3.0  # minimum CIEDE2000 in a pair (10 times as much in RGB), so that its colours are clearly different
APART = 12.0  # minimum CIEDE2000 between the mean colours of the shown pairs, so that they are not all alike
CONSIDERED = 1500  # pairs of each kind that are considered
LEVELS = 16  # levels per channel by which nearly equal colours are grouped


@dataclass(frozen=True, eq=False)
class ColourPair:
    """Two colours (2, 3), RGB in [0, 1], and their distances."""

    colours: np.ndarray
    rgb: float
    delta_e: float


@dataclass(frozen=True)
class Contradiction:
    """Two pairs of colours: `near` has the smaller distance in RGB than `far`, but looks more different."""

    near: ColourPair
    far: ColourPair

    @property
    def strength(self) -> float:
        """The smaller of the two ratios of the distances, above 1."""
        return min(self.far.rgb / self.near.rgb, self.near.delta_e / self.far.delta_e)


def regular_colours(steps: int = 9) -> np.ndarray:
    """sRGB in a regular grid, (steps³, 3) in [0, 1]."""
    return np.stack(np.meshgrid(*[np.linspace(0, 1, steps)] * 3, indexing="ij"), -1).reshape(-1, 3)


def colours_of(pictures: Tensor, most: int = 700) -> np.ndarray:
    """The commonest colours of pictures (N, 3, H, W), RGB in [0, 1]: (n, 3) float64, n at most `most`.

    Colours that agree in all channels, quantised to 16 levels, are replaced by their mean.
    """
    pixels = pictures.detach().cpu().double().movedim(1, -1).reshape(-1, 3).numpy()
    cells = (pixels * LEVELS).astype(np.int64).clip(0, LEVELS - 1) @ np.array([LEVELS**2, LEVELS, 1])
    counts = np.bincount(cells, minlength=LEVELS**3)
    chosen = np.argsort(-counts, kind="stable")[:most]
    chosen = chosen[counts[chosen] > 0]
    sums = np.stack([np.bincount(cells, channel, minlength=LEVELS**3) for channel in pixels.T], 1)
    means: np.ndarray = sums[chosen] / counts[chosen, None]
    return means


def distances(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distances between colours (n, 3) and (n, 3), RGB in [0, 1]: in RGB, 0 … 442, and by CIEDE2000; each (n,)."""
    rgb = (torch.tensor(each, dtype=torch.float64)[:, :, None, None] for each in (first, second))
    lab = (rgb_to_lab(each)[:, :, 0, 0] for each in rgb)
    return 255 * np.linalg.norm(first - second, axis=1), ciede2000(*lab).numpy()


def rank_agreement(colours: np.ndarray, draws: int = 20_000, seed: int = 0) -> float:
    """Spearman's correlation of the two distances over random pairs of different colours, −1 … 1; 1: no contradiction.

    Args:
        colours: (n, 3) RGB in [0, 1], all equally likely.
        draws: the number of pairs.
    """
    from scipy.stats import spearmanr

    rng = np.random.default_rng(seed)
    first = rng.integers(len(colours), size=draws)
    second = (first + rng.integers(1, len(colours), size=draws)) % len(colours)
    return float(spearmanr(*distances(colours[first], colours[second])).statistic)


def contradictions(colours: np.ndarray, count: int = 6) -> list[Contradiction]:
    """The strongest contradictions among the pairs of these colours, the strongest first; the result is deterministic.

    See `Contradiction.strength`. The mean colours of pairs of one kind differ by at least 12 (CIEDE2000).

    Args:
        colours: (n, 3) RGB in [0, 1], up to a thousand.
        count: the number of contradictions; there may be fewer.
    """
    first, second = np.triu_indices(len(colours), 1)
    rgb, delta_e = distances(colours[first], colours[second])
    clear = np.flatnonzero((delta_e >= LEAST) & (rgb >= 10 * LEAST))
    order = clear[np.argsort(delta_e[clear] / rgb[clear], kind="stable")]
    near, far = kinds = [order[::-1][:CONSIDERED], order[:CONSIDERED]]  # too close in RGB for how they look, too far
    means = [(colours[first[kind]] + colours[second[kind]]) / 2 for kind in kinds]
    strength = np.minimum(rgb[far] / rgb[near][:, None], delta_e[near][:, None] / delta_e[far])
    found: list[Contradiction] = []
    while len(found) < count and strength.size and strength.max() > 1:
        pairs = []
        for axis, place in enumerate(np.unravel_index(strength.argmax(), strength.shape)):
            pair = kinds[axis][place]
            pairs.append(ColourPair(colours[[first[pair], second[pair]]], float(rgb[pair]), float(delta_e[pair])))
            alike = distances(means[axis], np.broadcast_to(means[axis][place], means[axis].shape))[1] < APART
            strength[(alike, slice(None)) if axis == 0 else (slice(None), alike)] = 0
        found.append(Contradiction(*pairs))
    return found


def draw_contradictions(found: Sequence[Contradiction], path: Path) -> None:
    """Draw a row for each contradiction: the pair with less distance in RGB, the pair that looks more alike, distances.

    Args:
        found: at least one contradiction.
        path: the path without extension; an SVG and a PNG are saved, narrow enough for a telephone.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    width, height = 3.7, 0.55 + 0.56 * len(found)
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))  # in inches, from the top
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    heads = {
        "near": (0.05, "nearer in RGB, yet\nlooks more different"),
        "far": (1.95, "farther in RGB, yet\nlooks more alike"),
    }
    for kind, (left, head) in heads.items():
        axes.text(left, 0.24, head, fontsize=8.5, weight="bold", color=INK, va="center")
        for row, each in enumerate(found):
            pair, top = getattr(each, kind), 0.52 + 0.56 * row
            # The rectangles overlap; between adjacent ones the white background would be visible.
            axes.add_patch(Rectangle((left, top), 0.8, 0.46, facecolor=pair.colours[0], linewidth=0))
            axes.add_patch(Rectangle((left + 0.4, top), 0.4, 0.46, facecolor=pair.colours[1], linewidth=0))
            axes.add_patch(Rectangle((left, top), 0.8, 0.46, fill=False, edgecolor=FAINT, linewidth=0.6))
            for below, text in ((0.12, f"RGB {pair.rgb:.0f}"), (0.35, f"ΔE2000 {pair.delta_e:.1f}")):
                axes.text(left + 0.87, top + below, text, fontsize=8.5, color=INK, va="center")
    save_figure(figure, path)
