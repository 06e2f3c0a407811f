"""Substitutes for parts of a task that cannot be recorded: they compute the same outputs by operations that can be
exported.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourize.degradations.low_resolution import project
from colourize.errors import UsageError
from colourize.models import GreyLookup, GreyRowLookup, Interpolation, LinearFilter, RonnebergerUNet
from colourize.models.baselines import Baseline
from colourize.models.interpolation import FILTERS
from colourize.models.mirroring import aligned, mirrored

# The recorder's method `note(op, inputs, compute, …)`, which records all that `compute` does as one operation.
Note = Callable[..., Tensor]


def substitute(part: nn.Module, note: Note) -> nn.Module:
    """A network, a table or an interpolation in a form that can be recorded.

    Raises:
        UsageError: there is no such form.
    """
    if type(part) is GreyLookup:
        return Lookup(part, note)
    if isinstance(part, GreyRowLookup):
        raise UsageError("export: GreyRowLookup answers by a pixel's row in the picture, which is not exported")
    if isinstance(part, Interpolation):
        return Enlargement(part)
    if isinstance(part, LinearFilter):
        return LinearConvolution(part)
    if isinstance(part, Baseline):
        raise UsageError(f"export: {type(part).__name__} is a baseline that is not exported")
    return Continued(part, note)


class Continued(nn.Module):
    """A network that needs sizes that are multiples, with pictures continued by their mirror images to such a size.

    Our networks do this themselves; here it is one operation, "mirror", and cropping is another, "fit".
    """

    def __init__(self, network: nn.Module, note: Note) -> None:
        super().__init__()
        self.network, self.note = network, note
        self.multiple = int(getattr(network, "size_multiple", 1))
        self.settings = {"multiple": self.multiple, "margin": 0, "over": 0, "least": 1}
        if isinstance(network, RonnebergerUNet):
            # `RonnebergerUNet.needed` as numbers: a multiple plus `over` pixels, and at least `least` multiples.
            over, least = 4 if network.padding == "valid" else 0, 2 if network.padding == "reflect" else 1
            self.settings |= {"margin": network.margin, "over": over, "least": least}

    def forward(self, inputs: Tensor) -> Tensor:
        network, (height, width) = self.network, inputs.shape[2:]
        if self.multiple == 1:
            outputs: Tensor = network(inputs)
            return outputs

        def continued() -> Tensor:
            if isinstance(network, RonnebergerUNet):
                return mirrored(inputs, network.margin, network.needed(height), network.needed(width))
            return aligned(inputs, self.multiple)

        run = network.forward_unpadded if isinstance(network, RonnebergerUNet) else network
        outputs = run(self.note("mirror", [inputs], continued, self.settings))
        return self.note("fit", [outputs, inputs], lambda: outputs[..., :height, :width])


class Lookup(Baseline):
    """`GreyLookup` as one operation."""

    def __init__(self, table: GreyLookup, note: Note) -> None:
        super().__init__(table.in_channels, table.out_channels)
        self.table, self.note = table, note

    def forward(self, inputs: Tensor) -> Tensor:
        return self.note("lookup", [inputs], lambda: self.table(inputs), {}, {"table": self.table.table})


class Enlargement(Baseline):
    """`Interpolation` as a convolution whose outputs are rearranged to blocks.

    Where a filter reaches over the border, the remaining weights are normalised to a sum of 1, by dividing by the
    convolution of a picture of ones.
    """

    gives_pictures = True

    def __init__(self, interpolation: Interpolation) -> None:
        super().__init__(3, 3)
        self.factor, self.projected = interpolation.scale_factor, interpolation.projected
        kernel, self.reach = FILTERS[interpolation.filter]
        if kernel is None:
            line = torch.ones(self.factor, 1)
        else:
            places = torch.arange(-self.reach, self.reach + 1, dtype=torch.float64)
            phases = (torch.arange(self.factor, dtype=torch.float64) + 0.5) / self.factor - 0.5
            distances = places - phases[:, None]
            line = kernel(distances).where(distances.abs() < self.reach, torch.zeros(()).double())
        # (factor², 1, side, side): the filter for each position in a block, rows first.
        weights = torch.einsum("pr,qc->pqrc", line, line).flatten(0, 1)[:, None].float()
        self.register_buffer("weights", weights)

    def forward(self, inputs: Tensor) -> Tensor:
        low = F.avg_pool2d(inputs, self.factor)
        weights: Tensor = self.weights  # type: ignore[assignment]
        blocks = F.conv2d(low, weights.repeat(3, 1, 1, 1), padding=self.reach, groups=3)
        sums = F.conv2d(low * 0 + 1, weights.repeat(3, 1, 1, 1), padding=self.reach, groups=3)
        enlarged = F.pixel_shuffle(blocks / sums, self.factor)
        return (project(enlarged, low) if self.projected else enlarged).clamp(0, 1)


class LinearConvolution(Baseline):
    """`LinearFilter` as a convolution whose outputs are rearranged to blocks."""

    gives_pictures = True

    def __init__(self, linear: LinearFilter) -> None:
        super().__init__(3, 3)
        self.factor, self.reach = linear.scale_factor, linear.reach
        side = 2 * linear.reach + 1
        weights = torch.as_tensor(linear.weights)
        self.register_buffer("weights", weights[:-1].T.unflatten(1, (3, side, side)).contiguous())
        self.register_buffer("bias", weights[-1].clone())

    def forward(self, inputs: Tensor) -> Tensor:
        low = F.pad(F.avg_pool2d(inputs, self.factor), 4 * [self.reach], mode="replicate")
        blocks = F.conv2d(low, self.weights, self.bias)  # type: ignore[arg-type]
        return F.pixel_shuffle(blocks, self.factor).clamp(0, 1)
