"""What the three paths of a comparison have in common: how an epoch is reported, its arithmetic and its batches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig

from colourize.data.pictures import Batches, PictureData
from colourize.errors import UsageError


@dataclass
class Timing:
    """One epoch on one path: what was done, and the seconds it took."""

    steps: int
    pictures: int
    val_pictures: int
    training: float  # the training steps and the fetching of their batches
    epoch: float  # training, validation, and what else the path does each epoch
    validation: float
    inference: float | None = None  # the network alone over the validation pictures


@dataclass
class Chosen:
    """The pictures of a limited epoch, uint8 (N, H, W, 3): Lightning's `limit_…_batches` for plain loops."""

    train: np.ndarray
    batches: list[np.ndarray]  # the indices of each training batch, as the project's sampler orders them
    val: np.ndarray
    eval_batch_size: int


def chosen(config: DictConfig, data: PictureData) -> Chosen:
    """The batches that the project's Trainer takes in its first epoch."""
    pictures = data.pictures
    order = Batches(len(pictures.train), data.batch_size, data.seed)
    batches = list(order)[: limited(len(order), config.trainer.limit_train_batches)]
    val_batches = -(-len(pictures.val) // data.eval_batch_size)
    val_batches = limited(val_batches, config.trainer.limit_val_batches)
    return Chosen(pictures.train, batches, pictures.val[: val_batches * data.eval_batch_size], data.eval_batch_size)


def limited(count: int, limit: float) -> int:
    """How many of so many batches Lightning takes: a whole number of them, or a share."""
    return min(count, limit) if isinstance(limit, int) else int(count * limit)


def arithmetic(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """What Lightning's Trainer wraps around a step.

    Raises:
        UsageError: a precision that the plain loops do not have.
    """
    if precision == "32-true":
        return nullcontext()
    if precision == "bf16-mixed":
        return torch.autocast(device.type, torch.bfloat16)
    raise UsageError(f"trainer.precision={precision}: the benchmark compares 32-true, bf16-mixed and auto only")


@contextmanager
def determinism(wanted: bool | str, *, fill_fresh_memory: bool = False) -> Iterator[None]:
    """For a while, what a Trainer sets for its `deterministic` (True, False or "warn"): a loop inherits nothing."""
    utils: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = utils.fill_uninitialized_memory
    torch.use_deterministic_algorithms(bool(wanted), warn_only=wanted == "warn")
    utils.fill_uninitialized_memory = fill_fresh_memory
    try:
        yield
    finally:
        utils.fill_uninitialized_memory = filled
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
