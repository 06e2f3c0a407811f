"""Which baselines belong beside a method, and what each method is held against."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from colourize.checkpoints import data_from
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, InputError, UsageError
from colourize.methods.candidates import TEMPERATURE, Candidate, find_checkpoints, from_checkpoint
from colourize.methods.identity import is_baseline, options, settings_of_task
from colourize.runs.settings import is_one_of
from colourize.tasks.restoration import RestorationTask, qualified_name

log = logging.getLogger(__name__)

# How the training pictures are split and read: a baseline is fitted to the same ones, whatever these are.
SPLIT = ("data.batch_size", "data.reshuffle", "data.augmentation", "data.palette")
# The plainest method that a network must beat, by the option of its degradation, and of all others.
USUAL, USUAL_ELSE = {"low_resolution": "bicubic"}, "grey_lookup"


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
    if asked in options("model"):
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
        wanted = USUAL.get(str(each.settings.get("task.degradation")), USUAL_ELSE) if asked.usual else asked.name
        same = [other.label for other in candidates if other.name == wanted and kind_of(other) == kind_of(each)]
        found[each.label] = same[0] if same else None
    return found


def baselines_for(
    candidates: Sequence[Candidate], names: Iterable[str], given: PictureData, trust: Any
) -> list[Candidate]:
    """The named baselines for each task among the candidates, fitted to what those were trained on.

    One that does not fit a task, or is there already, is left out. Where the pictures that a network was trained on
    cannot be had, its baselines are left out as well, and the log says so.

    Args:
        names: options of the group `model`.
        given: the data of a candidate that is no checkpoint.
    """
    found: list[Candidate] = []
    for kind in {kind_of(each): each for each in candidates}.values():
        try:
            data = data_from(kind.checkpoint, str(kind.path), trust) if kind.checkpoint else given
            data.prepare_data()
            training = data.training
        except ColourizeError as error:
            log.warning("Baselines of %s are left out: %s", kind.path, str(error).splitlines()[0])
            continue
        there = {each.name for each in candidates if kind_of(each) == kind_of(kind)}
        for name in names:
            task = None if name in there else baseline_on(kind.task, name)
            if task is not None:
                task.fit_parts(training)
                settings = settings_of_task(task.hparams, qualified_name(data), data.hparams)
                if (temperature := kind.settings.get(TEMPERATURE)) is not None:
                    task.answer.decode_at(temperature)
                    settings[TEMPERATURE] = temperature
                found.append(Candidate(name, task, settings, checkpoint=kind.checkpoint))
    return found


def fitting(names: Any) -> list[str]:
    """The options of the group `model` that `baselines` asks for: "fitting" is all baselines there are.

    Raises:
        UsageError: one is no baseline.
    """
    known = [name for name, part in options("model").items() if is_baseline(str(part.get("_target_")))]
    if names == "fitting":
        return known
    asked = [] if names is None else [names] if isinstance(names, str) else list(names)
    wrong = [name for name in asked if name not in known]
    if wrong:
        raise UsageError(f"baselines={wrong[0]}: must be fitting, or some of {', '.join(known)}")
    return asked


def baseline_on(task: RestorationTask, name: str) -> RestorationTask | None:
    """A baseline, an option of the group `model`, on the same task; None: it is not for it. It is not fitted yet."""
    try:
        return task.with_model(dict(options("model")[name])).eval()
    except UsageError:
        return None


def kind_of(candidate: Candidate) -> tuple[str, ...]:
    """What decides which baselines belong beside a method: its task, and what it was trained on."""
    hparams, settings = candidate.task.hparams, candidate.settings
    fitted = (hparams["fitted"] or {}).get("answer") or {}
    if type(settings.get("data.palette")) is int:
        # Their last digits differ with the number of threads; how many there are says, with the pictures, which.
        colours = [str(len(each)) for each in fitted.values()]
    else:
        colours = [str(hash(tuple(each.flatten().tolist()))) for each in fitted.values()]
    data = [
        f"{key}={value}" for key, value in settings.items() if is_one_of(key, ("data",)) and not is_one_of(key, SPLIT)
    ]
    parts = (str(hparams[part]) for part in ("degradation", "answer", "divisor"))
    return (*parts, str(settings.get(TEMPERATURE)), *colours, *sorted(data))
