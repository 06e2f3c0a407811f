"""Which pictures a batch holds, and in which order: from seed and epoch alone, over any number of processes."""

from __future__ import annotations

import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from colourize.data.batches import Batch, BatchLoader, Extra, as_batch
from colourize.errors import UsageError


def numbered(count: int) -> np.ndarray:
    """Pictures of 4×6 pixels that carry their number in the first one."""
    pictures = np.random.default_rng(0).integers(0, 256, (count, 4, 6, 3), dtype=np.uint8)
    pictures[:, 0, 0, 0], pictures[:, 0, 0, 1] = np.divmod(np.arange(count), 256)
    return pictures


def order_of(loader: BatchLoader) -> list[int]:
    return torch.cat([batch.which for batch in loader]).tolist()


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("batch_size", [1, 30, 100, 250])
def test_batches_hold_each_picture_once(batch_size, shuffle):
    pictures = numbered(100)
    loader = BatchLoader(pictures, batch_size, "train", seed=3, shuffle=shuffle)
    loader.set_epoch(4)
    batches = list(loader)
    assert len(loader) == len(batches) == -(-100 // batch_size)
    assert all(len(batch.which) == batch_size for batch in batches[:-1])
    assert sorted(order_of(loader)) == list(range(100))
    assert (order_of(loader) == list(range(100))) is not shuffle
    for batch in batches:
        assert (batch.stage, batch.epoch, batch.seed) == ("train", 4, 3)
        assert batch.pictures.dtype == torch.uint8 and batch.which.dtype == torch.int64
        np.testing.assert_array_equal(batch.pictures, pictures[batch.which.numpy()])


def test_order_is_that_of_seed_and_epoch_alone():
    orders = {}
    for seed, epoch in itertools.product((0, 1), (0, 1, 2)):
        loader = BatchLoader(numbered(100), 30, "train", seed=seed, shuffle=True)
        loader.set_epoch(epoch)
        states = torch.get_rng_state(), np.random.get_state()[1].tolist()  # type: ignore[index]
        orders[seed, epoch] = order_of(loader)
        assert torch.equal(torch.get_rng_state(), states[0])
        assert np.random.get_state()[1].tolist() == states[1]  # type: ignore[index]
        np.random.seed(seed + epoch)
        torch.manual_seed(seed + epoch)
        assert order_of(loader) == orders[seed, epoch]
        assert order_of(BatchLoader(numbered(100), 7, "train", seed=seed, shuffle=True)) == orders[seed, 0]
    assert len({tuple(order) for order in orders.values()}) == 6
    fixed = BatchLoader(numbered(50), 20, "train", seed=1, shuffle=True, reshuffle=False)
    first = order_of(fixed)
    fixed.set_epoch(3)
    assert order_of(fixed) == first != list(range(50))
    assert {batch.epoch for batch in fixed} == {3}  # other random numbers differ all the same
    # Recorded once: older runs can be repeated.
    loader = BatchLoader(numbered(10), 4, "train", seed=1, shuffle=True)
    loader.set_epoch(2)
    assert order_of(loader) == [8, 5, 6, 0, 9, 1, 4, 3, 7, 2]


@pytest.mark.parametrize("shuffle", [False, True])
def test_processes_share_each_batch(shuffle):
    counts = [(60, 12), (61, 12), (62, 12), (63, 12), (5, 12), (12, 12), (25, 4)]
    for (count, batch_size), world_size in itertools.product(counts, (2, 3, 4)):

        def loader(count: int = count, batch_size: int = batch_size, **processes: int) -> list[Batch]:
            return list(BatchLoader(numbered(count), batch_size, "train", seed=4, shuffle=shuffle, **processes))

        shares = [loader(world_size=world_size, rank=rank) for rank in range(world_size)]
        assert len({len(share) for share in shares}) == 1, "a process with fewer steps makes the others wait for ever"
        assert all(len(batch.which) > 0 for share in shares for batch in share)
        together = [torch.cat([batch.which for batch in batches]).tolist() for batches in zip(*shares, strict=True)]
        assert sorted(itertools.chain(*together)) == list(range(count))
        for mine, whole in zip(together[:-1], loader(), strict=False):
            assert sorted(mine) == sorted(whole.which.tolist()), "the same global batch as one process has"


def epochs_of(loader: BatchLoader, count: int) -> list[list[Batch]]:
    found = []
    for epoch in range(count):
        loader.set_epoch(epoch)
        found.append(list(loader))
    return found


def test_an_epoch_of_another_length_shows_each_picture_before_any_again() -> None:
    loader = BatchLoader(numbered(20), 8, "train", seed=1, shuffle=True, length=50)
    epochs = epochs_of(loader, 2)
    assert [[len(batch.which) for batch in epoch] for epoch in epochs] == 2 * [[8, 8, 8, 8, 8, 8, 2]]
    seen = [number for epoch in epochs for batch in epoch for number in batch.which.tolist()]
    assert [sorted(seen[start : start + 20]) for start in range(0, 100, 20)] == 5 * [list(range(20))]
    for epoch in epochs:  # and each time it is drawn anew
        draws = torch.cat([batch.draws("flip").uniform() for batch in epoch])
        assert len(draws.unique()) == 50
    plain, same = (BatchLoader(numbered(20), 8, "train", seed=1, shuffle=True, length=n) for n in (None, 20))
    for ours, theirs in zip(epochs_of(same, 2)[1], epochs_of(plain, 2)[1], strict=True):
        assert torch.equal(ours.which, theirs.which)
        assert torch.equal(ours.draws("flip").uniform(), theirs._replace(numbers=None).draws("flip").uniform())


@pytest.mark.parametrize("world_size", [1, 2])
def test_extra_pictures_have_their_share_of_every_batch(world_size: int) -> None:
    own, others = numbered(40), 255 - numbered(90)
    extra = Extra(others, np.full(90, 3), (0.8, 0.5), epochs=4)
    ranks = [
        BatchLoader(own, 10, "train", labels=np.full(40, 7), seed=2, shuffle=True, extra=extra,
                    world_size=world_size, rank=rank)
        for rank in range(world_size)
    ]  # fmt: skip
    counts = np.zeros(130, int)
    for epoch, share in enumerate((0.8, 0.7, 0.6, 0.5)):
        for loader in ranks:
            loader.set_epoch(epoch)
        together = list(zip(*ranks, strict=True))
        assert len(together) == 4, "an epoch is as long as without them"
        for batches in together:
            for batch in batches:
                is_extra = (batch.which >= 40).numpy()
                assert is_extra.sum() == pytest.approx(share * len(is_extra), abs=1)
                which = batch.which.numpy()
                expected = np.concatenate([own[which[~is_extra]], others[which[is_extra] - 40]])
                np.testing.assert_array_equal(batch.pictures, expected)
                assert batch.labels is not None and batch.labels.tolist() == np.where(is_extra, 3, 7).tolist()
            seen = np.concatenate([batch.which for batch in batches])
            assert (seen >= 40).sum() == pytest.approx(10 * share, abs=1e-9)
            np.add.at(counts, seen, 1)
    assert np.ptp(counts[:40]) <= 1 and np.ptp(counts[40:]) <= 1, "none comes again before all came"
    whole = list(ranks[0])
    ranks[0].load_state_dict({"batch": 3})
    (rest,) = ranks[0]
    assert torch.equal(rest.which, whole[3].which) and torch.equal(rest.numbers, whole[3].numbers)  # type: ignore[arg-type]


def test_each_process_needs_a_picture(tiny_data, monkeypatch):
    for sizes, message in (
        ({"batch_size": 1}, "batches of 1 from 11 pictures leave some of 2 processes"),
        ({"eval_batch_size": 1}, "batches of 1 from 7 pictures"),
        ({"epoch_size": 1}, "batches of 4 from 1 pictures"),
    ):
        with pytest.raises(UsageError, match=rf"^trainer\.devices: {message}"):
            tiny_data(**sizes).check_processes(2)
    tiny_data().check_processes(2)
    data = tiny_data(eval_batch_size=1)
    monkeypatch.setattr(data, "trainer", SimpleNamespace(world_size=2, global_rank=0))
    data.train_dataloader()
    with pytest.raises(UsageError, match=r"^trainer\.devices: batches of 1 "):  # also without a training
        data.test_dataloader()


def test_epochs_count_in_training_alone(tiny_task, tiny_data, quiet_trainer):
    """Lightning sets the epoch; validation is the same each time."""
    task, batches = tiny_task("grey", "regression"), []
    make_pair = task.make_pair
    task.make_pair = lambda batch: batches.append(batch) or make_pair(batch)  # type: ignore[method-assign]
    quiet_trainer(max_epochs=2).fit(task, datamodule=tiny_data(seed=6, eval_seed=9))
    train, val = ([batch for batch in batches if batch.stage == stage] for stage in ("train", "val"))
    assert [batch.epoch for batch in train] == [0, 0, 0, 1, 1, 1]
    expected = tiny_data(seed=6).train_dataloader()
    for epoch in range(2):
        expected.set_epoch(epoch)
        for ours, theirs in zip(train[3 * epoch : 3 * epoch + 3], expected, strict=True):
            assert torch.equal(ours.which, theirs.which) and torch.equal(ours.pictures, theirs.pictures)
    assert {(batch.epoch, batch.seed) for batch in val} == {(0, 9)} and {batch.seed for batch in train} == {6}
    assert [batch.which.tolist() for batch in val] == 2 * [[0, 1, 2], [3, 4, 5], [6]]


def test_any_array_can_be_served_and_loose_pictures_are_a_batch():
    lent = numbered(5)[::-1, :, ::-1]
    lent.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (batch,) = BatchLoader(lent, 9, "test")
    np.testing.assert_array_equal(batch.pictures, lent)
    loose = as_batch(batch.pictures)
    assert loose.pictures is batch.pictures and loose.which.tolist() == [0, 1, 2, 3, 4] and loose.stage == "predict"
    assert as_batch(batch) is batch
