"""What is measured of a whole split, batch by batch: a value for each picture first, and means of them after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torchmetrics import Metric


class Tally:
    """The values of a split's pictures, by measure, as its batches come in.

    Means, tables of single pictures and intervals are all made from `table`, which is the same for any batch size and
    any number of processes. What is no mean over pictures lives beside it: sums that are added up (`add_sums`), and
    losses (`BatchMean`).
    """

    def __init__(self) -> None:
        self._batches: list[tuple[Tensor, dict[str, Tensor]]] = []
        self._sums: dict[str, Tensor] = {}
        self._values: dict[str, Callable[[Tensor], float]] = {}

    def add(self, which: Tensor, values: Mapping[str, Tensor]) -> None:
        """Add a batch: which pictures, (N,), and by measure a value for each, (N,)."""
        self._batches.append((which, dict(values)))

    def add_sums(self, name: str, sums: Tensor, value: Callable[[Tensor], float]) -> None:
        """Add what a batch adds to a measure that is no mean over pictures; `value` is what all sums come to."""
        self._sums[name] = self._sums[name] + sums if name in self._sums else sums
        self._values[name] = value

    def sums(self) -> dict[str, Tensor]:
        """The sums of all batches of all processes, in double precision on the CPU; all processes must call it."""
        mine = {name: sums.double().cpu() for name, sums in self._sums.items()}
        everyones = _gathered(mine)
        return {name: torch.stack([each[name] for each in everyones]).sum(0) for name in mine}

    def pooled(self) -> dict[str, float]:
        """The measures that are no means over pictures; all processes must call it."""
        return {name: self._values[name](sums) for name, sums in self.sums().items()}

    def table(self) -> dict[str, np.ndarray]:
        """All pictures of all processes: "picture", their numbers in ascending order, and each measure in float64.

        With several processes all must call it.
        """
        mine = {name: self._column(name) for name in ("picture", *self._measures())}
        tables = _gathered(mine)
        joined = {name: np.concatenate([table[name] for table in tables]) for name in mine}
        order = np.argsort(joined["picture"], kind="stable")
        return {name: column[order] for name, column in joined.items()}

    def rows(self) -> list[dict[str, float]]:
        """`table`, a row a picture."""
        table = self.table()
        columns = (column.tolist() for column in table.values())
        return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]

    def means(self) -> dict[str, float]:
        """Each measure's mean over the pictures, summed in float64 and rounded to float32 at last."""
        return {name: float(np.float32(column.mean())) for name, column in self.table().items() if name != "picture"}

    def _measures(self) -> list[str]:
        return list(self._batches[0][1]) if self._batches else []

    def _column(self, name: str) -> np.ndarray:
        if not self._batches:  # trainer.limit_test_batches=0
            return np.zeros(0, dtype=np.int64)
        parts = [which if name == "picture" else values[name] for which, values in self._batches]
        column = torch.cat(parts).cpu().numpy()
        return column if name == "picture" else column.astype(np.float64)


def _gathered(mine: dict[str, Any]) -> list[dict[str, Any]]:
    """What each process has, by rank."""
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return [mine]
    everyones: list[dict[str, Any]] = [{}] * dist.get_world_size()
    dist.all_gather_object(everyones, mine)
    return everyones


class BatchMean(Metric):
    """The mean of what is one number a batch, such as a loss, weighted by the batches' sizes.

    It is no mean over pictures: a loss may compare the pictures of a batch with one another. Exact over several
    processes, as sums and counts are added up before they are divided.
    """

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, value: Tensor, count: int) -> None:
        self.total += value * count
        self.count += count

    def compute(self) -> Tensor:
        return self.total / self.count
