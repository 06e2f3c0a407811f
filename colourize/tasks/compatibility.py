"""Checks that the parts of a task fit each other, before any pictures are read; each error is one line."""

from __future__ import annotations

from typing import Any

from torch import nn

from colourize.answers.base import Answer
from colourize.configuration import part_class
from colourize.data.fitting import Fitted
from colourize.degradations.base import Degradation
from colourize.errors import UsageError
from colourize.losses.base import Loss
from colourize.losses.weighted_sum import terms_of
from colourize.models.baselines import Baseline


def check_answer(degradation: Degradation, answer: Answer, loss: dict[str, Any]) -> dict[str, type[Loss]]:
    """The classes of the loss's terms by name, or of the single loss; nothing is built yet.

    Raises:
        UsageError: the answer does not support the degradation, or a loss cannot be computed from such answers.
    """
    if answer.degradations and not isinstance(degradation, answer.degradations):
        names = " or ".join(each.__name__ for each in answer.degradations)
        raise UsageError(
            f"task.answer={type(answer).__name__}: is for the degradation {names}, and this one is "
            f"{type(degradation).__name__}; degradation=… must name another, or answer=…"
        )
    classes: dict[str, type[Loss]] = {}
    terms = terms_of(loss)
    for name, term in terms.items():
        loss_class: type[Loss] = part_class(term.key, term.config)
        if not (isinstance(loss_class, type) and issubclass(loss_class, Loss)):
            target = term.config["_target_"]
            raise UsageError(f"{term.key}={target}: must be a Loss of this project's kind (see docs/extending.md)")
        if answer.kind not in loss_class.kinds:
            raise UsageError(
                f"{term.key}={loss_class.__name__}: is for {' and '.join(loss_class.kinds)}, and the answer "
                f"{type(answer).__name__} is {answer.kind}; loss=… must name another, or answer=…"
            )
        if len(terms) > 1 and issubclass(loss_class, Fitted):
            raise UsageError(f"{term.key}={loss_class.__name__}: is fitted to the training pictures; it must be alone")
        classes[name] = loss_class
    return classes


def check_model(model: nn.Module, prior: object, degradation: Degradation, answer: Answer) -> None:
    """Raise a UsageError where a network cannot answer this task, or has a prior that it cannot use."""
    name = type(model).__name__
    per_pixel = getattr(model, "per_pixel", True)
    if per_pixel != answer.per_pixel:
        ways = {True: "each pixel", False: "a whole picture"}
        fitting = "model=residual_classifier" if not answer.per_pixel else "task=category_classification"
        raise UsageError(
            f"model: {name} answers {ways[per_pixel]}, and the answer {type(answer).__name__} is for "
            f"{ways[answer.per_pixel]}; {fitting} fits"
        )
    if isinstance(model, Baseline):
        if prior is not None:
            raise UsageError(f"prior: is for a network that learns; {name} answers by itself")
        return
    factor, of_degradation = (getattr(each, "scale_factor", None) for each in (model, degradation))
    if factor is not None and factor != of_degradation:
        if of_degradation is None:
            raise UsageError(f"model: {name} enlarges small pictures; degradation=low_resolution fits")
        raise UsageError(f"model.scale_factor={factor}: must be task.degradation.scale_factor, {of_degradation}")
    stride = getattr(model, "training_stride", 1)
    if getattr(degradation, "projected", False) and stride > 1:
        raise UsageError(
            f"task.degradation.projected=true: needs every pixel; in training {name} answers one in {stride}"
        )
