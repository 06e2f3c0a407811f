"""Sentences that answer a question, made from the numbers alone, each with its interval.

There are two kinds of questions: which setting is best (`best`; with two settings: does this part help), and what is
the effect of more of something (`trend`). The parts of a section add further sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from colourize.measures.base import ZERO
from colourize.measures.intervals import Estimate
from colourize.measures.registry import badness, direction, unit
from colourize.methods.comparison import Gap, Results
from colourize.methods.grouping import Setting
from colourize.methods.wording import last_words, words

NAMED = 3  # settings that are named; further ones are only counted


def findings(results: Results, networks: Sequence[Setting], measure: str, reference: str = "") -> list[str]:
    """Sentences that compare networks by a measure; empty if nothing is compared.

    `reference` is a baseline that they name in place of the usual one.
    """
    settings = results.settings
    found = []
    if (axis := settings.axis) is not None:
        groups: dict[tuple[str, ...], list[Setting]] = {}
        for each in networks:
            groups.setdefault(tuple(settings.off_axis(each)), []).append(each)
        usual = [each for each in networks if not settings.departures(each)]
        for keys, members in groups.items():
            members = sorted([*members, *(usual if keys else [])], key=lambda each: float(each.values[axis]))
            points = [(each.values[axis], one) for each in members for one in results.of(measure, [each]).values()]
            also = f" with other values of {listed([last_words(key) for key in keys])}" if keys else ""
            if len(points) > 1:
                found.append(trend(last_words(axis), points, measure, also))
    text = best(measure, results.of(measure, networks), results.rivals(measure, networks, reference))
    return [*found, text] if text else found


def best(
    measure: str, estimates: Mapping[str, Estimate], rivals: Mapping[str, tuple[str, Estimate]] | None = None
) -> str:
    """Which setting is best by a measure, or that the seeds show no difference; empty if nothing is compared.

    The keys of `estimates` are the networks' labels; `rivals` has their baselines, by the same labels, and the best of
    them is named.
    """
    known = [label for label, each in estimates.items() if np.isfinite(each.mean)]
    order = sorted(known, key=lambda label: badness(measure, estimates[label].mean))
    known_rivals = [rivals[label] for label in order if label in rivals] if rivals else []
    rival = min(known_rivals, key=lambda each: badness(measure, each[1].mean), default=None)
    if len(order) < 2 and rival is None:
        return ""
    first, *others = order
    own, name = estimates[first], words(measure)
    close = [label for label in others if not Gap.between(measure, own, estimates[label]).mark]
    value = amount(measure, own.mean)
    if not others:
        text = f"The {name} of {first} is {value}"
    elif close:
        seeds = min(len(estimates[label].by_seed) for label in order)
        show = "one seed shows" if seeds == 1 else f"{seeds} seeds show"
        named = [close[0] + _interval(Gap.between(measure, own, estimates[close[0]]), " (", ")"), *close[1:NAMED]]
        named += [f"{len(close) - NAMED} more"] if len(close) > NAMED else []
        text = f"By {name} the best is {first}, {value}, but {show} no difference from {listed(named)}"
    else:
        text = f"By {name} the best is {first}, {value}: {difference(measure, own, estimates[others[0]])} {others[0]}"
    if rival is not None:
        gap = Gap.between(measure, own, rival[1])
        verb = {"better": "beats", "worse": "does worse than"}.get(gap.mark, "cannot be told from")
        reached = amount(measure, rival[1].mean)
        text += f"; it {verb} {with_article(rival[0])}, which needs no network and reaches {reached}"
    return f"{text}."


def trend(x: str, points: Sequence[tuple[Any, Estimate]], measure: str, also: str = "", gap: Gap | None = None) -> str:
    """How a measure changes from the first value of a setting to the last.

    Args:
        x: the name of the setting, such as "batch size" or "epochs".
        points: its values in ascending order, each with the measure.
        also: what else changes, as the end of a clause.
        gap: the difference of the last to the first, if it is known more precisely than from the two estimates.
    """
    (low, first), (high, last), name = points[0], points[-1], measure.rpartition("/")[2]
    gap = gap or Gap.between(name, last, first)
    values = f"from {amount(name, first.mean)} to {amount(name, last.mean)}"
    interval = _interval(gap, f", a difference of {amount(name, gap.difference, '+')} (", ")")
    verb = "rises" if gap.difference > 0 else "falls"
    if np.isfinite(gap.low) and gap.low <= 0 <= gap.high:
        verb = "shows no clear change,"
    span = f"{low} to {high} {x}" if x.endswith("s") else f"{x} {low} to {high}"
    text = f"From {span}{also}, the {words(measure)} {verb} {values}{interval}"
    where, extreme = min(points, key=lambda each: badness(name, each[1].mean))
    if direction(name) and where not in (low, high):
        text += f"; it is best at {where}, {amount(name, extreme.mean)}"
    return f"{text}."


def difference(measure: str, own: Estimate, other: Estimate) -> str:
    """The difference of two estimates in words: "0.246 (95 % interval 0.211 … 0.281) lower than"."""
    value, low, high = own.less(other)
    way = "higher" if value > 0 else "lower"
    if direction(measure) == ZERO:
        value, (low, high), way = abs(own.mean) - abs(other.mean), own.farther_from_zero(other), "nearer to 0"
    low, high = sorted((abs(low), abs(high)))
    interval = f" (95 % interval {number(low)} … {number(high)})" if np.isfinite(low) else ""
    return f"{amount(measure, abs(value))}{interval} {way} than"


def amount(measure: str, value: float, sign: str = "") -> str:
    """A value with its unit."""
    return f"{'+' if sign and value > 0 else ''}{number(value)}{unit(measure)}"


def number(mean: float) -> str:
    """Three significant digits, without an exponent."""
    if mean == 0 or not np.isfinite(mean):
        return f"{mean:g}"
    return f"{mean:.{max(0, 2 - int(np.floor(np.log10(abs(mean)))))}f}"


def with_article(label: str) -> str:
    """A method's name as it stands in a sentence: "the grey look-up table", but "bicubic interpolation"."""
    return f"the {label}" if any(word in label for word in ("table", "neighbour", "commonest", "filter")) else label


def one_or(labels: Sequence[str], several: str) -> str:
    """The only method's name in a sentence; for more than one, `several`."""
    return with_article(labels[0]) if len(labels) == 1 else several


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "a, b and c"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _interval(gap: Gap, before: str, after: str) -> str:
    if not np.isfinite(gap.low):
        return ""
    return f"{before}95 % interval {number(gap.low)} … {number(gap.high)}{after}"
