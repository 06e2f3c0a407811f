"""Which pictures a batch holds, and in which order: from seed and epoch alone, over any number of processes."""

from __future__ import annotations

import itertools
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from colourize.data.batches import Batch, BatchLoader, as_batch
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


def test_each_process_needs_a_picture(tiny_data, monkeypatch):
    data = tiny_data(batch_size=1)
    monkeypatch.setattr(data, "trainer", SimpleNamespace(world_size=2, global_rank=0))
    with pytest.raises(UsageError, match=r"^trainer\.devices: batches of 1 .* leave some of 2 processes"):
        data.train_dataloader()


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
