"""The LightningDataModule: pictures of any source, split, shuffled and batched."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from hydra.utils import instantiate
from lightning import LightningDataModule

from colourize.data.augmentation import Augmentation
from colourize.data.batches import Batch, BatchLoader, Extra, LabelCache
from colourize.data.fitting import Training
from colourize.errors import UsageError, check_count, check_flag, is_number, one_line

log = logging.getLogger(__name__)

DIVISORS = {"honest": 255, "course": 256}  # pixels are divided by this to lie in [0, 1]
VALIDATIONS = {"honest": "own", "course": "test"}
SPLIT_SEED = 0  # the same for all runs, so that they stay comparable
HELD_OUT_FRACTION = 0.1
LARGEST = 4096  # maximum height and width of a picture, in pixels


class Labels(NamedTuple):
    """The pictures' categories, int64 (N,), for each part of `Pictures`."""

    train: np.ndarray
    val: np.ndarray | None
    test: np.ndarray


class Pictures(NamedTuple):
    """A source's pictures, uint8 RGB, (N, H, W, 3); `val` is None where the source has no validation pictures."""

    train: np.ndarray
    val: np.ndarray | None
    test: np.ndarray
    labels: Labels | None = None  # None: the source has no categories


class Split(NamedTuple):
    """The pictures as a run uses them, uint8 RGB, (N, H, W, 3), or their labels, int64 (N,)."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


class PictureData(LightningDataModule):
    """Batches of pictures, from which a task makes pairs of input and target.

    A source is a subclass that overrides `load`, which is called when pictures are first needed. They stay uint8 in
    memory. A batch travels to the device as uint8 (B, H, W, 3), with the pictures' indices, and is augmented there.

    Args:
        batch_size: pictures per training step; at most the number of training pictures.
        eval_batch_size: pictures per validation or test step; it does not change any measure.
        protocol: "honest" or "course"; it decides the defaults of `divisor` and `validation`.
        divisor: 255 (honest), or 256 as in the course's notebooks; pixels divided by it lie in [0, 1].
        validation: "own" (honest): the source's own validation pictures, or else a tenth of the training pictures, the
            same for all seeds; "test" (course): the test pictures, and no training picture is held out.
        palette: the number of colours to fit to the training pictures, or a `.npy`/`.csv` file of colours; None: no
            palette.
        reshuffle: True: a new order in every epoch; False: the same batches in every epoch, as in the course's
            notebooks.
        epoch_size: training pictures per epoch; None: all of them. With another number each picture still comes once
            before any comes again, across the ends of epochs.
        num_train: how many training pictures are used, for a learning curve; None: all. A smaller number of pictures is
            a subset of a larger one.
        subset_seed: decides which pictures these are.
        extra_share: the share of pictures for training alone (`load_extra`) in every batch, 0…1; or two shares, for the
            first and the last epoch, linear in between; None: their share of all training pictures.
        augmentation: None, or `_target_` and arguments of an `Augmentation` of the training pictures.
        seed: the seed of the shuffling and, with the epoch, of all random numbers of training pictures.
        eval_seed: the seed of the random numbers of validation and test pictures, the same for all runs.
        only_tested: nothing is trained on these pictures, so that a source may use all of them for the test.

    Raises:
        UsageError: a value that is not allowed; the message names the key.
    """

    def __init__(
        self, batch_size: int = 100, eval_batch_size: int = 250, protocol: str = "honest", divisor: int | None = None,
        validation: str | None = None, palette: int | str | None = 24, reshuffle: bool = True,
        augmentation: dict[str, Any] | None = None, seed: int = 0, eval_seed: int = 0, only_tested: bool = False,
        epoch_size: int | None = None, num_train: int | None = None, subset_seed: int = 0,
        extra_share: float | Sequence[float] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.save_hyperparameters(logger=False, ignore=["only_tested"])  # False in any training
        check_count("data.batch_size", batch_size)
        check_count("data.eval_batch_size", eval_batch_size)
        check_count("data.seed", seed, least=0)
        check_count("data.eval_seed", eval_seed, least=0)
        _check_choice("protocol", protocol, tuple(DIVISORS))
        self.divisor = DIVISORS[protocol] if divisor is None else divisor
        self.validation = VALIDATIONS[protocol] if validation is None else validation
        _check_choice("divisor", self.divisor, (255, 256))
        _check_choice("validation", self.validation, ("own", "test"))
        if not (palette is None or isinstance(palette, str) or (type(palette) is int and 2 <= palette <= 256)):
            raise UsageError(
                f"data.palette={one_line(palette)}: must be 2 to 256 colours, a .npy or .csv file, or null"
            )
        check_flag("data.reshuffle", reshuffle)
        for key, count in (("epoch_size", epoch_size), ("num_train", num_train)):
            if count is not None:
                check_count(f"data.{key}", count)
        check_count("data.subset_seed", subset_seed, least=0)
        self.batch_size, self.eval_batch_size = batch_size, eval_batch_size
        self.protocol, self.palette, self.reshuffle, self.only_tested = protocol, palette, reshuffle, only_tested
        self.augmentation: Augmentation | None = instantiate(augmentation)
        self.seed, self.eval_seed = seed, eval_seed
        self.epoch_size, self._subset, self._extra_shares = epoch_size, (num_train, subset_seed), _shares(extra_share)
        self._pictures: Split | None = None
        self._labels: Split | None = None
        self._extra: tuple[np.ndarray, np.ndarray | None] | None = None
        self._caches: dict[str, LabelCache] = {}
        self._left_out: Collection[int] = ()

    def load(self) -> Pictures:
        """The source's pictures. A source must override this; it is called once."""
        raise NotImplementedError

    def load_extra(self) -> tuple[np.ndarray, np.ndarray | None] | None:
        """Pictures that are for training alone, uint8 (M, H, W, 3), and their labels, int64 (M,), or None.

        Palettes and tables are not fitted to them but to the source's own training pictures, whose colours are those of
        the held-out pictures. A source with such pictures overrides this; it is called once, for a training.
        """
        return None

    @property
    def cache_dir(self) -> Path:
        """The user's folder for fitted palettes; it does not depend on where the pictures are."""
        own = os.environ.get("COLOURIZE_CACHE")
        return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "colourize"

    def setup(self, stage: str | None = None) -> None:
        if self._pictures is None:
            pictures = self.load()
            labels = pictures.labels
            categories = labels.train if labels else None
            self._pictures = self._subset_of(split(pictures, self.validation, categories))
            self._labels = self._subset_of(split(labels, self.validation, categories)) if labels else None
            both = self.divisor, self.validation
            named = [name for name in DIVISORS if (DIVISORS[name], VALIDATIONS[name]) == both]
            log.info(
                "%s: %d training, %d validation and %d test pictures; pixels / %d, validation on %s (%s protocol)",
                type(self).__name__, *map(len, self._pictures), self.divisor,
                "pictures of its own" if self.validation == "own" else "the test pictures", (named or ["neither"])[0],
            )  # fmt: skip
        if stage != "fit":
            return
        if self.batch_size > self.epoch_length:
            of = "training pictures" if self.epoch_size is None else "pictures of an epoch (data.epoch_size)"
            raise UsageError(f"data.batch_size={self.batch_size}: more than the {self.epoch_length} {of}")
        self._read_extra()

    def _read_extra(self) -> tuple[np.ndarray, np.ndarray | None] | None:
        if self._extra is None and (extra := self.load_extra()) is not None:
            self._extra = extra
            log.info("%d further pictures are for training alone", len(extra[0]))
        return self._extra

    def _subset_of(self, parts: Split) -> Split:
        """The parts with `num_train` of the training pictures, or of their labels."""
        (count, seed), there = self._subset, len(parts.train)
        if count is None or self.only_tested:
            return parts
        if count > there:
            raise UsageError(f"data.num_train={count}: more than the {there} training pictures")
        chosen = np.sort(np.random.default_rng(seed).permutation(there)[:count])
        return parts._replace(train=parts.train[chosen])

    @property
    def pictures(self) -> Split:
        """The split pictures, uint8 (N, H, W, 3)."""
        self.setup()
        assert self._pictures is not None
        return self._pictures

    @property
    def epoch_length(self) -> int:
        """The number of training pictures in an epoch."""
        return len(self.pictures.train) if self.epoch_size is None else self.epoch_size

    @property
    def training(self) -> Training:
        """The training split, for the parts of a task that are fitted to it."""
        return Training(self.pictures.train, self.divisor, self.cache_dir)

    def describe(self) -> dict[str, Any]:
        """The source and its settings, with the number of pictures and a checksum of each part."""
        settings = {key: value for key, value in self.hparams.items() if key not in ("seed", "eval_seed")}
        extra = {} if self._extra is None else {"extra": self._extra[0]}
        parts = {
            name: {"pictures": len(part), "size": list(part.shape[1:3]), "blake2b": checksum(part)}
            for name, part in {**self.pictures._asdict(), **extra}.items()
        }
        resolved = {"divisor": self.divisor, "validation": self.validation}
        return {"source": type(self).__name__, **settings, **resolved, "parts": parts}

    def check_processes(self, count: int, stages: Collection[str] = Split._fields) -> None:
        """Raise a UsageError where a batch has too few pictures for `count` processes."""
        for stage in stages:
            trains = stage == "train"
            batch_size = self.batch_size if trains else self.eval_batch_size
            pictures = self.epoch_length if trains else len(getattr(self.pictures, stage))
            if min(batch_size, pictures) < count:
                counts = f"batches of {batch_size} from {pictures} pictures"
                raise UsageError(f"trainer.devices: {counts} leave some of {count} processes without any")

    def first(self, stage: str, count: int) -> Batch:
        """The first `count` pictures of a held-out stage as one batch."""
        pictures, labels = getattr(self.pictures, stage)[:count], getattr(self._labels, stage, None)
        return next(iter(BatchLoader(pictures, count, stage, labels=labels, seed=self.eval_seed)))

    def train_dataloader(self) -> BatchLoader:
        return self._loader("train", self.batch_size)

    def val_dataloader(self) -> BatchLoader:
        return self._loader("val", self.eval_batch_size)

    def test_dataloader(self) -> BatchLoader:
        return self._loader("test", self.eval_batch_size)

    def leave_out(self, pictures: Collection[int]) -> None:
        """Leave these test pictures out of every later test; the others keep their indices.

        Raises:
            UsageError: a picture does not exist, or none would be left.
        """
        count = len(self.pictures.test)
        wrong = [each for each in pictures if not 0 <= each < count]
        if wrong:
            raise UsageError(f"without: there is no test picture {wrong[0]}; must be below {count}")
        if len({*pictures}) == count:
            raise UsageError("without: no test picture would be left")
        self._left_out = pictures

    def _loader(self, stage: str, batch_size: int) -> BatchLoader:
        trains = stage == "train"
        pictures, extra = getattr(self.pictures, stage), self._mixed_in() if trains else None
        count = len(pictures) + (0 if extra is None else len(extra.pictures))
        world_size, rank = (self.trainer.world_size, self.trainer.global_rank) if self.trainer else (1, 0)
        self.check_processes(world_size, [stage])
        return BatchLoader(
            pictures, batch_size, stage, labels=getattr(self._labels, stage, None),
            cache=self._caches.setdefault(stage, LabelCache(count)), seed=self.seed if trains else self.eval_seed,
            shuffle=trains, reshuffle=self.reshuffle, world_size=world_size, rank=rank,
            length=self.epoch_length if trains else None, extra=extra,
            left_out=self._left_out if stage == "test" else (),
        )  # fmt: skip

    def _mixed_in(self) -> Extra | None:
        """The pictures for training alone, in the form that the loader takes."""
        extra = self._read_extra()
        if extra is None:
            return None
        pictures, labels = extra
        theirs = len(pictures) / (len(self.pictures.train) + len(pictures))
        epochs = self.trainer.max_epochs if self.trainer else None
        return Extra(pictures, labels, self._extra_shares or (theirs, theirs), max(epochs or 1, 1))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        if self.augmentation is None or batch.stage != "train":
            return batch
        pictures = self.augmentation(batch.pictures, batch.draws("augmentation"))
        return batch._replace(pictures=pictures, cache=None)


def split(pictures: Pictures | Labels, validation: str, categories: np.ndarray | None = None) -> Split:
    """Split pictures, or their labels; validation is the test part ("test") or a part of its own ("own").

    With `categories` of the training pictures, int64 (N,), a part of each category is held out that does not depend on
    the other categories. A training on all categories thus sees no validation picture of any single one.
    """
    train, val, test = pictures[:3]
    if validation == "test":
        return Split(train, test, test)
    if val is None:
        own = np.zeros(len(train), int) if categories is None else categories
        parts = [np.flatnonzero(own == each) for each in np.unique(own)]
        counts = [round(HELD_OUT_FRACTION * len(places)) for places in parts]
        if not any(counts):
            counts[0] = 1
        held_out = np.zeros(len(train), bool)
        for places, count in zip(parts, counts, strict=True):
            held_out[places[np.random.default_rng(SPLIT_SEED).permutation(len(places))[:count]]] = True
        if held_out.all():
            raise UsageError("data: one training picture is too few to hold one out for validation")
        train, val = train[~held_out], train[held_out]
    return Split(train, val, test)


def checksum(pictures: np.ndarray) -> str:
    """BLAKE2b of shape and pixels, 16 hexadecimal digits."""
    digest = hashlib.blake2b(str(pictures.shape).encode(), digest_size=8)
    digest.update(np.ascontiguousarray(pictures).data)
    return digest.hexdigest()


def check_folder(root: object) -> Path:
    """The absolute path of `data.root`.

    Raises:
        UsageError: it cannot be the name of a folder.
    """
    try:
        if isinstance(root, bool) or not isinstance(root, (str, int, float, Path)) or not str(root):
            raise ValueError
        return Path(str(root)).expanduser().absolute()  # a folder named 5 arrives as a number
    except (ValueError, RuntimeError):  # RuntimeError: ~nobody
        raise UsageError(f"data.root={root}: must name a folder, such as data.root=pictures") from None


def check_memory(key: str, count: int, size: int) -> None:
    """Raise a UsageError where `count` square pictures do not fit into this machine's memory."""
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):  # this system does not know its memory
        return
    needed = count * size * size * 3
    if needed > memory:
        raise UsageError(
            f"{key}: {count} pictures of {size}×{size} pixels take {needed / 1e9:,.0f} GB; "
            f"must be less than this machine's memory, {memory / 1e9:,.0f} GB"
        )


def _check_choice(key: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"data.{key}={value}: must be one of {', '.join(map(str, allowed))}")


def _shares(value: Any) -> tuple[float, float] | None:
    """`data.extra_share` as two shares, in the first and in the last epoch."""
    shares = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value, value]
    numbers = [each for each in shares if is_number(each)]
    if value is None:
        return None
    if len(shares) != 2 or len(numbers) != 2 or not all(0 <= each <= 1 for each in numbers):
        allowed = "a share from 0 to 1, or two, of the first and of the last epoch"
        raise UsageError(f"data.extra_share={one_line(value)}: must be {allowed}")
    return float(numbers[0]), float(numbers[1])
