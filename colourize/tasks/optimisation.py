"""Builds the optimiser and the learning-rate schedule from their configurations."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterable
from typing import Any

import torch
from lightning import Trainer
from torch import nn

from colourize.configuration import build_part, part_class
from colourize.data.pictures import PictureData
from colourize.errors import UsageError, is_number

TOTAL_STEPS = "total_steps"  # an argument whose value is this word gets the number of training steps
INTERVALS = ("step", "epoch")
LARGEST_RATE = 1e6  # far above any useful learning rate and far below float32's maximum
RATES = {"max_lr", "base_lr", "min_lr", "eta_min"}  # arguments of torch's schedules that are learning rates


def build_optimizer(config: dict[str, Any] | None, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """Build a torch optimiser from `_target_` and arguments.

    Raises:
        UsageError: an argument that it does not take.
    """
    if config is None:
        raise UsageError("task.optimizer: missing; optimizer=adam, say, gives one")
    _check_rate("task.optimizer.lr", config.get("lr"))
    _check_numbers("task.optimizer", config)
    optimizer: torch.optim.Optimizer = build_part("task.optimizer", config, parameters)
    return optimizer


def build_scheduler(config: dict[str, Any] | None, optimizer: torch.optim.Optimizer, total_steps: int) -> Any:
    """Build a torch schedule from `_target_`, arguments and `interval`, for a run of `total_steps`; None for None.

    Raises:
        UsageError: an argument that it does not take.
    """
    if config is None:
        return None
    if config.get("interval", "epoch") not in INTERVALS:
        raise UsageError(f"task.lr_scheduler.interval={config['interval']}: must be {' or '.join(INTERVALS)}")
    for key in RATES & set(config):
        for rate in config[key] if isinstance(config[key], (list, tuple)) else [config[key]]:
            _check_rate(f"task.lr_scheduler.{key}", rate)
    _check_numbers("task.lr_scheduler", config)
    arguments = {key: value for key, value in config.items() if key != "interval"}
    arguments = {key: total_steps if value == TOTAL_STEPS else value for key, value in arguments.items()}
    return build_part("task.lr_scheduler", arguments, optimizer=optimizer)


def count_steps(trainer: Trainer) -> int:
    """The total number of steps of a training.

    Lightning's own count (`estimated_stepping_batches`) sets up the training batches before a checkpoint restores the
    position among them, and that position is lost: https://github.com/Lightning-AI/pytorch-lightning/issues/20550
    """
    data = getattr(trainer, "datamodule", None)
    epochs = trainer.max_epochs
    if not isinstance(data, PictureData) or epochs is None or epochs < 0 or getattr(trainer, "overfit_batches", False):
        return int(trainer.estimated_stepping_batches)
    batches, limit = len(data.train_dataloader()), trainer.limit_train_batches
    batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    steps = math.ceil(batches / trainer.accumulate_grad_batches) * epochs
    return steps if trainer.max_steps == -1 else min(steps, trainer.max_steps)


def check_optimisation(
    optimizer: dict[str, Any] | None, scheduler: dict[str, Any] | None, parameters: Iterable[nn.Parameter]
) -> None:
    """Raise a UsageError where training cannot start, or a schedule leaves the allowed range of learning rates.

    The rates of a schedule that depends on a measure (ReduceLROnPlateau) are not checked.
    """
    steps = 100
    schedule = build_scheduler(scheduler, build_optimizer(optimizer, parameters), steps)
    if schedule is None or isinstance(schedule, torch.optim.lr_scheduler.ReduceLROnPlateau):
        return
    for step in range(steps):
        for group in schedule.optimizer.param_groups:
            rate = float(group["lr"])
            if not -1e-12 <= rate <= LARGEST_RATE:  # a schedule that ends at 0 may round below it
                raise UsageError(
                    f"task.lr_scheduler={type(schedule).__name__}: the learning rate becomes {rate:.3g} at step {step} "
                    f"of {steps}; must stay from 0 to {LARGEST_RATE:g}"
                )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch warns that the optimiser has not stepped first
                schedule.step()
        except ValueError:  # OneCycleLR beyond its last step
            return


def _check_rate(key: str, rate: object) -> None:
    if not (is_number(rate) and 0 <= rate <= LARGEST_RATE):
        raise UsageError(f"{key}={rate}: must be a number from 0 to {LARGEST_RATE:g}")


def _check_numbers(key: str, config: dict[str, Any]) -> None:
    """Refuse true and false for a number, as Python would read them as 1 and 0, and refuse infinite numbers."""
    parameters = inspect.signature(part_class(key, config)).parameters
    for name, value in config.items():
        of = parameters.get(name)
        numeric = of and (type(of.default) in (int, float) or of.annotation in (int, float, "int", "float"))
        if numeric and isinstance(value, bool):
            raise UsageError(f"{key}.{name}={str(value).lower()}: must be a number")
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"{key}.{name}={value}: must be a finite number")
