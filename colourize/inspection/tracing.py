"""What a network computes, layer by layer and join by join, found by watching one picture pass through a copy of it.

Modules are watched by hooks; what happens between them (a concatenation, a sum, a function without a module) by a
dispatch mode, which sees every operation of torch. Nothing of the network is changed, and no numbers are computed
where it can be run without: on torch's device "meta".
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from colourize.errors import UsageError, one_line

# What only moves numbers about is no box of a diagram; `cat` is, since two ways meet there.
MOVES = (
    "view", "_unsafe_view", "reshape", "slice", "select", "split", "split_with_sizes", "unbind", "expand", "permute",
    "transpose", "t", "unsqueeze", "squeeze", "clone", "contiguous", "detach", "alias", "_to_copy", "lift_fresh",
    "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "unfold", "index",
)  # fmt: skip


@dataclass
class Node:
    """A step of a network: one call of a module without children, or an operation between modules.

    Attributes:
        name: the module's dotted name; of an operation, that of the module that does it ("" is the network itself).
        kind: the module's class, such as "Conv2d", or the operation's name, such as "cat".
        module: None for an operation, and for the input, which is node 0.
        call: of a module that is used more than once, which use it is, from 0.
        sources: the nodes whose outputs it reads, in their order.
        given, shape: sizes of its first input and of its output, without the number of pictures.
        flops: multiplications and additions, of convolutions and matrix products alone.
    """

    name: str
    kind: str
    module: nn.Module | None = None
    call: int = 0
    sources: tuple[int, ...] = ()
    given: tuple[int, ...] = ()
    shape: tuple[int, ...] = ()
    flops: int = 0


@dataclass
class Trace:
    """All steps of a network in the order in which they are taken; node 0 is the input.

    Attributes:
        answers: the nodes that the network's output is made of.
        own: by the name of each module that has children, how many parameters it holds itself.
    """

    model: str
    nodes: list[Node]
    answers: tuple[int, ...]
    own: dict[str, int] = field(default_factory=dict)

    def readers(self, number: int) -> list[int]:
        """The nodes that read a node's output."""
        return [reader for reader, node in enumerate(self.nodes) if number in node.sources]


def trace(model: nn.Module, in_channels: int, size: Sequence[int]) -> Trace:
    """The steps of a network for one picture.

    Args:
        in_channels: of the pictures that it takes.
        size: their height and width.

    Raises:
        UsageError: it cannot be run on such a picture.
    """
    try:
        return _trace(model, (1, in_channels, *size), "meta")
    except Exception:  # a network that looks at its values needs some
        try:
            return _trace(model, (1, in_channels, *size), "cpu")
        except Exception as error:
            told = f"{in_channels} channels and {'×'.join(map(str, size))} pixels"
            raise UsageError(
                f"model: {type(model).__name__} cannot be run on a picture of {told}: {one_line(error)}"
            ) from error


def _trace(model: nn.Module, shape: tuple[int, ...], device: str) -> Trace:
    # In inference mode, as Lightning validates, whole functions would arrive, not the operations that they are made of.
    with torch.inference_mode(False), torch.no_grad():
        twin = copy.deepcopy(model).to(device).eval()
        picture = torch.zeros(shape, device=device)
        names = {module: name for name, module in twin.named_modules()}
        with _Watch(names, picture) as watch:
            outputs = twin(picture)
    own = {
        name: sum(each.numel() for each in module.parameters(recurse=False))
        for module, name in names.items()
        if not watch.is_leaf(module)
    }
    return Trace(
        type(model).__name__, watch.nodes, watch.sources_of(tree_leaves(outputs)), {k: n for k, n in own.items() if n}
    )


class _Watch(TorchDispatchMode):
    """Keeps which node each tensor comes from."""

    def __init__(self, names: dict[nn.Module, str], picture: Tensor) -> None:
        super().__init__()
        self.names = names
        self.nodes = [Node("input", "input", shape=tuple(picture.shape[1:]))]
        self._origin: dict[int, int] = {id(picture): 0}
        self._kept: list[Any] = [picture]  # while it lives, no other tensor gets its id
        self._within: list[str] = []  # the modules that are being run
        self._leaf: int | None = None  # the node of the one without children
        self._hooks: list[Any] = []

    def is_leaf(self, module: nn.Module) -> bool:
        return not any(True for _ in module.children())

    def __enter__(self) -> _Watch:
        for module in self.names:
            # First and last of all hooks: what a model's own hooks do belongs to the module.
            self._hooks.append(module.register_forward_pre_hook(self._before, with_kwargs=True, prepend=True))
            self._hooks.append(module.register_forward_hook(self._after))
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for hook in self._hooks:
            hook.remove()

    def _before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        self._within.append(self.names[module])
        if self.is_leaf(module) and self._leaf is None:
            tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
            name = self.names[module]
            call = sum(node.module is not None and node.name == name for node in self.nodes)
            given = tuple(tensors[0].shape[1:]) if tensors else ()
            self.nodes.append(Node(name, type(module).__name__, module, call, self.sources_of(tensors), given))
            self._leaf = len(self.nodes) - 1

    def _after(self, module: nn.Module, args: Any, outputs: Any) -> None:
        self._within.pop()
        if self._leaf is not None and self.nodes[self._leaf].module is module:
            self._comes_from(self._leaf, outputs)
            self._leaf = None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        outputs = func(*args, **kwargs)
        packet = func.overloadpacket
        flops = int(flop_registry[packet](*args, **kwargs, out_val=outputs)) if packet in flop_registry else 0
        if self._leaf is not None:
            self.nodes[self._leaf].flops += flops
            return outputs
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        sources, kind = self.sources_of(tensors), packet.__name__.rstrip("_")
        if len(sources) == 1 and not flops and kind in MOVES:
            self._comes_from(sources[0], outputs)
        elif sources:
            given = tuple(tensors[0].shape[1:])
            where = self._within[-1] if self._within else ""
            self.nodes.append(Node(where, kind, sources=sources, given=given, flops=flops))
            self._comes_from(len(self.nodes) - 1, outputs)
        return outputs

    def _comes_from(self, number: int, outputs: Any) -> None:
        for tensor in tree_leaves(outputs):
            if isinstance(tensor, Tensor):
                self._origin[id(tensor)] = number
                self._kept.append(tensor)
                self.nodes[number].shape = self.nodes[number].shape or tuple(tensor.shape[1:])

    def sources_of(self, tensors: Iterable[Any]) -> tuple[int, ...]:
        """The nodes that tensors come from, each once; parameters and constants come from none."""
        known = (self._origin.get(id(each)) for each in tensors)
        return tuple(dict.fromkeys(number for number in known if number is not None))
