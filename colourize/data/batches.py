"""Batches: which pictures a step sees, in which order, and with which random numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from colourize.data.draws import Draws


class LabelCache:
    """The labels of the pixels of a stage's `count` pictures, computed once and kept for later epochs."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._kept: WeakKeyDictionary[object, tuple[Tensor, Tensor]] = WeakKeyDictionary()

    def labels(self, owner: object, which: Tensor, compute: Callable[[], Tensor]) -> Tensor:
        """The labels of the pictures `which` (B,), int64 (B, H, W) below 256, computed where they are not cached yet.

        `owner` is what defines the labels, such as an answer with its palette.
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
    """A batch of pictures as it travels to the device."""

    pictures: Tensor  # uint8 (B, H, W, 3), RGB
    which: Tensor  # int64 (B,): their indices among the stage's pictures
    stage: str = "predict"  # train | val | test | predict
    epoch: int = 0  # always 0 outside of training: an evaluation is the same each time
    seed: int = 0
    labels: Tensor | None = None  # int64 (B,): their categories, where the source knows them
    cache: LabelCache | None = None  # for the stage's pictures; None where augmentation changed them
    numbers: Tensor | None = None  # int64 (B,): indices of their draws, if pictures recur in an epoch; None: `which`

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        return Batch._make(each.to(device) if isinstance(each, Tensor) else each for each in self)

    def draws(self, purpose: str) -> Draws:
        """Random numbers that belong to these pictures, for a purpose such as "noise"."""
        numbers = self.which if self.numbers is None else self.numbers
        return Draws(numbers, seed=self.seed, epoch=self.epoch, stage=self.stage, purpose=purpose)


class Pair(NamedTuple):
    """A batch as a task learns from it."""

    inputs: Tensor  # (B, in_channels, H, W)
    target: Any  # in the form of the task's answer
    truth: Tensor  # (B, 3, H, W): the true picture, RGB in [0, 1]
    which: Tensor  # int64 (B,): which pictures of their stage
    labels: Tensor | None = None  # int64 (B,): their categories, where the source knows them


def as_batch(pictures: Batch | Tensor) -> Batch:
    """A batch of plain uint8 pictures (B, H, W, 3), numbered from 0; a batch stays as it is."""
    if isinstance(pictures, Batch):
        return pictures
    return Batch(pictures, torch.arange(len(pictures), device=pictures.device))


class Extra(NamedTuple):
    """Extra pictures that are mixed into the batches of a stage's own pictures."""

    pictures: np.ndarray  # uint8 (M, H, W, 3)
    labels: np.ndarray | None  # int64 (M,): their categories, where the source knows them
    shares: tuple[float, float]  # share of a batch, 0…1, in the first and in the last epoch; linear in between
    epochs: int = 1  # number of epochs

    def among(self, epoch: int, first: int | np.ndarray) -> np.ndarray:
        """How many of an epoch's first `first` pictures are extra ones; they are spread evenly over the epoch."""
        start, end = self.shares
        share = start + (end - start) * min(epoch / max(self.epochs - 1, 1), 1.0)
        return np.floor(share * np.asarray(first) + 0.5).astype(np.int64)


class BatchLoader:
    """The pictures of a stage, a batch at a time; the last batch of an epoch may be smaller.

    An epoch has all pictures once. With another `length`, or with `extra` pictures, an epoch continues where the order
    of the previous epoch ended, so that each picture comes once before any comes again. The extra pictures have an
    order of their own; in `Batch.which` they are numbered after the stage's own pictures.

    Seed and epoch alone decide the shuffled order. Each of several processes gets its share of every batch: all take
    equally many steps, together they see what one process would see, and none sees a picture twice. There are no worker
    processes, as a batch is one look-up in memory, and passing it between processes would cost more.

    Args:
        pictures: uint8 (N, H, W, 3).
        batch_size: pictures per batch, over all processes.
        stage: train, val, test or predict.
        labels: int64 (N,), the pictures' categories; None: they have none.
        cache: keeps the labels of these pictures' pixels from one epoch to the next.
        seed: the seed of the order and of all random numbers of a picture.
        left_out: indices of pictures that are left out, without `shuffle`; the others keep their indices.
        shuffle, reshuffle: whether the order is random, and whether it changes with the epoch.
        world_size, rank: the number of processes, and the rank of this one.
        length: pictures in an epoch, including extra ones; None: the number of own pictures.
        extra: None, or pictures that are mixed into the batches. `length` and `extra` need `shuffle`.
    """

    def __init__(
        self, pictures: np.ndarray, batch_size: int, stage: str, *, labels: np.ndarray | None = None,
        cache: LabelCache | None = None, seed: int = 0, shuffle: bool = False, reshuffle: bool = True,
        world_size: int = 1, rank: int = 0, length: int | None = None, extra: Extra | None = None,
        left_out: Collection[int] = (),
    ) -> None:  # fmt: skip
        self.pictures = torch.from_numpy(np.ascontiguousarray(pictures))
        self.places = np.setdiff1d(np.arange(len(pictures)), [*left_out])
        self.labels = None if labels is None else torch.from_numpy(labels)
        self.extra, self.length = extra, len(self.places) if length is None else length
        self.cache = cache
        self.stage, self.seed, self.shuffle, self.reshuffle = stage, seed, shuffle, reshuffle
        self.world_size, self.rank = world_size, rank
        self.epoch = 0
        self._first, self._done = 0, 0  # the first batch of the next iteration; this epoch's batches so far
        self.sampler, self.batch_sampler = self, None  # Lightning looks for `set_epoch` there
        starts = list(range(0, self.length, batch_size))
        if len(starts) > 1 and self.length - starts[-1] < world_size:
            starts.pop()  # too few pictures for all processes, so they join the previous batch
        self.bounds = list(zip(starts, [*starts[1:], self.length], strict=True))

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this at the start of each epoch."""
        self.epoch = epoch if self.stage == "train" else 0

    def order(self) -> tuple[np.ndarray, np.ndarray]:
        """The indices of this epoch's pictures in order, and the indices of their draws, both (length,) int64."""
        own = len(self.pictures)
        if not self.shuffle:
            return self.places, self.places
        start = self.epoch * self.length  # in the endless order of all pictures
        if self.extra is None:
            places, again = self._part(own, start, self.length)
            return places, places + own * again
        others = len(self.extra.pictures)
        before = sum(int(self.extra.among(epoch, self.length)) for epoch in range(self.epoch))
        is_extra = np.diff(self.extra.among(self.epoch, np.arange(self.length + 1))).astype(bool)
        places, again = np.empty((2, self.length), np.int64)
        places[~is_extra], again[~is_extra] = self._part(own, start - before, int((~is_extra).sum()))
        places[is_extra], again[is_extra] = self._part(others, before, int(is_extra.sum()), 1)
        places[is_extra] += own
        return places, places + (own + others) * again

    def _part(self, count: int, start: int, length: int, *key: int) -> tuple[np.ndarray, np.ndarray]:
        """A slice of an endless order. Each of its rounds is a permutation of `count`, from seed, round and key.

        Returns:
            The indices, and the round of each, counted from the slice's first round.
        """
        positions = np.arange(start, start + length)
        first, last = start // count, (start + max(length, 1) - 1) // count
        keys = ([self.seed, number if self.reshuffle else 0, *key] for number in range(first, last + 1))
        rounds = np.concatenate([np.random.default_rng(each).permutation(count) for each in keys])
        return rounds[positions - first * count], positions // count - first

    def state_dict(self) -> dict[str, int]:
        """The number of batches of this epoch so far, after which a resumed run continues."""
        return {"batch": self._done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Start the next epoch at a saved batch; later epochs are complete."""
        self._first = state["batch"]

    def __iter__(self) -> Iterator[Batch]:
        first, self._first = self._first, 0
        return self._batches(first)

    def _batches(self, first: int) -> Iterator[Batch]:
        places, numbers = self.order()  # at the first batch, as the epoch is set after `iter`
        for number, (start, end) in enumerate(self.bounds[first:], first + 1):
            self._done = number
            # Own pictures come first, so that each process gets its share of own and extra ones.
            mine = start + np.argsort(places[start:end] >= len(self.pictures), kind="stable")
            mine = mine[self.rank :: self.world_size]
            which, drawn = torch.from_numpy(places[mine]), torch.from_numpy(numbers[mine])
            pictures, labels = self._look_up(which)
            yield Batch(pictures, which, self.stage, self.epoch, self.seed, labels, self.cache, drawn)

    def _look_up(self, which: Tensor) -> tuple[Tensor, Tensor | None]:
        """The pictures with these indices, own ones first, and their labels."""
        if self.extra is None:
            return self.pictures[which], None if self.labels is None else self.labels[which]
        own, others = which[which < len(self.pictures)], which[which >= len(self.pictures)] - len(self.pictures)
        pictures = torch.cat([self.pictures[own], torch.from_numpy(self.extra.pictures)[others]])
        if self.labels is None or self.extra.labels is None:
            return pictures, None
        return pictures, torch.cat([self.labels[own], torch.from_numpy(self.extra.labels)[others]])

    def __len__(self) -> int:
        return len(self.bounds)
