"""The activations of a network's layers, and which channels are dead (questions E1 to E3)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from colourize.errors import UsageError
from colourize.inspection.tracing import blocks, trace


@dataclass(frozen=True)
class Activations:
    """The activations of one layer or block: float32 (N, C, H, W), or (N, C) without spatial dimensions."""

    name: str
    values: Tensor

    @property
    def dead(self) -> list[int]:
        """The channels with the same value at all pixels of all pictures; after a ReLU, it is nearly always 0."""
        channels = self.values.movedim(1, 0).flatten(1)
        return (channels.amax(1) == channels.amin(1)).nonzero().flatten().tolist()

    def describe(self) -> dict[str, Any]:
        """A row of statistics; `sparsity` is the share of values that are exactly 0, 0…1."""
        shape = self.values.shape[1:]
        return {
            "layer": self.name, "shape": "×".join(map(str, shape)), "mean": float(self.values.mean()),
            "sparsity": float((self.values == 0).float().mean()),
            "channels": shape[0], "dead": len(self.dead), "pictures": len(self.values),
        }  # fmt: skip


@torch.no_grad()
def record(model: nn.Module, inputs: Tensor, modules: Sequence[str] | None = None) -> list[Activations]:
    """The activations of a network's layers, in the order in which they are computed.

    Hooks on a copy in evaluation mode record them, so that the network itself does not change. With hooks,
    `double_and_convolve` computes layer by layer, as the diagram shows.

    Args:
        inputs: (N, in_channels, H, W), on the network's device.
        modules: dotted names, such as "down1.norm"; None: the last layer of each block of the diagram. A module that is
            used several times is recorded each time.

    Raises:
        UsageError: there is no such module, or the network never runs it.
    """
    twin = copy.deepcopy(model).eval()
    known = dict(twin.named_modules())
    if modules is None:
        parts = blocks(trace(model, inputs.shape[1], inputs.shape[2:]))
        labels = {(part.calls[-1].name, part.calls[-1].use): part.name for part in parts}
    else:
        labels = {(str(name), 0): str(name) or type(model).__name__ for name in modules}
    names = dict.fromkeys(name for name, _ in labels)
    uses = dict.fromkeys(names, 0)
    found: list[Activations] = []

    def keep(name: str, module: nn.Module, args: Any, outputs: Any) -> None:
        use = uses[name]
        uses[name] += 1
        label = labels.get((name, use)) if modules is None or not use else f"{labels[name, 0]} ({use + 1})"
        if label is not None and isinstance(outputs, Tensor):
            found.append(Activations(label, outputs.float().clone()))

    for name in names:
        if name not in known:
            raise UsageError(f"modules={name}: there is no such layer; must be some of {', '.join(known)[2:]}")
        known[name].register_forward_hook(partial(keep, name))
    twin(inputs)
    for name in names:
        if not uses[name]:
            raise UsageError(f"modules={name}: {type(model).__name__} never runs this layer")
    return found
