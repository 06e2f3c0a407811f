"""Optimiser and learning-rate schedule from their configurations."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import Trainer
from torch import nn

from colourize.data.pictures import PictureData
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


def count_steps(trainer: Trainer) -> int:
    """How many steps a training takes in all.

    Lightning's own count (`estimated_stepping_batches`) takes the training batches before a checkpoint could say where
    among them to go on, and that place is lost: https://github.com/Lightning-AI/pytorch-lightning/issues/20550
    """
    data = getattr(trainer, "datamodule", None)
    if not isinstance(data, PictureData) or trainer.overfit_batches or trainer.max_epochs in (None, -1):
        return int(trainer.estimated_stepping_batches)
    batches, limit = len(data.train_dataloader()), trainer.limit_train_batches
    batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
    steps = math.ceil(batches / trainer.accumulate_grad_batches) * trainer.max_epochs
    return steps if trainer.max_steps == -1 else min(steps, trainer.max_steps)


def class_name(config: dict[str, Any]) -> str:
    """What a configured part is, for people: the last part of its `_target_`."""
    return str(config.get("_target_")).rpartition(".")[2]
