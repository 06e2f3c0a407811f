"""The blocks of a network: chains of layers from one convolution to the next, as people draw them."""

from __future__ import annotations

from dataclasses import dataclass

from colourize.inspection.tracing import Node, Trace

# Whether a node with weights of its own begins a new block; batch norm's numbers are a scale and a shift.
WEIGHT_DIMENSIONS = 2


@dataclass(frozen=True)
class Block:
    """Layers one after the other without a branch, or a single join of branches.

    Attributes:
        name: the module that they make up, or the first and the last of them.
        nodes: their numbers in the trace.
    """

    name: str
    nodes: tuple[int, ...]

    @property
    def last(self) -> int:
        """The node whose output is the block's."""
        return self.nodes[-1]


def blocks(trace: Trace) -> list[Block]:
    """All of a trace but its input, in its order.

    A layer joins the block before it if it alone reads that one's output, lies in the same module and has no weights:
    convolution, batch norm, ReLU and pooling of one module are one block.
    """
    found: list[list[int]] = []
    for number, node in enumerate(trace.nodes[1:], 1):
        before = node.sources[0] if len(node.sources) == 1 else 0
        alone = bool(found) and before == found[-1][-1] and trace.readers(before) == [number]
        of_a_kind = not is_join(trace.nodes[before]) and _parent(node) == _parent(trace.nodes[before])
        if alone and of_a_kind and not has_weights(node):
            found[-1].append(number)
        else:
            found.append([number])
    return [Block(_name(trace, numbers), tuple(numbers)) for numbers in found]


def is_join(node: Node) -> bool:
    """Whether several ways meet in an operation."""
    return node.module is None and len(node.sources) > 1


def has_weights(node: Node) -> bool:
    """Whether a node is a layer with weights of its own, as a convolution is."""
    return node.module is not None and any(each.ndim >= WEIGHT_DIMENSIONS for each in node.module.parameters())


def _parent(node: Node) -> str:
    return node.name.rpartition(".")[0] if node.module is not None else node.name


def _name(trace: Trace, numbers: list[int]) -> str:
    nodes = [trace.nodes[number] for number in numbers]
    first, last, parent = nodes[0], nodes[-1], _parent(nodes[0])
    if first.module is None:
        return ".".join(filter(None, [first.name, first.kind]))
    whole = {node.name for node in trace.nodes if node.module is not None and _parent(node) == parent}
    if len(numbers) == 1:
        name = first.name or trace.model
    elif parent and whole == {node.name for node in nodes if node.module is not None}:
        name = parent
    else:
        name = f"{first.name}–{(last.name if last.module is not None else last.kind).rpartition('.')[2]}"
    return f"{name} ({first.call + 1})" if first.call else name
