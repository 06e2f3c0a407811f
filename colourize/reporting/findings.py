"""A finding: one sentence beside its table, made from the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from colourize.measures.base import ZERO
from colourize.measures.intervals import Estimate
from colourize.measures.registry import badness, direction, unit
from colourize.methods.comparison import Gap

NAMED = 3  # settings that are named before the others are counted
TITLES = {
    "cross_entropy": "cross-entropy",
    "delta_e": "ΔE2000",
    "mse": "mean squared error",
    "psnr": "PSNR",
    "ssim": "SSIM",
}
VERBS = {"better": "beats", "worse": "does worse than", "": "cannot be distinguished from"}


def finding(
    measure: str, estimates: Mapping[str, Estimate], rivals: Mapping[str, tuple[str, Estimate]] | None = None
) -> str:
    """Which setting is best by a measure, or that the seeds show no difference; empty where nothing is compared.

    `estimates` are by the networks' labels; `rivals` are their baselines, by the same labels.
    """
    known = [label for label, each in estimates.items() if np.isfinite(each.mean)]
    order = sorted(known, key=lambda label: badness(measure, estimates[label].mean))
    rival = (rivals or {}).get(order[0]) if order else None
    if len(order) < 2 and rival is None:
        return ""
    best, *others = order
    own, name = estimates[best], title(measure)
    close = [label for label in others if not Gap.between(measure, own, estimates[label]).mark]
    value = f"{number(own.mean)}{unit(measure)}"
    text = f"By {name} the best is {best}, {value}" if others else f"The {name} of {best} is {value}"
    if close:
        seeds = min(len(estimates[label].by_seed) for label in order)
        show = "one seed shows" if seeds == 1 else f"these {seeds} seeds show"
        listed = ", ".join(close[:NAMED]) + (f" and {len(close) - NAMED} more" if len(close) > NAMED else "")
        text += f"; {show} no difference from {listed}"
    elif others:
        other = estimates[others[0]].mean
        difference = abs(own.mean) - abs(other) if direction(measure) == ZERO else own.mean - other
        way = "nearer to 0" if direction(measure) == ZERO else "higher" if difference > 0 else "lower"
        text += f": {number(abs(difference))}{unit(measure)} {way} than {others[0]}"
    if rival is not None:
        verb = VERBS.get(Gap.between(measure, own, rival[1]).mark, "differs from")
        text += f"; it {verb} its baseline, {rival[0]} ({number(rival[1].mean)}{unit(measure)})"
    return f"{text}."


def title(measure: str) -> str:
    """A measure's name in a sentence."""
    return TITLES.get(measure, measure.replace("_", " "))


def number(mean: float) -> str:
    """Three significant digits, without an exponent."""
    if mean == 0 or not np.isfinite(mean):
        return f"{mean:g}"
    return f"{mean:.{max(0, 2 - int(np.floor(np.log10(abs(mean)))))}f}"
