"""Lookup tables, fitted by counting the training pixels with the same grey level, or all of them."""

from __future__ import annotations

import torch
from torch import Tensor

from colourize.data.fitting import Fitted, Training
from colourize.errors import check_count
from colourize.models.baselines import Baseline


class Table(Fitted, Baseline):
    """The mean of all training pixels in the same cell: class frequencies, or the mean colour.

    A subclass assigns pixels to cells in `cells`, and cells to larger parents in `parents`. The parent's mean counts as
    one more pixel of each cell. An empty cell thus has its parent's mean, and no class has the frequency 0.
    """

    num_cells: int
    table: Tensor

    def cells(self, inputs: Tensor) -> Tensor:
        """The cell of each pixel, (N, H, W) int64 in 0 … num_cells - 1."""
        raise NotImplementedError

    def parents(self, sums: Tensor) -> Tensor:
        """Sums over the pixels of each cell → sums of its parent, (num_cells, C + 1); the last column is the count."""
        return sums.sum(0, keepdim=True)

    def fit(self, training: Training) -> dict[str, Tensor]:
        sums = torch.zeros(self.num_cells, self.out_channels + 1, dtype=torch.float64)
        for pair in training.pairs():
            cells = self.cells(pair.inputs)
            training.answer.add_by_cell(sums[:, :-1], cells, pair.truth)
            sums[:, -1] += torch.bincount(cells.flatten(), minlength=self.num_cells)
        whole = sums.sum(0, keepdim=True)
        parents = self.parents(sums)
        parents = parents + whole / whole[:, -1:]
        sums = sums + parents / parents[:, -1:]
        return {"table": training.answer.outputs_from((sums[:, :-1] / sums[:, -1:]).float())}

    def forward(self, inputs: Tensor) -> Tensor:
        return self.table[self.cells(inputs)].movedim(-1, 1)


class CommonestClass(Table):
    """The frequency of each class in the training pictures, the same for every pixel."""

    kind = "classes"
    num_cells = 1

    def cells(self, inputs: Tensor) -> Tensor:
        return torch.zeros(len(inputs), *inputs.shape[2:], dtype=torch.int64, device=inputs.device)


class GreyLookup(Table):
    """The mean of the training pixels with the same grey level, one of 256."""

    degradation = "grey"
    num_levels = 256
    num_cells = num_levels

    def cells(self, inputs: Tensor) -> Tensor:
        return (inputs[:, 0] * (self.num_levels - 1)).round().long()


class GreyRowLookup(GreyLookup):
    """The mean of the training pixels with the same grey level and height in the picture; the parent is the grey level.

    Args:
        num_rows: the number of heights that the table distinguishes.
    """

    def __init__(self, in_channels: int, out_channels: int, num_rows: int = 32) -> None:
        super().__init__(in_channels, out_channels)
        check_count("model.num_rows", num_rows, most=4096)
        self.num_rows = num_rows
        self.num_cells = num_rows * self.num_levels

    def cells(self, inputs: Tensor) -> Tensor:
        height = inputs.shape[2]
        rows = torch.arange(height, device=inputs.device) * self.num_rows // height
        return rows[:, None] * self.num_levels + super().cells(inputs)

    def parents(self, sums: Tensor) -> Tensor:
        return sums.unflatten(0, (self.num_rows, self.num_levels)).sum(0).repeat(self.num_rows, 1)
