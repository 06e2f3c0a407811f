"""What the layers of a network answer to pictures, and how much of it is silent (questions E1 to E3)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from colourize.errors import UsageError
from colourize.inspection.blocks import blocks
from colourize.inspection.tracing import trace


@dataclass(frozen=True)
class Activations:
    """What one layer, or a block of them, answers.

    Attributes:
        name: of the block or module.
        values: (N, C, H, W), or (N, C) behind a layer that has no places; float32.
    """

    name: str
    values: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one picture."""
        return tuple(self.values.shape[1:])

    @property
    def mean(self) -> float:
        """Over pictures, channels and places."""
        return float(self.values.mean())

    @property
    def sparsity(self) -> float:
        """The share of values that are exactly 0, 0…1: what ReLU has silenced."""
        return float((self.values == 0).float().mean())

    @property
    def dead(self) -> list[int]:
        """The channels that say the same at all places of all pictures; behind a ReLU nearly always 0."""
        channels = self.values.movedim(1, 0).flatten(1)
        return (channels.amax(1) == channels.amin(1)).nonzero().flatten().tolist()

    def describe(self) -> dict[str, Any]:
        """A line of a table of statistics."""
        return {
            "layer": self.name, "shape": "×".join(map(str, self.shape)), "mean": self.mean, "sparsity": self.sparsity,
            "channels": self.shape[0], "dead": len(self.dead), "pictures": len(self.values),
        }  # fmt: skip


@torch.no_grad()
def record(model: nn.Module, inputs: Tensor, modules: Sequence[str] | None = None) -> list[Activations]:
    """What the layers of a network answer to inputs, in the order in which they are computed.

    A copy of the network is watched by hooks, in evaluation mode: the network itself is not touched. What it computes
    in a cheaper way unless somebody looks (`double_and_convolve`) is computed here as its diagram says.

    Args:
        inputs: (N, in_channels, H, W), on the network's device.
        modules: dotted names, such as "down1.norm"; None: the last layer of each block of the diagram. One that is used
            several times answers as often.

    Raises:
        UsageError: there is no such module, or the network never runs it.
    """
    twin = copy.deepcopy(model).eval()
    known = dict(twin.named_modules())
    if modules is None:
        traced = trace(model, inputs.shape[1], inputs.shape[2:])
        wanted: dict[tuple[str, int], str] = {}
        for block in blocks(traced):
            # A function without a module cannot be watched: what goes into it is shown, under the layer's own name.
            steps = [traced.nodes[number] for number in block.nodes if traced.nodes[number].module is not None]
            if steps:
                end = steps[-1]
                wanted[end.name, end.call] = block.name if end is traced.nodes[block.last] else end.name
    else:
        wanted = {(name, 0): name or type(model).__name__ for name in map(str, modules)}
        for name, _ in wanted:
            if name not in known:
                raise UsageError(f"modules={name}: there is no such layer; must be some of {', '.join(known)[2:]}")
    calls: dict[str, int] = {}
    found: list[Activations] = []

    def keep(name: str, module: nn.Module, args: Any, outputs: Any) -> None:
        call = calls[name] = calls.get(name, -1) + 1
        label = wanted.get((name, call))
        if label is None and modules is not None:
            label = f"{wanted[name, 0]} ({call + 1})"
        if label is not None and isinstance(outputs, Tensor):
            found.append(Activations(label, outputs.float().clone()))

    for name in dict.fromkeys(name for name, _ in wanted):
        known[name].register_forward_hook(partial(keep, name))
    twin(inputs)
    silent = [label for (name, _), label in wanted.items() if name not in calls]
    if silent:
        raise UsageError(f"modules={silent[0]}: {type(model).__name__} never runs this layer")
    return found
