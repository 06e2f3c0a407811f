"""What every source shares: the split, the order of the pictures, the batches, the errors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from colourize.data.pictures import Batches, InMemory, PictureData, Pictures, divisor, split
from colourize.errors import UsageError


def numbered(start: int, count: int) -> np.ndarray:
    """Pictures of 4×6 pixels that carry their number in the first one."""
    pictures = np.random.default_rng(start).integers(0, 256, (count, 4, 6, 3), dtype=np.uint8)
    pictures[:, 0, 0, 0], pictures[:, 0, 0, 1] = np.divmod(np.arange(start, start + count), 256)
    return pictures


def numbers(pictures: np.ndarray | torch.Tensor | None) -> list[int]:
    assert pictures is not None
    pixels = np.asarray(pictures)[:, 0, 0].astype(int)
    return (256 * pixels[:, 0] + pixels[:, 1]).tolist()


class Numbered(PictureData):
    """1003 training pictures from 0, 57 test pictures from 2000, perhaps 20 for validation from 3000."""

    def __init__(self, val: bool = False, num_train: int = 1003, **common: Any) -> None:
        super().__init__(**common)
        self.val, self.num_train, self.loads = val, num_train, 0

    def load(self) -> Pictures:
        self.loads += 1
        return Pictures(numbered(0, self.num_train), numbered(3000, 20) if self.val else None, numbered(2000, 57))


# ---------------------------------------------------------------------------------------------- split


def test_honest_holds_out_a_tenth_whatever_the_seed() -> None:
    train, val, test = (numbers(part) for part in Numbered(seed=0).pictures)
    assert (len(train), len(val), len(test)) == (903, 100, 57)
    assert sorted(train + val) == list(range(1003))
    assert train == sorted(train) and val == sorted(val)
    assert max(np.diff(val)) < 100  # from all over the training pictures
    assert test == list(range(2000, 2057))
    other = Numbered(seed=7, batch_size=3, palette=None).pictures
    assert [numbers(part) for part in other] == [train, val, test]


def test_honest_keeps_the_sources_own_validation_pictures() -> None:
    train, val, test = (numbers(part) for part in Numbered(val=True).pictures)
    assert train == list(range(1003))
    assert val == list(range(3000, 3020))
    assert test == list(range(2000, 2057))


@pytest.mark.parametrize("val", [False, True])
def test_course_validates_on_the_test_pictures(val: bool) -> None:
    train, validation, test = (numbers(part) for part in Numbered(val=val, protocol="course").pictures)
    assert train == list(range(1003))
    assert validation == test == list(range(2000, 2057))


def test_split_does_not_change_pixels() -> None:
    source = numbered(0, 50)
    pictures = split(Pictures(source, None, source[:5]), "honest")
    np.testing.assert_array_equal(pictures.train, source[numbers(pictures.train)])
    np.testing.assert_array_equal(pictures.val, source[numbers(pictures.val)])


def test_pictures_are_loaded_once() -> None:
    data = Numbered()
    data.setup("fit")
    data.setup("test")
    assert data.pictures is data.pictures
    assert data.loads == 1


def test_divisor() -> None:
    assert divisor("honest") == Numbered().divisor == 255
    assert divisor("course") == Numbered(protocol="course").divisor == 256


# ---------------------------------------------------------------------------------------------- order


def test_batches_are_a_permutation_that_seed_and_epoch_fix() -> None:
    orders = {}
    for seed in (0, 1):
        for epoch in (0, 1, 2):
            sampler = Batches(100, 30, seed)
            sampler.set_epoch(epoch)
            np.random.seed(seed + epoch)  # the global states must not matter
            torch.manual_seed(seed + epoch)
            assert [len(batch) for batch in sampler] == [30, 30, 30, 10]
            orders[seed, epoch] = np.concatenate(list(sampler)).tolist()
            assert sorted(orders[seed, epoch]) == list(range(100))
            assert len(sampler) == 4
    assert len({tuple(order) for order in orders.values()}) == 6
    again = Batches(100, 30, 1)
    again.set_epoch(2)
    np.random.default_rng().random()
    assert np.concatenate(list(again)).tolist() == np.concatenate(list(again)).tolist() == orders[1, 2]


@pytest.mark.parametrize("seed", [None, 4])
@pytest.mark.parametrize("world_size", [2, 3, 4])
@pytest.mark.parametrize(("count", "batch_size"), [(60, 12), (61, 12), (62, 12), (63, 12), (5, 12), (12, 12), (25, 4)])
def test_processes_share_each_batch(count: int, batch_size: int, world_size: int, seed: int | None) -> None:
    shares = [list(Batches(count, batch_size, seed, world_size, rank)) for rank in range(world_size)]
    alone = list(Batches(count, batch_size, seed))
    assert len({len(share) for share in shares}) == 1, "a process with fewer steps would make the others wait for ever"
    assert all(len(batch) > 0 for share in shares for batch in share)
    together = [np.concatenate(parts) for parts in zip(*shares, strict=True)]
    assert sorted(np.concatenate(together)) == list(range(count))
    for mine, whole in zip(together[:-1], alone, strict=False):
        assert sorted(mine) == sorted(whole), "the same global batch as one process has"


# -------------------------------------------------------------------------------------------- batches


@pytest.mark.parametrize("batch_size", [1, 100, 903])
def test_training_batches_hold_each_picture_once(batch_size: int) -> None:
    data = Numbered(batch_size=batch_size, seed=3)
    batches = list(data.train_dataloader())
    assert all(batch.dtype == torch.uint8 for batch in batches)
    assert [tuple(batch.shape) for batch in batches[:-1]] == [(batch_size, 4, 6, 3)] * (len(batches) - 1)
    seen = torch.cat(batches)
    assert numbers(seen) != numbers(data.pictures.train)
    assert sorted(numbers(seen)) == numbers(data.pictures.train)
    np.testing.assert_array_equal(seen[np.argsort(numbers(seen))], data.pictures.train)


def test_order_of_training_follows_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        loader = Numbered(seed=seed).train_dataloader()
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        return numbers(torch.cat(list(loader)))

    assert order(0, 0) == order(0, 0)
    assert order(0, 1) == order(0, 1)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4


def test_fewer_pictures_a_batch_than_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = Numbered(batch_size=1)
    monkeypatch.setattr(data, "trainer", SimpleNamespace(world_size=2, global_rank=0))
    with pytest.raises(UsageError, match=r"^trainer\.devices: batches of 1 .* leave some of 2 processes"):
        data.train_dataloader()


def test_without_reshuffling_all_epochs_have_the_same_batches() -> None:
    batches = Batches(50, 20, seed=1, reshuffle=False)
    first = np.concatenate(list(batches)).tolist()
    batches.set_epoch(3)
    assert np.concatenate(list(batches)).tolist() == first != list(range(50))
    loader = Numbered(reshuffle=False).train_dataloader()
    assert not loader.sampler.reshuffle  # type: ignore[attr-defined]


def test_validation_and_test_batches_are_in_order() -> None:
    data = Numbered(eval_batch_size=20)
    val, test = list(data.val_dataloader()), list(data.test_dataloader())
    assert [len(batch) for batch in test] == [20, 20, 17]
    assert numbers(torch.cat(val)) == numbers(data.pictures.val)
    assert numbers(torch.cat(test)) == list(range(2000, 2057))


def test_read_only_pictures_can_be_served() -> None:
    pictures = numbered(0, 5)
    dataset = InMemory(pictures[::-1])
    assert len(dataset) == 5
    assert numbers(dataset[[4, 0]]) == [0, 4]
    np.testing.assert_array_equal(dataset[np.array([1])], pictures[3:4])


# --------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("key", ["batch_size", "eval_batch_size"])
@pytest.mark.parametrize("value", [0, -1, "5", 2.5, None])
def test_batch_sizes(key: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"^data\.{key}={value}: must be a whole number of at least 1"):
        Numbered(**{key: value})


def test_batch_size_above_the_training_pictures() -> None:
    with pytest.raises(UsageError, match=r"^data\.batch_size=904: more than the 903 training pictures"):
        Numbered(batch_size=904).setup("fit")
    Numbered(batch_size=903, eval_batch_size=5000).setup()


@pytest.mark.parametrize("protocol", ["Honest", "", None, 1])
def test_protocol(protocol: Any) -> None:
    with pytest.raises(UsageError, match=r"^data\.protocol=.*: must be one of honest, course"):
        Numbered(protocol=protocol)


@pytest.mark.parametrize("palette", [0, 1, 257, -24])
def test_palette(palette: int) -> None:
    with pytest.raises(UsageError, match=rf"^data\.palette={palette}: must be 2 to 256 colours"):
        Numbered(palette=palette)


def test_too_few_pictures_to_hold_some_out() -> None:
    with pytest.raises(UsageError, match="one training picture is too few"):
        Numbered(num_train=1, batch_size=1).setup()
