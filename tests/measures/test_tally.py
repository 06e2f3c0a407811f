"""What is collected of a split: the same table for any batches, order and number of processes."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as dist

from colourize.measures.base import MORE, PictureMeasure, SetMeasure
from colourize.measures.tally import BatchMean, Tally

COUNT = 23
VECTORS = torch.rand(COUNT, 3, generator=torch.Generator().manual_seed(0))
VALUES = {
    "psnr": np.random.default_rng(0).normal(20, 5, COUNT).astype(np.float32),
    "accuracy": np.random.default_rng(1).random(COUNT, dtype=np.float32),
}


class Given(PictureMeasure, abstract=True):
    """Values that are known beforehand."""

    def __init__(self, name: str) -> None:
        self.name = name

    def values(self, preds: dict[str, torch.Tensor], true: None) -> torch.Tensor:
        return preds[self.name]


class Total(SetMeasure, name="total", direction=MORE):
    """The sum of all vectors."""

    def vectors(self, preds: dict[str, torch.Tensor], true: None) -> torch.Tensor:
        return preds["total"]

    def value(self, vectors: np.ndarray) -> Any:
        return lambda weights: float((weights @ vectors).sum())


def add(tally: Tally, which: Any, preds: dict[str, torch.Tensor]) -> None:
    tally.start(torch.as_tensor(which))
    measures = [Total() if name == "total" else Given(name) for name in preds]
    tally.add(measures, preds, None, torch.zeros(len(which), dtype=torch.bool))


def tally_of(batches: list[np.ndarray]) -> Tally:
    tally = Tally()
    for which in batches:
        values = {name: torch.from_numpy(column[which]) for name, column in VALUES.items()}
        add(tally, which, {**values, "total": VECTORS[which]})
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
    np.testing.assert_array_equal(tally.vectors()["total"], VECTORS)
    assert tally.means() == {**expected, "total": pytest.approx(float(VECTORS.sum()), rel=1e-6)}


@pytest.mark.parametrize("size", [1, 4, 100])
def test_any_batches_in_any_order(size: int) -> None:
    for order in (np.arange(COUNT), np.random.default_rng(2).permutation(COUNT)):
        check_whole(tally_of(in_batches(order, size)))
    tally = Tally()
    add(tally, [0, 1, 2], {"mse": torch.tensor([2.0**24, 1.0, -(2.0**24)])})  # their sum in single precision is 0
    assert tally.means() == {"mse": float(np.float32(1 / 3))}


@pytest.mark.parametrize("world_size", [2, 3])
def test_any_number_of_processes(monkeypatch: pytest.MonkeyPatch, world_size: int) -> None:
    """Each has its share of every batch; what they send goes through pickle, as torch.distributed has it."""
    order = np.random.default_rng(3).permutation(COUNT)
    tallies = [tally_of([b[rank::world_size] for b in in_batches(order, 5)]) for rank in range(world_size)]
    parts = [[tally.table() for tally in tallies], [{"picture": tally.table()["picture"], **tally.vectors()}
             for tally in tallies]]  # fmt: skip
    sent = []

    def gather(objects: list[Any], mine: Any) -> None:
        sent.append(pickle.loads(pickle.dumps(mine)))
        everyones = parts["total" in mine]
        (rank,) = (rank for rank, part in enumerate(everyones) if set(part["picture"]) == set(mine["picture"]))
        objects[:] = [*everyones[:rank], sent[-1], *everyones[rank + 1 :]]

    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: world_size)
    monkeypatch.setattr(dist, "all_gather_object", gather)
    for tally in tallies:
        check_whole(tally)
    assert len(sent) >= world_size


def test_mean_of_several_processes_batches() -> None:
    """Sums and counts are added before they are divided; the mean of both processes' means would be 5."""
    mine, theirs = BatchMean(), BatchMean()
    mine.update(torch.tensor(2.0), 6)
    theirs.update(torch.tensor(8.0), 2)
    pairs = {id(getattr(mine, name)): getattr(theirs, name) for name in ("total", "count")}
    mine.dist_sync_fn = lambda tensor, group=None: [tensor, pairs[id(tensor)]]
    mine.distributed_available_fn = lambda: True
    assert mine.compute().item() == pytest.approx((12 + 16) / 8)
