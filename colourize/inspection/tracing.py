"""Traces the layers of a network with hooks while one picture passes through a copy of it.

Autograd's graph shows which layers read which outputs, also through functions that are not modules. If the network can
run on torch's device "meta", no numbers are computed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.flop_counter import FlopCounterMode

from colourize.errors import UsageError, one_line

# A layer with parameters of at least this many dimensions starts a new block; others are biases, scales and shifts.
WEIGHT_DIMENSIONS = 2
INPUT = -1  # the index of the network's input among the calls


@dataclass(frozen=True)
class Call:
    """One use of a layer, which is a module without children.

    Attributes:
        name: the module's dotted name.
        use: how often the module was used before.
        sources: the indices of the calls whose outputs it reads; INPUT is the network's input.
        input, output: the shapes of its first input and its output, for one picture.
        flops: multiplications and additions in convolutions and matrix products.
    """

    name: str
    module: nn.Module
    use: int
    sources: tuple[int, ...]
    input: tuple[int, ...]
    output: tuple[int, ...]
    flops: int

    @property
    def has_weights(self) -> bool:
        """Whether the layer has weights, like a convolution or a linear layer."""
        return any(each.ndim >= WEIGHT_DIMENSIONS for each in self.module.parameters())

    @property
    def parent(self) -> str:
        """The name of the parent module; "" is the network."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Trace:
    """All layers of a network in the order in which they are used.

    Attributes:
        model: the network's class.
        input: the shape of one picture.
        parameters: the number of the network's parameters, including layers that are never used.
        flops: the operations of the network, including functions that are not layers.
    """

    model: str
    input: tuple[int, ...]
    calls: list[Call]
    parameters: list[nn.Parameter]
    flops: int


@dataclass(frozen=True)
class Block:
    """Successive layers of one module, only the first of which may have weights, such as convolution, norm, ReLU.

    Attributes:
        name: the name of the module, or the names of the first and the last layer.
        sources: the indices of the blocks that it reads; INPUT is the network's input.
    """

    name: str
    calls: list[Call]
    sources: tuple[int, ...]


def trace(model: nn.Module, in_channels: int, size: Sequence[int]) -> Trace:
    """The layers of a network for one picture of `in_channels` channels and `size`, its height and width.

    Raises:
        UsageError: the network cannot be run on such a picture.
    """
    for device in ("meta", "cpu"):  # a network that branches on values needs real ones
        try:
            return _trace(model, (1, in_channels, *size), device)
        except Exception as error:
            reason = one_line(error)
    picture = f"a picture of {in_channels} channels and {'×'.join(map(str, size))} pixels"
    raise UsageError(f"model: {type(model).__name__} cannot be run on {picture}: {reason}")


def _trace(model: nn.Module, shape: tuple[int, ...], device: str) -> Trace:
    calls: list[Call] = []
    ends: dict[Any, int] = {}  # an output's node in autograd's graph → the index of the call that made it
    begun: list[tuple[tuple[int, ...], tuple[int, ...], int]] = []

    def before(module: nn.Module, args: Any, kwargs: Any) -> None:
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        shape = tuple(tensors[0].shape[1:]) if tensors else ()
        begun.append((_sources(tensors, ends), shape, counter.get_total_flops()))

    def after(name: str, module: nn.Module, args: Any, outputs: Any) -> Any:
        sources, input_shape, flops = begun.pop()
        use = sum(each.module is module for each in calls)
        # A copy has its own node even if a layer returns its input unchanged.
        outputs = tree_map_only(Tensor, Tensor.clone, outputs)
        tensors = [each for each in tree_leaves(outputs) if isinstance(each, Tensor)]
        ends.update((each.grad_fn, len(calls)) for each in tensors)
        shape = tuple(tensors[0].shape[1:]) if tensors else ()
        calls.append(Call(name, module, use, sources, input_shape, shape, counter.get_total_flops() - flops))
        return outputs

    # Lightning validates in inference mode, which has no graph.
    with torch.inference_mode(False), torch.enable_grad(), FlopCounterMode(display=False) as counter:
        twin = copy.deepcopy(model).to(device).eval().requires_grad_(False)
        for name, module in twin.named_modules():
            if not any(True for _ in module.children()):
                module.register_forward_pre_hook(before, with_kwargs=True)
                module.register_forward_hook(partial(after, name))
        picture = torch.zeros(shape, device=device, requires_grad=True).clone()
        ends[picture.grad_fn] = INPUT
        twin(picture)
    return Trace(type(model).__name__, shape[1:], calls, list(twin.parameters()), counter.get_total_flops())


def _sources(tensors: Iterable[Tensor], ends: Mapping[Any, int]) -> tuple[int, ...]:
    """The calls that directly produced these tensors."""
    found, seen, nodes = set(), set(), [each.grad_fn for each in tensors]
    while nodes:
        node = nodes.pop()
        if node in ends:
            found.add(ends[node])
        elif node is not None and node not in seen:
            seen.add(node)
            nodes += [each for each, _ in node.next_functions]
    return tuple(sorted(found))


def blocks(trace: Trace) -> list[Block]:
    """All layers of a trace, grouped into blocks, in order."""
    found: list[list[int]] = []
    for place, call in enumerate(trace.calls):
        follows = bool(found) and call.sources == (place - 1,) and call.parent == trace.calls[place - 1].parent
        if follows and not call.has_weights:
            found[-1].append(place)
        else:
            found.append([place])
    block_of = {INPUT: INPUT} | {place: number for number, places in enumerate(found) for place in places}
    return [
        Block(_name(trace, calls), calls, tuple(sorted({block_of[each] for each in calls[0].sources})))
        for calls in ([trace.calls[place] for place in places] for places in found)
    ]


def _name(trace: Trace, calls: Sequence[Call]) -> str:
    first, last = calls[0], calls[-1]
    name = first.name or trace.model
    if len(calls) > 1:
        whole = {each.name for each in trace.calls if each.parent == first.parent}
        is_whole = first.parent and whole == {each.name for each in calls}
        name = first.parent if is_whole else f"{name}–{last.name.rpartition('.')[2]}"
    return f"{name} ({first.use + 1})" if first.use else name
