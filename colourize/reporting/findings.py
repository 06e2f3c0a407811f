"""A finding: one plain sentence beside its table, made of the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from colourize.measures.base import LESS, ZERO
from colourize.measures.intervals import Estimate
from colourize.measures.registry import badness, direction, unit
from colourize.methods.results import Gap

NAMED = 3  # settings that are named before the others are counted
TITLES = {
    "cross_entropy": "cross-entropy",
    "delta_e": "ΔE2000",
    "mse": "mean squared error",
    "psnr": "PSNR",
    "ssim": "SSIM",
}
AGAINST = {"better": "beats", "worse": "does worse than", "": "cannot be told from"}


def finding(
    measure: str, estimates: Mapping[str, Estimate], rivals: Mapping[str, tuple[str, Estimate]] | None = None
) -> str:
    """Which setting is best by a measure and by how much, or that the seeds show no difference; empty of no value.

    Args:
        estimates: of each network's setting, by its label.
        rivals: by the label of a setting its baseline, and that one's estimate.
    """
    order = sorted(
        (label for label, each in estimates.items() if np.isfinite(each.mean)),
        key=lambda label: badness(measure, estimates[label].mean),
    )
    rival = (rivals or {}).get(order[0]) if order else None
    if not order or (len(order) < 2 and rival is None):
        return ""
    best, *others = order
    own = estimates[best]
    told = f"{best}, {value(measure, own.mean)}"
    close = [each for each in others if not Gap.between(measure, own, estimates[each]).mark]
    seeds = min(len(estimates[label].by_seed) for label in order)
    if close and len(close) == len(others):
        text = f"{_seeds(seeds)} no difference in {title(measure)} between these settings; the best mean is of {told}"
    elif close:
        text = f"By {title(measure)} the best is {told}; {_seeds(seeds).lower()} no difference from {_listed(close)}"
    elif others:
        text = f"By {title(measure)} the best is {told}: {size(measure, own, estimates[others[0]])} than {others[0]}"
    else:
        text = f"The {title(measure)} of {best} is {value(measure, own.mean)}"
    if rival is not None:
        name, other = rival
        mark = Gap.between(measure, own, other).mark
        verb = AGAINST.get(mark, "differs from")
        text += f"; it {verb} its baseline, {name} ({value(measure, other.mean)})"
    return f"{text}."


def size(measure: str, own: Estimate, other: Estimate) -> str:
    """By how much one estimate lies from another, and on which side: `8 % lower`, `0.4 dB higher`."""
    difference = own.mean - other.mean
    if direction(measure) == ZERO:
        distance = abs(own.mean) - abs(other.mean)
        return f"{number(abs(distance))} {'farther from 0' if distance > 0 else 'nearer to 0'}"
    way = "higher" if difference > 0 else "lower"
    if direction(measure) == LESS and other.mean > 0:
        return f"{percent(abs(difference) / other.mean)} {way}"
    return f"{number(abs(difference))}{unit(measure)} {way}"


def title(measure: str) -> str:
    """A measure's name in a sentence."""
    return TITLES.get(measure, measure.replace("_", " "))


def value(measure: str, mean: float) -> str:
    """A measure's value in a sentence."""
    return f"{number(mean)}{unit(measure)}"


def number(mean: float) -> str:
    """Three significant digits, without an exponent."""
    if mean == 0 or not np.isfinite(mean):
        return f"{mean:g}"
    digits = max(0, 2 - int(np.floor(np.log10(abs(mean)))))
    return f"{mean:.{digits}f}"


def percent(share: float) -> str:
    """A share in words: whole percents, below ten one more digit."""
    return f"{100 * share:.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %".replace(".0 %", " %")


def _seeds(count: int) -> str:
    return "One seed shows" if count == 1 else f"These {count} seeds show"


def _listed(labels: list[str]) -> str:
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(labels[:NAMED]) + more
