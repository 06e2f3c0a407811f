"""Whether measures agree on which model is better: their rank correlations over a set of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from colourize.measures.registry import badness
from colourize.methods.wording import words
from colourize.reporting.context import Context, Element, Figure, Text
from colourize.reporting.plots import draw_matrix
from colourize.runs.tables import read_table, write_table

FEWEST = 4  # minimum number of models; with three, two measures agree by chance one time in three


def rank_correlations(values: Sequence[Mapping[str, float]]) -> tuple[list[str], np.ndarray]:
    """Spearman's ρ between every two measures over the models, signed so that 1 is full agreement on what is better.

    It is computed for measures that all models have and that vary between them; each seed is a model.

    Args:
        values: the measures of each model, by name.

    Returns:
        The names of the K measures, and their correlations, (K, K).
    """
    shared = [name for name in values[0] if all(name in each for each in values)]
    columns = {name: np.array([-badness(name, each[name]) for each in values]) for name in shared}
    names = [name for name, column in columns.items() if np.isfinite(column).all() and np.ptp(column) > 0]
    ranks = np.array([rankdata(columns[name]) for name in names])
    return names, np.atleast_2d(np.corrcoef(ranks)) if len(names) > 1 else np.ones((len(names), len(names)))


def write_agreement(folder: Path, names: Sequence[str], correlations: np.ndarray, models: int) -> None:
    """Write `agreement.csv`, and the matrix with its numbers as `agreement.svg` and `agreement.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = zip(names, correlations.tolist(), strict=True)
    write_table(
        folder / "agreement.csv", [{"measure": name, **dict(zip(names, row, strict=True))} for name, row in rows]
    )
    shown = list(map(words, names))
    draw_matrix(
        folder / "agreement", correlations, shown, shown, lambda value: f"{value:.1f}".replace("-0.0", "0.0"),
        f"rank correlation over {models} models", heading="Do measures agree on which model is better?",
        vmin=-1, vmax=1, cmap="RdBu",
    )  # fmt: skip


def agreement(context: Context) -> list[Element]:
    """The rank correlations of all measures over the section's methods."""
    estimates = [own for own in context.results.comparison.estimates.values() if own]
    methods = [
        {name: float(each.by_seed[seed]) for name, each in own.items()}
        for own in estimates
        for seed in range(len(next(iter(own.values())).by_seed))
    ]
    if len(methods) < FEWEST:
        return [Text(f"Whether measures agree takes {FEWEST} methods or more; there are {len(methods)}.", "note")]
    names, correlations = rank_correlations(methods)
    if len(names) < 2:
        return []
    folder = context.path("figures", "-agreement")
    write_agreement(folder, names, correlations, len(methods))
    context.table("agreement", read_table(folder / "agreement.csv"))
    caption = f"Rank correlation of all measures over {len(methods)} trained methods; 1: they agree on every pair."
    return [
        _finding(names, correlations, len(methods)),
        Figure(folder / "agreement.svg", caption, "Matrix of rank correlations"),
    ]


def _finding(names: Sequence[str], correlations: np.ndarray, models: int) -> Text:
    """A sentence on how well the squared error, or else the first measure, agrees with the others."""
    own = names.index("mse") if "mse" in names else 0
    others = sorted((correlations[own, place], words(name)) for place, name in enumerate(names) if place != own)
    least, most = (f"{name} ({value:.2f})" for value, name in (others[0], others[-1]))
    median = np.median([value for value, _ in others])
    text = (
        f"Over {models} models the ranking by {words(names[own])} agrees with the other {len(others)} measures by a "
        f"rank correlation of {median:.2f} in the median: least with {least}, most with {most}."
    )
    return Text(text, "finding")
