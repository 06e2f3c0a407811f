"""What is measured of a whole split, batch by batch: a value for each picture first, and means of them after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torchmetrics import Metric

from colourize.measures.pooled import Pooled

# Nazeri's accuracies leave exactly grey pictures out.
WITHOUT_SOME = ("nazeri_accuracy",)


class Tally:
    """The values of a split's pictures, by measure, as its batches come in.

    Means, tables of single pictures and intervals are all made from `table`, which is the same for any batch size and
    any number of processes. What is no mean over pictures lives beside it: measures of all pictures together, to which
    each adds a vector (`add_vectors`), and losses (`BatchMean`).
    """

    def __init__(self) -> None:
        self._batches: list[tuple[Tensor, dict[str, Tensor]]] = []
        self._vectors: dict[str, list[Tensor]] = {}
        self._pooled: dict[str, Pooled] = {}

    def add(self, which: Tensor, values: Mapping[str, Tensor]) -> None:
        """Add a batch: which pictures, (N,), and by measure a value for each, (N,)."""
        self._batches.append((which, dict(values)))

    def add_vectors(self, name: str, vectors: Tensor, pooled: Pooled) -> None:
        """Add a batch's part in a measure of all pictures together, (N, D), in the order of its pictures in `add`."""
        self._vectors.setdefault(name, []).append(vectors.cpu())
        self._pooled[name] = pooled

    def vectors(self) -> dict[str, np.ndarray]:
        """By measure what every picture adds, (N, D) in `table`'s order; with several processes all must call it."""
        mine = {"picture": self._column("picture")}
        mine |= {name: torch.cat(parts).numpy() for name, parts in self._vectors.items()}
        joined = _joined(_gathered(mine))
        order = np.argsort(joined.pop("picture"), kind="stable")
        return {name: vectors[order] for name, vectors in joined.items()}

    def pooled(self) -> dict[str, float]:
        """The measures that are no means over pictures; all processes must call it."""
        return {
            name: float(self._pooled[name].value(vectors)(np.ones(len(vectors))))
            if np.isfinite(vectors).all()
            else np.nan
            for name, vectors in (self.vectors() if self._vectors else {}).items()
        }

    def pooled_parts(self) -> dict[str, Pooled]:
        """How each of them is computed."""
        return dict(self._pooled)

    def table(self) -> dict[str, np.ndarray]:
        """All pictures of all processes: "picture", their numbers in ascending order, and each measure in float64.

        With several processes all must call it.
        """
        mine = {name: self._column(name) for name in ("picture", *self._measures())}
        joined = _joined(_gathered(mine))
        order = np.argsort(joined["picture"], kind="stable")
        return {name: column[order] for name, column in joined.items()}

    def rows(self) -> list[dict[str, float]]:
        """`table`, a row a picture."""
        table = self.table()
        columns = (column.tolist() for column in table.values())
        return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]

    def means(self) -> dict[str, float]:
        """Each measure's mean over the pictures that have it, summed in float64 and rounded to float32 at last."""
        return {
            name: float(np.float32(mean_of(name, column))) for name, column in self.table().items() if name != "picture"
        }

    def _measures(self) -> list[str]:
        return list(self._batches[0][1]) if self._batches else []

    def _column(self, name: str) -> np.ndarray:
        if not self._batches:  # of several processes, one that had no pictures
            return np.zeros(0, dtype=np.int64)
        parts = [which if name == "picture" else values[name] for which, values in self._batches]
        column = torch.cat(parts).cpu().numpy()
        return column if name == "picture" else column.astype(np.float64)


def mean_of(name: str, column: np.ndarray) -> float:
    """A measure's mean over pictures; those without a value are left out only where its definition says so."""
    if name.startswith(WITHOUT_SOME):
        column = column[~np.isnan(column)]
    return float(column.mean()) if len(column) else float("nan")


def _joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


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
