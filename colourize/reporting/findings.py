"""A finding in words, made of the numbers alone: what differs, by how much, and what so few seeds cannot show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from colourize.measures.base import LESS, ZERO
from colourize.measures.intervals import Estimate
from colourize.measures.registry import badness, direction, unit

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
MOST_BETTER = 4  # settings that are named before the others are counted
TITLES = {
    "cross_entropy": "cross-entropy",
    "delta_e": "ΔE2000",
    "mse": "mean squared error",
    "psnr": "PSNR",
    "ssim": "SSIM",
}


@dataclass(frozen=True)
class Outcome:
    """What one setting reached.

    Attributes:
        values: of the keys that the sweep varies.
        estimate: of the measure that the finding is about.
    """

    label: str
    values: dict[str, Any]
    estimate: Estimate

    @property
    def seeds(self) -> int:
        """How many there are."""
        return len(self.estimate.by_seed)


@dataclass(frozen=True)
class Gap:
    """How a setting differs from another one: `difference` with its 95 % interval, over pictures and seeds.

    Of a measure whose best value is 0 it is that of the distances from it.
    """

    measure: str
    difference: float
    low: float
    high: float
    base: float
    seeds: int

    @classmethod
    def between(cls, measure: str, setting: Outcome, other: Outcome) -> Gap:
        """What a setting has more than another."""
        difference, low, high = setting.estimate.less(other.estimate)
        if direction(measure) == ZERO:
            difference = abs(setting.estimate.mean) - abs(other.estimate.mean)
            low, high = setting.estimate.farther_from_zero(other.estimate)
        return cls(measure, difference, low, high, other.estimate.mean, min(setting.seeds, other.seeds))

    @property
    def is_sure(self) -> bool:
        """Whether the interval excludes zero; never where there is none."""
        return self.low > 0 or self.high < 0

    @property
    def size(self) -> str:
        """By how much, and in which direction: `8 % lower`, `0.4 dB higher`."""
        if direction(self.measure) == ZERO:
            return f"{number(abs(self.difference))} {'farther from' if self.difference > 0 else 'nearer to'} 0"
        way = "higher" if self.difference > 0 else "lower"
        if direction(self.measure) == LESS and self.base > 0:
            return f"{percent(abs(self.difference) / self.base)} {way}"
        return f"{number(abs(self.difference))}{unit(self.measure)} {way}"


def finding(measure: str, outcomes: Sequence[Outcome], varied: Sequence[str], usual: dict[str, Any]) -> str:
    """One or two sentences on how the settings of a sweep compare by a measure; none of fewer than two.

    Args:
        outcomes: of the networks, each setting once.
        varied, usual: see `settings.Settings`.
    """
    known = [each for each in outcomes if np.isfinite(each.estimate.mean)]
    if len(known) < 2:
        return ""
    departing = [[key for key in varied if each.values.get(key) != usual.get(key)] for each in known]
    if len(varied) > 2 and sum(len(keys) <= 1 for keys in departing) > len(varied):
        return _one_at_a_time(measure, known, varied, usual)
    if len(varied) == 1 and all(_is_number(each.values.get(varied[0])) for each in known):
        return _along(measure, sorted(known, key=lambda each: float(each.values[varied[0]])), varied[0])
    return _best_of(measure, known)


def against_baseline(measure: str, pairs: Sequence[tuple[Outcome, Outcome]]) -> str:
    """A sentence on whether the settings beat their baselines; `pairs` has each network with its own."""
    told = []
    for name in dict.fromkeys(baseline.label for _, baseline in pairs):
        own = [(each, baseline) for each, baseline in pairs if baseline.label == name]
        gaps = [(each, Gap.between(measure, each, baseline)) for each, baseline in own]
        better = [each for each, gap in gaps if gap.is_sure and _is_better(measure, each, gap)]
        worse = [each for each, gap in gaps if gap.is_sure and not _is_better(measure, each, gap)]
        rival = f"{name}, which has no network ({title(measure)} {value(measure, own[0][1].estimate.mean)})"
        everyone = f"All {count(len(own))} are"
        if len(own) < 3:
            everyone = " and ".join(each.label for each, _ in own) + (" is" if len(own) == 1 else " are")
        if len(better) == len(own):
            told.append(f"{everyone} better than {rival}.")
        elif len(worse) == len(own):
            told.append(f"{everyone} worse than {rival}.")
        elif better:
            names = ", ".join(each.label for each in better)
            told.append(f"Better than {rival}: {names}; not so the other {count(len(own) - len(better))}.")
        else:
            also = f"; {count(len(worse))} {'is' if len(worse) == 1 else 'are'} worse" if worse else ""
            told.append(f"None is better than {rival}{also}.")
    return " ".join(told)


def ranked_effects(
    measure: str, outcomes: Sequence[Outcome], varied: Sequence[str], usual: dict[str, Any]
) -> list[tuple[str, Outcome, Gap]]:
    """For each key the setting that departs from the usual one in it alone, and by most; the largest effect first."""
    base = _base(outcomes, varied, usual)
    if base is None:
        return []
    found = []
    for key in varied:
        alone = [each for each in outcomes if [k for k in varied if each.values.get(k) != usual.get(k)] == [key]]
        gaps = [(each, Gap.between(measure, each, base)) for each in alone]
        if gaps:
            most = max(gaps, key=lambda pair: abs(pair[1].difference))
            found.append((key, *most))
    return sorted(found, key=lambda each: -abs(each[2].difference))


def _along(measure: str, ordered: Sequence[Outcome], key: str) -> str:
    """Settings along a number: from the least value to the best one, and on to the largest."""
    best = leader(measure, ordered)
    name, short = title(measure), _short(key)

    def told(start: Outcome, end: Outcome) -> tuple[Gap, str, str]:
        return Gap.between(measure, end, start), start.values[key], end.values[key]

    parts = []
    if best is not ordered[0]:
        gap, start, end = told(ordered[0], best)
        parts.append(
            f"{gap.size} {name} from {short} {start} to {end}, {beyond(gap)}"
            if gap.is_sure
            else f"no difference in {name} between {short} {start} and {end} that {so_many_seeds(gap)} can show"
        )
    if best is not ordered[-1]:
        gap, start, end = told(best, ordered[-1])
        if parts:
            parts.append(f"{gap.size} again at {end}" if gap.is_sure else f"no further gain at {end}")
        else:
            parts.append(
                f"{gap.size} {name} from {short} {start} to {end}, {beyond(gap)}"
                if gap.is_sure
                else f"no difference in {name} between {short} {start} and {end} that {so_many_seeds(gap)} can show"
            )
    return _sentence("; ".join(parts))


def _best_of(measure: str, outcomes: Sequence[Outcome]) -> str:
    """Settings without an order."""
    best, name = leader(measure, outcomes), title(measure)
    gaps = [(each, Gap.between(measure, each, best)) for each in outcomes if each is not best]
    sure = [(each, gap) for each, gap in gaps if gap.is_sure]
    unsure = [(each, gap) for each, gap in gaps if not gap.is_sure]
    if not sure:
        fewest = min((gap for _, gap in gaps), key=lambda gap: gap.seeds)
        ends = sorted(each.estimate.mean for each in outcomes)
        low, high = value(measure, ends[0]), value(measure, ends[-1])
        span = f"all networks have {low}" if low == high else f"from {low} to {high}"
        return _sentence(f"no difference in {name} that {so_many_seeds(fewest)} can show: {span}")
    told = [f"{name} is best with {best.label}, {value(measure, best.estimate.mean)}"]
    worst = sorted(sure, key=lambda pair: abs(pair[1].difference))
    told += [f"with {each.label} it is {gap.size}" for each, gap in worst[:4]]
    sentence = _sentence("; ".join(told) + f", {beyond(worst[0][1])}")
    if len(worst) > 4:
        sentence += f" So {'is' if len(worst) == 5 else 'are'} {count(len(worst) - 4)} more, farther behind."
    if unsure:
        names = ", ".join(each.label for each, _ in unsure)
        sentence += f" No difference from the best that {so_many_seeds(unsure[0][1])} can show: {names}."
    return sentence


def _one_at_a_time(measure: str, outcomes: Sequence[Outcome], varied: Sequence[str], usual: dict[str, Any]) -> str:
    """A usual setting, and settings that depart from it in one key each."""
    effects = ranked_effects(measure, outcomes, varied, usual)
    name = title(measure)
    if not effects:
        return ""
    sure = [(key, each, gap) for key, each, gap in effects if gap.is_sure]
    unsure = [_short(key) for key, _, gap in effects if not gap.is_sure]
    seeds = so_many_seeds(min((gap for _, _, gap in effects), key=lambda gap: gap.seeds))
    if not sure:
        return f"No key changes {name} by more than {seeds} can show: {', '.join(unsure)}."
    told = ", ".join(f"{_short(key)} ({each.values[key]}: {gap.size})" for key, each, gap in sure)
    text = f"By their largest effect on {name}, each alone and {beyond(sure[0][2])}: {told}."
    if unsure:
        text += f" No difference that {seeds} can show: {', '.join(unsure)}."
    base = _base(outcomes, varied, usual)
    gaps = [(each, Gap.between(measure, each, base)) for each in outcomes if base and each is not base]
    better = [(each, gap) for each, gap in gaps if gap.is_sure and _is_better(measure, each, gap)]
    if not better:
        return f"{text} None is better than the usual setting."
    better.sort(key=lambda pair: badness(measure, pair[0].estimate.mean))
    best = ", ".join(f"{each.label} ({gap.size})" for each, gap in better[:MOST_BETTER])
    more = f" and {count(len(better) - MOST_BETTER)} more" if len(better) > MOST_BETTER else ""
    return f"{text} Better than the usual setting: {best}{more}."


def _base(outcomes: Sequence[Outcome], varied: Sequence[str], usual: dict[str, Any]) -> Outcome | None:
    """The setting that departs from the usual one in nothing."""
    return next((each for each in outcomes if all(each.values.get(key) == usual.get(key) for key in varied)), None)


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


def count(many: int) -> str:
    """A number of things in words."""
    return WORDS[many] if many < len(WORDS) else str(many)


def leader(measure: str, outcomes: Sequence[Outcome]) -> Outcome:
    return min(outcomes, key=lambda each: badness(measure, each.estimate.mean))


def _is_better(measure: str, each: Outcome, gap: Gap) -> bool:
    return badness(measure, each.estimate.mean) < badness(measure, gap.base)


def beyond(gap: Gap) -> str:
    """What a sure difference is more than."""
    if gap.seeds < 2:
        return "more than the choice of pictures explains (one seed: nothing is known of others)"
    return "beyond the seeds' spread"


def so_many_seeds(gap: Gap) -> str:
    """How many there are, in words."""
    return f"{count(gap.seeds)} seed{'s' if gap.seeds != 1 else ''}"


def _short(key: str) -> str:
    return key.rpartition(".")[2]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "." if text else ""


def _is_number(given: Any) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool)
