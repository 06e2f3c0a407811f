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


def check_loss(loss: dict[str, Any], answer: Answer) -> dict[str, type[Loss]]:
    """The classes of the loss's terms by name, or of the single loss; nothing is built yet.

    Raises:
        UsageError: a loss cannot be computed from such answers.
    """
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


def check_degradation(degradation: Degradation, answer: Answer) -> None:
    """Raise a UsageError where the answer does not support this degradation."""
    if answer.degradations and not isinstance(degradation, answer.degradations):
        names = " or ".join(each.__name__ for each in answer.degradations)
        raise UsageError(
            f"task.answer={type(answer).__name__}: is for the degradation {names}, and this one is "
            f"{type(degradation).__name__}; degradation=… must name another, or answer=…"
        )


def check_model(model: nn.Module, answer: Answer) -> None:
    """Raise a UsageError where a network predicts each pixel and the answer is for whole pictures, or vice versa."""
    per_pixel = getattr(model, "per_pixel", True)
    if per_pixel != answer.per_pixel:
        ways = {True: "each pixel", False: "a whole picture"}
        fitting = "model=residual_classifier" if not answer.per_pixel else "task=category_classification"
        raise UsageError(
            f"model: {type(model).__name__} answers {ways[per_pixel]}, and the answer {type(answer).__name__} is for "
            f"{ways[answer.per_pixel]}; {fitting} fits"
        )


def check_prior(model: nn.Module, prior: object) -> None:
    """Raise a UsageError where a prior is combined with a baseline, which learns nothing."""
    if isinstance(model, Baseline) and prior is not None:
        raise UsageError(f"prior: is for a network that learns; {type(model).__name__} answers by itself")


def check_scale_factor(model: nn.Module, degradation: Degradation) -> None:
    """Raise a UsageError where the network's scale factor differs from the degradation's."""
    factor, of_degradation = (getattr(each, "scale_factor", None) for each in (model, degradation))
    if factor is None or isinstance(model, Baseline) or factor == of_degradation:
        return
    if of_degradation is None:
        raise UsageError(f"model: {type(model).__name__} enlarges small pictures; degradation=low_resolution fits")
    raise UsageError(f"model.scale_factor={factor}: must be task.degradation.scale_factor, {of_degradation}")


def check_projected(model: nn.Module, degradation: Degradation) -> None:
    """Raise a UsageError where outputs are projected to block means and the network predicts only some pixels."""
    stride = getattr(model, "training_stride", 1)
    if getattr(degradation, "projected", False) and stride > 1:
        name = type(model).__name__
        raise UsageError(
            f"task.degradation.projected=true: needs every pixel; in training {name} answers one in {stride}"
        )
