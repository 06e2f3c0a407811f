"""Optimiser and learning-rate schedule from their configurations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from hydra.utils import instantiate
from torch import nn

from colourize.errors import UsageError, one_line

TOTAL_STEPS = "total_steps"  # an argument whose value is this word gets the number of training steps
INTERVALS = ("step", "epoch")


def build_optimizer(config: dict[str, Any] | None, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """A torch optimiser of `_target_` and arguments.

    Raises:
        UsageError: an argument that it does not take.
    """
    if config is None:
        raise UsageError("task.optimizer: missing; optimizer=adam, say, gives one")
    rate = config.get("lr")
    if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not rate >= 0:
        raise UsageError(f"task.optimizer.lr={rate}: must be a number of at least 0")
    try:
        return instantiate(config, parameters)
    except Exception as error:
        raise UsageError(f"task.optimizer={class_name(config)}: {one_line(error.__cause__ or error)}") from error


def build_scheduler(config: dict[str, Any] | None, optimizer: torch.optim.Optimizer, total_steps: int) -> Any:
    """A torch schedule of `_target_`, arguments and `interval`, for a run of so many steps; None where there is none.

    Raises:
        UsageError: an argument that it does not take.
    """
    if config is None:
        return None
    if config.get("interval", "epoch") not in INTERVALS:
        raise UsageError(f"task.lr_scheduler.interval={config['interval']}: must be {' or '.join(INTERVALS)}")
    arguments = {key: value for key, value in config.items() if key != "interval"}
    arguments = {key: total_steps if value == TOTAL_STEPS else value for key, value in arguments.items()}
    try:
        return instantiate(arguments, optimizer=optimizer)
    except Exception as error:
        raise UsageError(f"task.lr_scheduler={class_name(config)}: {one_line(error.__cause__ or error)}") from error


def class_name(config: dict[str, Any]) -> str:
    """What a configured part is, for people: the last part of its `_target_`."""
    return str(config.get("_target_")).rpartition(".")[2]
