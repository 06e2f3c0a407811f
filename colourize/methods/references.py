"""Chooses the baselines of each method, and the reference with which each method is compared."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import torch

from colourize.checkpoints import data_from
from colourize.data.batches import Batch
from colourize.data.fitting import Training
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, InputError, UsageError
from colourize.methods.candidates import (
    TEMPERATURE,
    Candidate,
    at_temperatures,
    find_checkpoints,
    from_checkpoint,
    from_task,
)
from colourize.methods.identity import is_baseline, options
from colourize.runs.method_settings import is_one_of
from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)

# Settings of splitting and reading do not matter, as a baseline is fitted to the same training pictures.
SPLIT = (
    "data.batch_size", "data.reshuffle", "data.augmentation", "data.palette", "data.epoch_size",
    "data.extra_categories", "data.extra_share",
)  # fmt: skip


def usual_baseline(degradation: Any) -> str:
    """The simplest baseline that a network must beat, from the option of its degradation."""
    return "bicubic" if degradation == "low_resolution" else "grey_lookup"


def reference_candidates(asked: str | None, candidates: Sequence[Candidate], trust: Sequence[str]) -> list[Candidate]:
    """The seeds of a reference that is named by checkpoints; none for null, auto or a baseline of the group `model`.

    One that is also among the candidates is that candidate, so that it is tested once.

    Raises:
        UsageError: it is none of these, or a baseline that supports no candidate's task.
    """
    baselines = baseline_names("fitting")
    if asked in baselines and candidates and not any(baseline_on(each.task, asked) for each in candidates):
        raise UsageError(f"reference={asked}: is not for the tasks of these checkpoints; auto takes one that is")
    if asked in (None, "auto", *baselines):
        return []
    allowed = f"reference={asked}: must be null, auto, a baseline ({', '.join(baselines)}), or a checkpoint"
    if asked in options("model"):
        raise UsageError(f"{allowed}; {asked} is a network, which must be trained first")
    by_path = {each.path.resolve(): each for each in candidates if each.path}
    try:
        return [by_path.get(path.resolve()) or from_checkpoint(path, trust) for path in find_checkpoints(asked)]
    except (InputError, UsageError) as error:
        raise UsageError(f"{allowed} ({str(error).splitlines()[0]})") from error


def references(
    candidates: Sequence[Candidate], asked: str | None, named: Sequence[Candidate] = ()
) -> dict[str, str | None]:
    """The label of each method → the label of its reference; None: it has none.

    It is `named`, if checkpoints were (see `reference_candidates`), or else what auto or a baseline means for its task.
    """
    if named:
        return dict.fromkeys((each.label for each in candidates), named[0].label)
    found: dict[str, str | None] = {}
    for each in candidates:
        wanted = usual_baseline(each.settings.get("task.degradation")) if asked == "auto" else asked
        same = [other.label for other in candidates if other.name == wanted and kind_of(other) == kind_of(each)]
        found[each.label] = same[0] if same else None
    return found


def baselines_for(
    candidates: Sequence[Candidate], names: Iterable[str], own: PictureData, trust: Any, *, named: bool = False
) -> list[Candidate]:
    """The named baselines for each task among the candidates, fitted to the candidates' training pictures.

    A baseline that does not support a task, or is a candidate already, is left out. If a network's training pictures
    are missing, all its baselines are left out, and the log says so. `own` is the data of candidates without a
    checkpoint. With `named`, the log has each baseline that does not support a task.
    """
    found: list[Candidate] = []
    for kind, first in {kind_of(each): each for each in candidates}.items():
        try:
            data = data_from(first.checkpoint, str(first.path), trust) if first.checkpoint else own
            data.prepare_data()
            training = data.training
        except ColourizeError as error:
            log.warning("Baselines of %s are left out: %s", first.path, str(error).splitlines()[0])
            continue
        present = {each.name for each in candidates if kind_of(each) == kind}
        for name in names:
            task = None if name in present else baseline_on(first.task, name)
            if task is None and named and name not in present:
                log.warning("baselines=%s: is left out, as it is not for the task of %s", name, first.name)
            if task is not None:
                task.fit_parts(training)
                baseline = from_task(task, data, first.checkpoint)
                found += at_temperatures([baseline], first.settings.get(TEMPERATURE))
    return found


def baseline_names(names: Any) -> list[str]:
    """The options of the group `model` that `baselines` names; "fitting" means all baselines.

    Raises:
        UsageError: an option is not a baseline.
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
    """A baseline, an option of the group `model`, for the same task, not fitted yet; None: it does not support it."""
    try:
        return task.with_model(dict(options("model")[name])).eval()
    except UsageError:
        return None


@torch.no_grad()
def usual_measures(
    task: RestorationTask, degradation: Any, training: Training, batches: Iterable[Batch]
) -> dict[str, dict[str, float]]:
    """The name of a task's usual baseline → its measures `test/…` on all batches; empty if no baseline fits.

    Args:
        degradation: the option of the task's degradation.
        training: the training split to which the baseline is fitted.
    """
    name = usual_baseline(degradation)
    baseline = baseline_on(task, name) if type(task) is RestorationTask else None  # a user's may be built differently
    if baseline is None:
        return {}
    baseline.fit_parts(training)
    for batch in batches:
        pair = baseline.make_pair(batch)
        baseline.measure(baseline.outputs(pair), pair, task.measures)
    return {name: baseline.results("test")}


def kind_of(candidate: Candidate) -> tuple[str, ...]:
    """A key for the choice of a method's baselines: its task and its training pictures."""
    hparams, settings = candidate.task.hparams, candidate.settings
    colours = ((hparams["fitted"] or {}).get("answer") or {}).values()
    # Fitted palettes differ in their last digits with the number of threads; the number of colours suffices for them.
    is_fitted = type(settings.get("data.palette")) is int
    palettes = [len(each) if is_fitted else hash(tuple(each.flatten().tolist())) for each in colours]
    data = sorted(
        f"{k}={value}" for k, value in settings.items() if is_one_of(k, ("data",)) and not is_one_of(k, SPLIT)
    )
    # Baselines do not depend on what happens to a network's outputs.
    degradation = {key: value for key, value in hparams["degradation"].items() if key != "projected"}
    task = (degradation, hparams["answer"], hparams["divisor"], settings.get(TEMPERATURE))
    return tuple(map(str, (*task, *palettes, *data)))
