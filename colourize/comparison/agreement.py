"""Whether measures agree: the rank correlation between all of them over a set of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from colourize.figures.saving import save_figure
from colourize.measures.registry import badness
from colourize.runs.tables import write_table

FEWEST = 4  # models: of three, any two measures agree by chance one time in three


def rank_correlations(values: Sequence[Mapping[str, float]]) -> tuple[list[str], np.ndarray]:
    """Spearman's ρ between every two measures over the models, signed so that 1 is full agreement on what is better.

    Only measures that all models have and that vary between them; each seed is a model of its own.

    Args:
        values: of each model, by measure.

    Returns:
        The measures' names, K of them, and (K, K).
    """
    shared = [name for name in values[0] if all(name in each for each in values)]
    columns = {name: np.array([-badness(name, each[name]) for each in values]) for name in shared}
    names = [name for name, column in columns.items() if np.isfinite(column).all() and np.ptp(column) > 0]
    ranks = np.array([rankdata(columns[name]) for name in names])
    return names, np.atleast_2d(np.corrcoef(ranks)) if len(names) > 1 else np.ones((len(names), len(names)))


def write_agreement(folder: Path, names: Sequence[str], correlations: np.ndarray, models: int) -> None:
    """`agreement.csv`, and the matrix with its numbers as `agreement.svg` and `agreement.png`."""
    rows = [
        {"measure": name, **dict(zip(names, map(float, row), strict=True))}
        for name, row in zip(names, correlations, strict=True)
    ]
    write_table(folder / "agreement.csv", rows)
    from matplotlib.figure import Figure

    size = 1.6 + 0.34 * len(names)
    figure = Figure(figsize=(size + 0.8, size), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(correlations, vmin=-1, vmax=1, cmap="RdBu")
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    for row, column in np.ndindex(correlations.shape):
        value = correlations[row, column]
        colour = "white" if abs(value) > 0.6 else "black"
        axis.text(
            column, row, f"{value:.1f}".replace("-0.0", "0.0"), ha="center", va="center", fontsize=5.5, color=colour,
            in_layout=False,  # measuring a thousand of them takes seconds
        )  # fmt: skip
    bar = figure.colorbar(image, ax=axis, shrink=0.5)
    bar.ax.tick_params(labelsize=7)
    bar.set_label(f"rank correlation over {models} models", fontsize=7)
    axis.set_title("Do measures agree on which model is better?", fontsize=9, loc="left")
    save_figure(figure, folder / "agreement")
