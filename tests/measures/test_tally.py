"""What is collected of a split: the same table for any batches, order and number of processes."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from colourize.measures.pooled import Pooled
from colourize.measures.tally import BatchMean, Tally

COUNT = 23
VALUES = {
    "psnr": np.random.default_rng(0).normal(20, 5, COUNT).astype(np.float32),
    "accuracy": np.random.default_rng(1).random(COUNT, dtype=np.float32),
}


def tally_of(batches: list[np.ndarray]) -> Tally:
    tally = Tally()
    for which in batches:
        tally.add(torch.from_numpy(which), {name: torch.from_numpy(values[which]) for name, values in VALUES.items()})
    return tally


def in_batches(order: np.ndarray, size: int) -> list[np.ndarray]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def check_whole(tally: Tally) -> None:
    """It holds each picture's value once, exactly."""
    table = tally.table()
    assert list(table) == ["picture", "psnr", "accuracy"]
    assert table["picture"].dtype == np.int64 and table["picture"].tolist() == list(range(COUNT))
    for name, values in VALUES.items():
        assert table[name].dtype == np.float64
        np.testing.assert_array_equal(table[name], values)
    expected = {name: float(np.float32(values.astype(np.float64).mean())) for name, values in VALUES.items()}
    assert tally.means() == expected
    rows = tally.rows()
    assert rows[5] == {"picture": 5, **{name: float(values[5]) for name, values in VALUES.items()}}
    assert len(rows) == COUNT and type(rows[5]["picture"]) is int


@pytest.mark.parametrize("size", [1, 4, 23, 100])
def test_any_batches_in_any_order(size: int) -> None:
    check_whole(tally_of(in_batches(np.arange(COUNT), size)))
    check_whole(tally_of(in_batches(np.random.default_rng(2).permutation(COUNT), size)))


@pytest.mark.parametrize("world_size", [2, 3])
def test_any_number_of_processes(monkeypatch: pytest.MonkeyPatch, world_size: int) -> None:
    """Each has its share of every batch; what they send goes through pickle, as torch.distributed has it."""
    order = np.random.default_rng(3).permutation(COUNT)
    tallies = [tally_of([b[rank::world_size] for b in in_batches(order, 5)]) for rank in range(world_size)]
    tables = [tally.table() for tally in tallies]
    sent = []

    def gather(objects: list[Any], mine: Any) -> None:
        sent.append(pickle.loads(pickle.dumps(mine)))
        (rank,) = (rank for rank, table in enumerate(tables) if set(table["picture"]) == set(mine["picture"]))
        objects[:] = [*tables[:rank], sent[-1], *tables[rank + 1 :]]

    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: world_size)
    monkeypatch.setattr(dist, "all_gather_object", gather)
    for tally in tallies:
        check_whole(tally)
    assert len(sent) >= world_size


def test_vectors_lie_in_the_order_of_the_pictures_whichever_process_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = torch.rand(6, 3)
    total = Pooled(lambda: None, lambda vectors: lambda weights: float((weights @ vectors).sum()))
    mine, theirs = Tally(), Tally()
    for tally, which in ((mine, [4, 0]), (theirs, [1, 5]), (mine, [3, 2])):
        tally.add(torch.tensor(which), {"mse": torch.zeros(2)})
        tally.add_vectors("total", vectors[which], total)
    np.testing.assert_array_equal(mine.vectors()["total"], vectors[[0, 2, 3, 4]])
    parts = [{"picture": np.array(which), "total": vectors[which].numpy()} for which in ([4, 0, 3, 2], [1, 5])]
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(dist, "all_gather_object", lambda objects, _: objects.__setitem__(slice(None), parts))
    np.testing.assert_array_equal(mine.vectors()["total"], vectors)
    assert mine.pooled() == {"total": pytest.approx(float(vectors.sum()), rel=1e-6)}


def test_means_are_summed_in_double_precision() -> None:
    tally = Tally()
    tally.add(torch.arange(3), {"mse": torch.tensor([2.0**24, 1.0, -(2.0**24)])})  # 0 in single precision
    assert tally.means() == {"mse": float(np.float32(1 / 3))}


def test_mean_of_batches_is_weighted_by_their_sizes() -> None:
    mean = BatchMean()
    for value, count in ((2.0, 4), (5.0, 4), (11.0, 3)):
        mean.update(torch.tensor(value), count)
    assert mean.compute().item() == pytest.approx((8 + 20 + 33) / 11)
    mean.reset()
    mean.update(torch.tensor(1.5), 2)
    assert mean.compute().item() == 1.5


def test_mean_of_several_processes_batches() -> None:
    """Sums and counts are added before they are divided; the mean of both processes' means would be 5."""
    mine, theirs = BatchMean(), BatchMean()
    mine.update(torch.tensor(2.0), 6)
    theirs.update(torch.tensor(8.0), 2)
    pairs = {id(getattr(mine, name)): getattr(theirs, name) for name in ("total", "count")}
    mine.dist_sync_fn = lambda tensor, group=None: [tensor, pairs[id(tensor)]]
    mine.distributed_available_fn = lambda: True
    assert mine.compute().item() == pytest.approx((12 + 16) / 8)
