"""Collects the measures of a whole split, batch by batch: a value for each picture, and their means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torchmetrics import Metric

from colourize.measures.base import Measure, PictureMeasure, SetMeasure


class Tally:
    """The values of a split's pictures, by measure, collected batch by batch.

    `table` and, for measures of all pictures together, `vectors` do not depend on the batch size or the number of
    processes; means, tables and intervals are computed from them.
    """

    def __init__(self) -> None:
        self.measures: dict[str, Measure] = {}  # by column
        self._batches: dict[str, list[Tensor]] = {}  # by column, "picture" first

    def start(self, which: Tensor) -> None:
        """Begin a batch with the indices of its pictures, (N,)."""
        self._batches.setdefault("picture", []).append(which)

    def add(self, measures: Sequence[Measure], preds: Any, true: Any, failed: Tensor, postfix: str = "") -> None:
        """Compute measures of the batch.

        Args:
            preds, true: as in `PictureMeasure.values`.
            failed: which pictures get no value, (N,).
            postfix: the suffix of the columns' names.
        """
        for each in measures:
            assert isinstance(each, (PictureMeasure, SetMeasure))
            compute = each.values if isinstance(each, PictureMeasure) else each.vectors
            found = compute(preds, true)
            if found is not None:
                found = found.masked_fill(failed.to(found.device).view(-1, *[1] * (found.dim() - 1)), math.nan)
                self._batches.setdefault(f"{each.name}{postfix}", []).append(found.cpu())
                self.measures[f"{each.name}{postfix}"] = each

    def repeat(self, measures: Sequence[Measure], postfix: str) -> None:
        """Copy the batch's values without a suffix to columns with one, for pictures that are exactly the same."""
        for name in (each.name for each in measures if each.name in self.measures):
            self._batches.setdefault(f"{name}{postfix}", []).append(self._batches[name][-1])
            self.measures[f"{name}{postfix}"] = self.measures[name]

    def table(self) -> dict[str, np.ndarray]:
        """The pictures' indices in ascending order ("picture"), each measure in float64; all processes must call it."""
        return self._gathered(PictureMeasure)

    def vectors(self) -> dict[str, np.ndarray]:
        """The vectors of each measure, (N, D) in the order of `table`; all processes must call it."""
        found = self._gathered(SetMeasure)
        found.pop("picture", None)
        return found

    def means(self) -> dict[str, float]:
        """The value of each measure for the split, rounded to float32; all processes must call it."""
        found: dict[str, float] = {}
        for name, column in self.table().items():
            if name != "picture":
                # Pictures without a value are left out only where the measure's definition says so.
                known = column[~np.isnan(column)] if self.measures[name].some_lack else column
                found[name] = float(known.mean()) if len(known) else math.nan
        for name, vectors in self.vectors().items():
            measure = self.measures[name]
            assert isinstance(measure, SetMeasure)
            whole = np.isfinite(vectors).all()
            found[name] = float(measure.value(vectors)(np.ones(len(vectors)))) if whole else math.nan
        return {name: float(np.float32(value)) for name, value in found.items()}

    def _gathered(self, kind: type[Measure]) -> dict[str, np.ndarray]:
        names = ["picture", *(name for name, measure in self.measures.items() if isinstance(measure, kind))]
        mine = {name: torch.cat(self._batches[name]).cpu().numpy() for name in names if name in self._batches}
        everyones = of_all_processes(mine)
        joined = {name: np.concatenate([part[name] for part in everyones]) for name in mine}
        order = np.argsort(joined.get("picture", np.zeros(0)), kind="stable")
        single = kind is PictureMeasure
        return {
            name: column[order].astype(np.float64 if single and name != "picture" else column.dtype)
            for name, column in joined.items()
        }


def of_all_processes(mine: dict[str, Any]) -> list[dict[str, Any]]:
    """What each process of a run has, by rank; all processes must call it."""
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return [mine]
    everyones: list[dict[str, Any]] = [{}] * dist.get_world_size()
    dist.all_gather_object(everyones, mine)
    return everyones


class BatchMean(Metric):
    """The mean of one number per batch, such as a loss, weighted by the batches' sizes, over all processes."""

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
