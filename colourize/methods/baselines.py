"""What each method is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from colourize.errors import InputError, UsageError
from colourize.methods.candidates import (
    Candidate,
    find_checkpoints,
    fitting,
    from_checkpoint,
    kind_of,
    model_options,
)

# What `reference=auto` takes, by the name of the degradation: the plainest method that a network must beat.
USUAL = {"grey": "grey_lookup", "low": "bicubic"}


@dataclass(frozen=True)
class Reference:
    """What `reference` asks for.

    Attributes:
        name: of a baseline, the same for each task; None: none is asked for by name.
        candidates: the seeds of a method that was given as a checkpoint.
        usual: take that of `USUAL` which fits.
    """

    name: str | None = None
    candidates: list[Candidate] = field(default_factory=list)
    usual: bool = False


def named_reference(asked: str | None, trust: Sequence[str]) -> Reference:
    """What the key `reference` names: null, auto, a baseline of the group `model`, or checkpoints.

    Raises:
        UsageError: it names neither.
    """
    if asked is None:
        return Reference()
    if asked == "auto":
        return Reference(usual=True)
    baselines = fitting("fitting")
    if asked in baselines:
        return Reference(name=asked)
    allowed = f"reference={asked}: must be null, auto, a baseline ({', '.join(baselines)}), or a checkpoint"
    if asked in model_options():
        raise UsageError(f"{allowed}; {asked} is a network, which must be trained first")
    try:
        return Reference(candidates=[from_checkpoint(path, trust) for path in find_checkpoints(asked)])
    except (InputError, UsageError) as error:
        raise UsageError(f"{allowed} ({str(error).splitlines()[0]})") from error


def references(candidates: Sequence[Candidate], asked: Reference) -> dict[str, str | None]:
    """By each method's label the label of what it is held against; None: nothing."""
    found: dict[str, str | None] = {}
    for each in candidates:
        if asked.candidates:
            found[each.label] = asked.candidates[0].label
            continue
        wanted = USUAL.get(each.task.degradation.name) if asked.usual else asked.name
        same = [other.label for other in candidates if other.name == wanted and kind_of(other) == kind_of(each)]
        found[each.label] = same[0] if same else None
    return found
