"""Batches: which pictures a step sees, in which order, and what is random about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from colourize.data.draws import Draws


class LabelCache:
    """The pixels' labels of a stage's `count` pictures, each computed once and kept for later epochs."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._kept: WeakKeyDictionary[object, tuple[Tensor, Tensor]] = WeakKeyDictionary()

    def labels(self, owner: object, which: Tensor, compute: Callable[[], Tensor]) -> Tensor:
        """The labels of some pictures, int64 (B, H, W) below 256, computed where they are not known yet.

        Args:
            owner: what they belong to, such as an answer with its palette.
            which: the pictures' places, (B,).
            compute: computes the labels of just these pictures.
        """
        if owner in self._kept:
            known, kept = self._kept[owner]
            if known[which].all():
                return kept[which].long()
        labels = compute()
        if owner not in self._kept:
            shape = (self.count, *labels.shape[1:])
            self._kept[owner] = torch.zeros(self.count, dtype=torch.bool), torch.empty(shape, dtype=torch.uint8)
        known, kept = self._kept[owner]
        known[which], kept[which] = True, labels.to(torch.uint8)
        return labels


class Batch(NamedTuple):
    """Pictures as they travel to the device, and their places in their stage."""

    pictures: Tensor  # uint8 (B, H, W, 3), RGB
    which: Tensor  # int64 (B,): their places among the stage's pictures
    stage: str = "predict"  # train | val | test | predict
    epoch: int = 0  # always 0 outside of training: an evaluation is the same each time
    seed: int = 0
    labels: Tensor | None = None  # int64 (B,): their categories, where the source knows them
    cache: LabelCache | None = None  # of the stage's pictures; None where these were changed, by augmentation

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        labels = None if self.labels is None else self.labels.to(device)
        return self._replace(pictures=self.pictures.to(device), which=self.which.to(device), labels=labels)

    def draws(self, purpose: str) -> Draws:
        """Random numbers that belong to these pictures, for a purpose such as "noise"."""
        return Draws(self.which, seed=self.seed, epoch=self.epoch, stage=self.stage, purpose=purpose)


class Pair(NamedTuple):
    """A batch as a task learns from it."""

    inputs: Tensor  # (B, in_channels, H, W)
    target: Any  # in the form of the task's answer
    truth: Tensor  # (B, 3, H, W): the true picture, RGB in [0, 1]
    which: Tensor  # int64 (B,): which pictures of their stage
    labels: Tensor | None = None  # int64 (B,): their categories, where the source knows them


def as_batch(pictures: Batch | Tensor) -> Batch:
    """Loose uint8 pictures (B, H, W, 3), numbered from 0, as a batch; a batch as it is."""
    if isinstance(pictures, Batch):
        return pictures
    return Batch(pictures, torch.arange(len(pictures), device=pictures.device))


class BatchLoader:
    """All pictures of a stage once, a batch at a time; the last batch may be smaller.

    Seed and epoch alone decide the shuffled order. Each of several processes gets its share of every batch: all take
    equally many steps, together see what one process would see, and none sees a picture twice. A batch is one look-up
    in memory; passing it from a worker process would cost more than making it.

    Args:
        pictures: uint8 (N, H, W, 3).
        batch_size: pictures a batch, over all processes.
        stage: train, val, test or predict.
        labels: int64 (N,), their categories; None: they have none.
        cache: keeps the pixels' labels of these pictures from one epoch to the next.
        seed: of the order and of all random numbers of a picture.
        left_out: places of pictures that no batch has; the others keep theirs.
        shuffle, reshuffle: whether the order is random, and whether it changes with the epoch.
        world_size, rank: the number of processes, and this one's.
    """

    def __init__(
        self, pictures: np.ndarray, batch_size: int, stage: str, *, labels: np.ndarray | None = None,
        cache: LabelCache | None = None, seed: int = 0, shuffle: bool = False, reshuffle: bool = True,
        world_size: int = 1, rank: int = 0, left_out: Collection[int] = (),
    ) -> None:  # fmt: skip
        self.pictures = torch.from_numpy(np.ascontiguousarray(pictures))
        self.labels = None if labels is None else torch.from_numpy(labels)
        self.cache = cache
        self.stage, self.seed, self.shuffle, self.reshuffle = stage, seed, shuffle, reshuffle
        self.world_size, self.rank = world_size, rank
        self.epoch = 0
        self._first, self._done = 0, 0  # the batch to begin with next time; the batches of this epoch so far
        self.sampler, self.batch_sampler = self, None  # where Lightning looks for `set_epoch`
        self.places = np.setdiff1d(np.arange(len(pictures)), [*left_out])
        count = len(self.places)
        starts = list(range(0, count, batch_size))
        if len(starts) > 1 and count - starts[-1] < world_size:
            starts.pop()  # too few for all processes: they join the batch before
        self.bounds = list(zip(starts, [*starts[1:], count], strict=True))

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this at the start of each epoch."""
        self.epoch = epoch if self.stage == "train" else 0

    def order(self) -> np.ndarray:
        """The places of all pictures in the order of this epoch, (N,) int64."""
        if not self.shuffle:
            return self.places
        return np.random.default_rng([self.seed, self.epoch if self.reshuffle else 0]).permutation(self.places)

    def state_dict(self) -> dict[str, int]:
        """The number of batches of this epoch so far, after which a resumed run continues."""
        return {"batch": self._done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue another iteration; the epochs after it are whole."""
        self._first = state["batch"]

    def __iter__(self) -> Iterator[Batch]:
        first, self._first = self._first, 0
        return self._batches(first)

    def _batches(self, first: int) -> Iterator[Batch]:
        order = torch.from_numpy(self.order())  # here, at the first batch: the epoch is set after `iter`
        for number, (start, end) in enumerate(self.bounds[first:], first + 1):
            self._done = number
            which = order[start:end][self.rank :: self.world_size]
            labels = None if self.labels is None else self.labels[which]
            yield Batch(self.pictures[which], which, self.stage, self.epoch, self.seed, labels, self.cache)

    def __len__(self) -> int:
        return len(self.bounds)
