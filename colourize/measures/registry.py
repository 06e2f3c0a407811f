"""All measures and their facts, by name."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Sequence
from typing import Any

from hydra.utils import get_class

from colourize.errors import UsageError, one_line
from colourize.measures import classification, colour, learned, perceptual, pixel
from colourize.measures.base import LESS, MORE, NEITHER, ZERO, Direction, Measure, PictureMeasure, SetMeasure

GROUPS = ("epoch", "quick", "default", "all")


class Loss(Measure, name="loss", direction=LESS):
    """What training minimises: by default cross-entropy (classes) or mean squared error (values).

    The task computes it for each batch.
    """


FAMILIES = (classification, pixel, colour, perceptual, learned)
CONTENTS: list[Any] = [Loss, *(each for family in FAMILIES for each in vars(family).values())]
MEASURES: dict[str, Measure] = {
    each.name: each()
    for each in CONTENTS
    if isinstance(each, type) and issubclass(each, Measure) and "definition" in vars(each)
}
EPOCH = [each for each in MEASURES.values() if each.group == "epoch"]  # after each epoch of a training
ALWAYS = [MEASURES["accuracy"], MEASURES["cross_entropy"]]  # in every test of a classifier


def find(name: str) -> Measure | None:
    """The measure of a column; `psnr_expected` is `psnr` of another picture."""
    fitting = [each for each in MEASURES if name == each or name.startswith(f"{each}_")]
    return MEASURES[max(fitting, key=len)] if fitting else None


def direction(name: str) -> Direction:
    """Which values of a column are good; NEITHER for an unknown measure."""
    return measure.direction if (measure := find(name)) else NEITHER


def unit(name: str) -> str:
    """The unit to print after a value, such as " dB"."""
    return f" {measure.unit}" if (measure := find(name)) and measure.unit else ""


def badness(name: str, mean: float) -> float:
    """A sort key for a measure's values: the best sorts first, nan last."""
    if math.isnan(mean):
        return math.inf
    return {MORE: -mean, LESS: mean, ZERO: abs(mean), NEITHER: -mean}[direction(name)]


def choose(names: Any) -> list[Measure]:
    """The measures of the key `measures.names`, each once, after `ALWAYS`.

    Args:
        names: one or a list of these: a measure's name, a group's name, which includes the groups before it, or the
            dotted name of the user's own class.

    Raises:
        UsageError: an unknown name.
    """
    asked = [names] if isinstance(names, str) or not isinstance(names, Sequence) else list(names)
    found = [*ALWAYS]
    for name in asked:
        if name in GROUPS:
            wanted = GROUPS[: GROUPS.index(name) + 1]
            found += [each for each in MEASURES.values() if each.group in wanted]
        elif isinstance(name, str) and isinstance(MEASURES.get(name), (PictureMeasure, SetMeasure)):
            found.append(MEASURES[name])
        else:
            found.append(_own(name))
    return list(dict.fromkeys(found))


def _own(name: Any) -> Measure:
    """The measure of a user's own class, registered by its name."""
    text = "null" if name is None else one_line(name)
    if not (isinstance(name, str) and "." in name):
        known = [each for each, measure in MEASURES.items() if not isinstance(measure, Loss)]
        allowed = f"{', '.join(GROUPS[1:])}, {', '.join(known)}, or a class of yours such as my_package.EdgeError"
        raise UsageError(f"measures.names={text}: must be some of {allowed}")
    try:
        found = get_class(name)
    except Exception as error:
        raise UsageError(f"measures.names={text}: cannot be imported ({one_line(error.__cause__ or error)})") from error
    if not (isinstance(found, type) and issubclass(found, (PictureMeasure, SetMeasure))):
        raise UsageError(f"measures.names={text}: must be a PictureMeasure or a SetMeasure (see docs/extending.md)")
    known_one = MEASURES.get(found.name)
    if known_one is not None and type(known_one) is not found:
        raise UsageError(f"measures.names={text}: its name {found.name} is another measure's; give it one of its own")
    return MEASURES.setdefault(found.name, found())


def describe(measures: Iterable[Measure]) -> dict[str, dict[str, str]]:
    """Direction, unit and definition of a user's own measures, for a run's record, as reports may lack the classes."""
    return {
        each.name: {"direction": each.direction.value, "unit": each.unit, "definition": each.definition}
        for each in measures
        if each.group is None
    }


def learn(described: Any) -> None:
    """Register the unknown measures of a run's record (see `describe`); damaged entries are skipped."""
    for name, facts in described.items() if isinstance(described, dict) else ():
        with contextlib.suppress(KeyError, TypeError, ValueError):
            own = Measure()
            own.name, own.direction = name, Direction(facts["direction"])
            own.unit, own.definition = facts["unit"], facts["definition"]
            MEASURES.setdefault(name, own)


def headlines(names: Iterable[str]) -> list[str]:
    """The names that an evaluation prints."""
    return [name for name in names if name in MEASURES and MEASURES[name].headline]


def left_out(measures: Iterable[Measure]) -> dict[str, str]:
    """The measures that cannot be computed here, name → reason."""
    return {each.name: lack for each in measures if (lack := each.needs()) is not None}
