"""Whether measures agree on what is better: the rank correlation between all of them over a set of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from colourize.figures.saving import save_figure
from colourize.files import write_whole
from colourize.measures.registry import badness
from colourize.reporting.elements import Element, Figure, Text
from colourize.reporting.findings import title
from colourize.runs.tables import write_table

if TYPE_CHECKING:
    from colourize.reporting.parts.context import Context

FEWEST = 4  # models: of three, any two measures agree by chance one time in three
AGREED = 0.995  # a rank correlation that is 1 as it is shown


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
    from matplotlib.figure import Figure as Plot

    size = 1.6 + 0.34 * len(names)
    figure = Plot(figsize=(size + 0.8, size), layout="constrained")
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


def agreement(context: Context) -> list[Element]:
    """The rank correlation of all measures over the methods, each seed one; and the two that agree least with MSE."""
    results = context.results
    methods = [
        {name: float(estimate.by_seed[place]) for name, estimate in own.items()}
        for own in results.estimates.values()
        for place in range(max((len(each.by_seed) for each in own.values()), default=0))
    ]
    if len(methods) < FEWEST:
        return [Text(f"Whether measures agree takes {FEWEST} methods or more; there are {len(methods)}.", "note")]
    names, correlations = rank_correlations(methods)
    if len(names) < 2:
        return []
    path = context.figure("agreement")
    folder = path.parent / path.name
    folder.mkdir(parents=True, exist_ok=True)
    write_agreement(folder, names, correlations, len(methods))
    target = context.folder / context.table("agreement")
    write_whole(target, (folder / "agreement.csv").read_text(encoding="utf-8"))
    found: list[Element] = []
    if "mse" in names:
        own = correlations[names.index("mse")]
        order = sorted((float(own[place]), name) for place, name in enumerate(names) if name != "mse")
        told = ", ".join(f"{title(name)} ({value:+.2f})" for value, name in order[:3] if value < AGREED)
        least = f"the measures that agree least with the mean squared error on which is better are {told}"
        text = least if told else "all measures agree with the mean squared error on which is better"
        found.append(Text(f"Over {len(methods)} methods {text} (rank correlation).", "finding"))
    figure = folder / "agreement.svg"
    found.append(
        Figure(
            figure,
            "Rank correlation of all measures over the methods; 1: they agree on every pair.",
            "Matrix of rank correlations",
        )
    )
    return found
