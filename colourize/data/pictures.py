"""The LightningDataModule: pictures of any source, split, shuffled and handed out as pairs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from colourize.colour.palette import cached_palette, load_palette
from colourize.errors import UsageError, check_count

log = logging.getLogger(__name__)

PROTOCOLS = ("honest", "course")
# Which pictures are held out, and what the classes are, never varies with the run's seed: runs stay comparable.
SPLIT_SEED = 0
PALETTE_SEED = 0
HELD_OUT_FRACTION = 0.1


class Pictures(NamedTuple):
    """What a source delivers: uint8 RGB, (N, H, W, 3) each; `val` is None where the source has no such part."""

    train: np.ndarray
    val: np.ndarray | None
    test: np.ndarray


class Split(NamedTuple):
    """The pictures as a protocol divides them: uint8 RGB, (N, H, W, 3) each."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


class PictureData(LightningDataModule):
    """Pictures as batches of the pairs that the running task learns from.

    A source is a subclass that overrides `load`. Pictures stay uint8 in memory; a batch travels to the device as
    uint8 (B, H, W, 3), and there the task makes it (inputs, target, truth) in one vectorised place, its `make_pair`.

    Protocols:
        honest: pixels / 255; validation pictures of their own (the source's, or a tenth of the training pictures,
            fixed for all seeds); the test pictures are for the final figure.
        course: pixels / 256; the test pictures serve as validation, and no training picture is held out.

    Args:
        batch_size: pictures a training step; at most as many as there are training pictures.
        eval_batch_size: pictures a validation or test step; it changes no measure.
        protocol: "honest" or "course".
        palette: how many colours to fit to the training pictures, or a `.npy`/`.csv` file of them; None: no palette.
        reshuffle: a new order in every epoch; False: shuffled once, the same batches in every epoch, as the course's
            notebooks have it.
        seed: of the shuffling, together with the epoch.

    Raises:
        UsageError: a value that is not allowed; the message names the key.
    """

    def __init__(
        self,
        batch_size: int = 100,
        eval_batch_size: int = 250,
        protocol: str = "honest",
        palette: int | str | None = 24,
        reshuffle: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters(logger=False)
        check_count("data.batch_size", batch_size)
        check_count("data.eval_batch_size", eval_batch_size)
        check_count("data.seed", seed, least=0)
        if protocol not in PROTOCOLS:
            raise UsageError(f"data.protocol={protocol}: must be one of {', '.join(PROTOCOLS)}")
        if not (palette is None or isinstance(palette, str) or (type(palette) is int and 2 <= palette <= 256)):
            raise UsageError(f"data.palette={palette}: must be 2 to 256 colours, a .npy or .csv file, or null")
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.protocol = protocol
        self.palette = palette
        self.reshuffle = reshuffle
        self.seed = seed
        self._pictures: Split | None = None

    def load(self) -> Pictures:
        """The source's pictures; the one hook that a source overrides. Called once."""
        raise NotImplementedError

    @property
    def cache_dir(self) -> Path | None:
        """Where things made from these pictures may be kept; None: nowhere."""
        return None

    def setup(self, stage: str | None = None) -> None:
        if self._pictures is None:
            self._pictures = split(self.load(), self.protocol)
            counts = "{} training, {} validation and {} test pictures".format(*map(len, self._pictures))
            log.info("%s: %s (%s protocol)", type(self).__name__, counts, self.protocol)
        count = len(self._pictures.train)
        if stage == "fit" and self.batch_size > count:  # no matter to a test
            raise UsageError(f"data.batch_size={self.batch_size}: more than the {count} training pictures")

    @property
    def pictures(self) -> Split:
        """The split pictures, uint8 (N, H, W, 3)."""
        self.setup()
        assert self._pictures is not None
        return self._pictures

    @property
    def divisor(self) -> float:
        """What a pixel is divided by to lie in [0, 1]."""
        return divisor(self.protocol)

    def palette_colours(self) -> np.ndarray | None:
        """The palette of `palette`: (K, 3) float64, RGB in [0, 1]; None where there is none."""
        if self.palette is None:
            return None
        if isinstance(self.palette, str):
            return load_palette(self.palette)
        return cached_palette(
            self.pictures.train, self.palette, divisor=self.divisor, seed=PALETTE_SEED, cache_dir=self.cache_dir
        )

    def train_dataloader(self) -> DataLoader[Tensor]:
        return self._batches(self.pictures.train, self.batch_size, shuffle=True)

    def val_dataloader(self) -> DataLoader[Tensor]:
        return self._batches(self.pictures.val, self.eval_batch_size)

    def test_dataloader(self) -> DataLoader[Tensor]:
        return self._batches(self.pictures.test, self.eval_batch_size)

    def _batches(self, pictures: np.ndarray, batch_size: int, shuffle: bool = False) -> DataLoader[Tensor]:
        world_size, rank = (self.trainer.world_size, self.trainer.global_rank) if self.trainer else (1, 0)
        if min(batch_size, len(pictures)) < world_size:
            counts = f"batches of {batch_size} from {len(pictures)} pictures"
            raise UsageError(f"trainer.devices: {counts} leave some of {world_size} processes without any")
        seed = self.seed if shuffle else None
        batches = Batches(len(pictures), batch_size, seed, world_size, rank, reshuffle=self.reshuffle)
        # batch_size=None: the sampler's items are whole batches, each one look-up in memory. No worker processes:
        # to pass a batch between processes costs more than to make it.
        return DataLoader(InMemory(pictures), batch_size=None, sampler=batches)

    def on_after_batch_transfer(self, batch: Tensor, dataloader_idx: int) -> Any:
        task: Any = self.trainer.lightning_module  # type: ignore[union-attr]  # set while a Trainer runs
        return task.make_pair(batch)


class InMemory(Dataset[Tensor]):
    """uint8 pictures, fetched a whole batch at a time: `dataset[[3, 1, 2]]` is (3, H, W, 3)."""

    def __init__(self, pictures: np.ndarray) -> None:
        self.pictures = torch.from_numpy(np.ascontiguousarray(pictures))

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, indices: Sequence[int] | np.ndarray) -> Tensor:
        return self.pictures[torch.as_tensor(indices)]


class Batches(Sampler[np.ndarray]):
    """The indices of each batch, (B,) each: all pictures once, the last batch smaller where they do not divide.

    With a seed they are shuffled, in an order that the seed and the epoch alone decide, whatever else drew random
    numbers before. Of several processes each gets its share of every batch, so that all take equally many steps,
    together see what one process would see, and none sees a picture twice.

    Args:
        count: how many pictures.
        batch_size: pictures a batch, over all processes.
        seed: of the shuffling; None: in their own order.
        world_size, rank: how many processes, and which this is.
        reshuffle: whether the order changes with the epoch.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        seed: int | None = None,
        world_size: int = 1,
        rank: int = 0,
        *,
        reshuffle: bool = True,
    ) -> None:
        self.count, self.batch_size, self.seed, self.epoch = count, batch_size, seed, 0
        self.world_size, self.rank, self.reshuffle = world_size, rank, reshuffle
        starts = list(range(0, count, batch_size))
        if len(starts) > 1 and count - starts[-1] < world_size:
            starts.pop()  # too few for every process to have one: they join the batch before
        self.bounds = list(zip(starts, [*starts[1:], count], strict=True))

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this at the start of each epoch."""
        self.epoch = epoch if self.reshuffle else 0

    def __iter__(self) -> Iterator[np.ndarray]:
        order = np.arange(self.count)
        if self.seed is not None:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
        for start, end in self.bounds:
            yield order[start:end][self.rank :: self.world_size]

    def __len__(self) -> int:
        return len(self.bounds)


def divisor(protocol: str) -> float:
    """What a uint8 pixel is divided by: 256 in the course's notebooks, else 255."""
    return 256.0 if protocol == "course" else 255.0


def split(pictures: Pictures, protocol: str) -> Split:
    """Validation pictures as the protocol has them: the test pictures (course), the source's own, or held out."""
    train, val, test = pictures
    if protocol == "course":
        return Split(train, test, test)
    if val is None:
        order = np.random.default_rng(SPLIT_SEED).permutation(len(train))
        held_out = max(1, round(HELD_OUT_FRACTION * len(train)))
        if held_out == len(train):
            raise UsageError("data: one training picture is too few to hold one out for validation")
        train, val = train[np.sort(order[held_out:])], train[np.sort(order[:held_out])]
    return Split(train, val, test)
