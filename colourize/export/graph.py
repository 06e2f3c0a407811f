"""Records a trained task as a short list of simple operations that can be saved and run elsewhere.

The list is recorded while the network runs, so that it does not matter how the network's code is written. The list must
not depend on the size of pictures, which recording at two sizes checks.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from colourize.errors import UsageError, one_line
from colourize.export.operations import RefusedError, Step, convert
from colourize.export.substitutes import Continued, substitute
from colourize.prediction.predictor import check_task
from colourize.tasks.restoration import RestorationTask

INPUT = 0  # the index of the network's input among the values
TOLERANCE = 1e-4  # maximum difference between the outputs of the network and of its substitutes
FEW_BLOCKS = 40  # maximum number of named parts of a network


@dataclass(frozen=True)
class Node:
    """One operation. Node k makes value k + 1; value 0 is the network's input.

    Attributes:
        op: its name, from the table in `operations.py`.
        inputs: the indices of the values that it reads.
        settings: plain numbers and words.
        tensors: its weights, by name.
    """

    op: str
    inputs: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """The operations from a task's inputs (N, in_channels, H, W) to its outputs (N, out_channels, H, W), for any size.

    Attributes:
        in_channels, out_channels: the channels of inputs and outputs.
        nodes: the operations, sorted so that they can be computed in order; the last one makes the outputs.
        blocks: the network's parts by name, in the order of their use, → the index of the value that each makes.
    """

    in_channels: int
    out_channels: int
    nodes: list[Node]
    blocks: dict[str, int]

    @property
    def parameters(self) -> int:
        """The number of weights in the operations."""
        return sum(tensor.numel() for node in self.nodes for tensor in node.tensors.values())


@torch.no_grad()
def graph_of(task: RestorationTask) -> Graph:
    """The operations of a trained task.

    Raises:
        UsageError: the network, or its prior, does something that cannot be exported; the message says what.
    """
    check_task(task)
    task = copy.deepcopy(task).cpu().float().eval()
    recorder = _Recorder()
    other = copy.deepcopy(task)
    other.model = substitute(other.model, recorder.note)
    if other.prior is not None:
        other.prior = substitute(other.prior, recorder.note)
    multiple = other.model.multiple if isinstance(other.model, Continued) else 1
    factor = int(getattr(task.degradation, "scale_factor", 1))
    unit = math.lcm(multiple, factor)
    name = type(task.model).__name__
    try:
        _check_sizes(task, other, factor)
        small, large = (
            recorder.record(other, unit * (2 * -(-rows // unit) + 1), unit * (2 * -(-columns // unit) + 3))
            for rows, columns in ((20, 16), (14, 26))
        )
    except RefusedError as refused:
        raise UsageError(f"export: {name}: {refused}") from refused
    except UsageError:
        raise
    except Exception as error:  # a user's network may do anything
        raise UsageError(f"export: {name} could not be run for its operations: {one_line(error)}") from error
    for one, two in zip(small.nodes, large.nodes, strict=False):
        if not _are_alike(one, two):
            raise UsageError(f"export: {name}: {one.op} depends on the picture's size, which cannot be exported")
    if len(small.nodes) != len(large.nodes):
        raise UsageError(f"export: {name}: its operations depend on the picture's size, which cannot be exported")
    return _folded(small)


def _are_alike(one: Node, two: Node) -> bool:
    """Whether two nodes are the same operation with the same numbers."""
    if (one.op, one.inputs, one.settings, one.tensors.keys()) != (two.op, two.inputs, two.settings, two.tensors.keys()):
        return False
    return all(torch.equal(tensor, two.tensors[name]) for name, tensor in one.tensors.items())


def _check_sizes(task: RestorationTask, other: RestorationTask, factor: int) -> None:
    """Check that a substitute of a task has the same outputs, at an irregular size."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(1, task.degradation.channels, 19 * factor, 27 * factor, generator=generator)
    wanted, found = task(inputs), other(inputs)
    if wanted.shape != found.shape or not torch.allclose(wanted, found, rtol=TOLERANCE, atol=TOLERANCE):
        raise RefusedError("how it goes on beyond a picture's border cannot be exported")


class _Recorder(TorchDispatchMode):
    """Records what a task computes from its input; results that depend on weights only become weights."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.blocks: dict[str, int] = {}
        self.parts: set[str] = set()  # the names of modules that become blocks
        self.values: dict[int, int] = {}  # a tensor's id → the index of its value
        self.kept: list[Tensor] = []  # kept alive, or another tensor might get the same id
        self.layer = ""
        self.records = False

    def record(self, task: RestorationTask, height: int, width: int) -> Graph:
        """Record the graph for pictures of this size."""
        self.nodes, self.blocks, self.values, self.kept = [], {}, {}, []
        channels = task.degradation.channels
        inputs = torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(1))
        self._keep(inputs, INPUT)
        network = task.model.network if isinstance(task.model, Continued) else task.model
        self.parts = set(_parts(network))
        hooks = []  # on all layers, which also makes `double_and_convolve` compute layer by layer
        for name, module in network.named_modules():
            hooks.append(module.register_forward_pre_hook(partial(self._enter, name)))
            hooks.append(module.register_forward_hook(partial(self._leave, name)))
        self.records = True
        try:
            with self:
                outputs = task(inputs)
        finally:
            self.records = False
            for hook in hooks:
                hook.remove()
        if self.values.get(id(outputs)) != len(self.nodes):
            raise RefusedError("its outputs are not the last thing that it computes")
        blocks = dict(sorted(self.blocks.items(), key=lambda block: block[1]))
        return Graph(channels, outputs.shape[1], self.nodes, blocks)

    def note(self, op: str, inputs: list[Tensor], compute: Callable[[], Tensor], *more: dict[str, Any]) -> Tensor:
        """Record everything that `compute` does as one operation; `more` are its settings and tensors."""
        records, self.records = self.records, False
        output = compute()
        if not records:
            return output
        output = output.clone() if any(output is each for each in inputs) else output
        self.records = True
        self._add(Step(op, inputs, *more), output)
        return output

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = function(*args, **(kwargs or {}))
        read = {id(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)} & self.values.keys()
        if self.records and read:
            name = function.overloadpacket.__name__
            first = output[0] if isinstance(output, tuple) else output
            try:
                if not isinstance(first, Tensor) or first.ndim != 4:
                    raise RefusedError(f"{name}, whose result is no feature map, cannot be exported")
                step = convert(name.removesuffix("_"), args, kwargs or {}, first)
                if {id(each) for each in step.reads} != read:
                    raise RefusedError(f"{name} with weights that depend on the picture cannot be exported")
                self._add(step, first)
            except (RefusedError, TypeError, ValueError) as error:
                reason = error if isinstance(error, RefusedError) else f"{name}, as it is used here, cannot be exported"
                raise RefusedError(f"{f'{self.layer}: ' if self.layer else ''}{reason}") from error
        return output

    def _add(self, step: Step, output: Tensor) -> None:
        inputs = tuple(self.values[id(each)] for each in step.reads)
        if not step.op:
            self._keep(output, inputs[0])
            return
        tensors = {name: value.detach().float().contiguous() for name, value in step.tensors.items()}
        self.nodes.append(Node(step.op, inputs, step.settings, tensors))
        self._keep(output, len(self.nodes))

    def _keep(self, tensor: Tensor, value: int) -> None:
        self.values[id(tensor)] = value
        self.kept.append(tensor)

    def _enter(self, name: str, *call: Any) -> None:
        self.layer = name

    def _leave(self, name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        if name in self.parts and id(output) in self.values and len(self.blocks) < FEW_BLOCKS:
            self.blocks[name] = self.values[id(output)]


def _parts(network: nn.Module) -> Iterator[str]:
    """The names of the useful parts of a network: its children, and the items of a list of larger parts."""
    for name, part in network.named_children():
        members = dict(part.named_children())
        if isinstance(part, (nn.ModuleList, nn.Sequential)) and all(list(each.children()) for each in members.values()):
            yield from (f"{name}.{number}" for number in members)
        elif any(True for _ in part.parameters()):
            yield name


def _folded(graph: Graph) -> Graph:
    """The graph with each `affine` folded into the convolution before it, if nothing else reads its output."""
    readers = [0] * (len(graph.nodes) + 1)
    for node in graph.nodes:
        for value in node.inputs:
            readers[value] += 1
    nodes: list[Node] = []
    place = {INPUT: INPUT}  # the new index of each value
    for value, node in enumerate(graph.nodes, 1):
        inputs = tuple(place[each] for each in node.inputs)
        before = nodes[inputs[0] - 1] if inputs[0] else None
        foldable = before is not None and before.op in ("conv", "conv_transpose") and readers[node.inputs[0]] == 1
        if node.op == "affine" and before is not None and foldable:
            nodes[inputs[0] - 1] = _scaled(before, node.tensors["scale"], node.tensors["shift"])
            place[value] = inputs[0]
        else:
            nodes.append(replace(node, inputs=inputs))
            place[value] = len(nodes)
    return replace(graph, nodes=nodes, blocks={name: place[value] for name, value in graph.blocks.items()})


def _scaled(node: Node, scale: Tensor, shift: Tensor) -> Node:
    """The convolution with its outputs scaled and shifted, channel by channel."""
    weight = node.tensors["weight"]
    if node.op == "conv":
        weight = weight * scale.view(-1, 1, 1, 1)
    else:
        groups = node.settings["groups"]
        by_group = scale.view(groups, 1, -1, 1, 1)  # broadcast to (groups, C / groups, O / groups, kh, kw)
        weight = (weight.unflatten(0, (groups, -1)) * by_group).flatten(0, 1)
    return replace(node, tensors={"weight": weight, "bias": node.tensors["bias"] * scale + shift})
