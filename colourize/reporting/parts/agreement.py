"""Whether measures agree on what is better: question F3."""

from __future__ import annotations

from colourize.comparison.agreement import FEWEST, rank_correlations, write_agreement
from colourize.files import write_whole
from colourize.reporting.elements import Element, Figure, Text
from colourize.reporting.findings import title
from colourize.reporting.parts.context import Context

AGREED = 0.995  # a rank correlation that is 1 as it is shown


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
