"""Serialises a graph: its operations as JSON, its weights as base64, in the form that `page/network.js` reads.

Weights are 16-bit integers with a scale for each filter. Their error is at most 1/65 000 of the filter's largest
weight, a tenth of the error of half precision, which has the same size.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from torch import Tensor

from colourize.export.graph import Graph, Node

LARGEST = 32767


def payload_of(graph: Graph) -> tuple[dict[str, Any], str]:
    """The operations, with `count`, the number of integers; and the text of all numbers."""
    numbers = _Numbers()
    nodes: list[dict[str, Any]] = [
        {
            "op": node.op,
            "inputs": node.inputs,
            "settings": {**node.settings, **_sizes(node)},
            "tensors": {
                name: numbers.store(name, node.op, tensor, node.settings.get("groups", 1))
                for name, tensor in node.tensors.items()
            },
        }
        for node in graph.nodes
    ]
    operations = {
        "in_channels": graph.in_channels, "out_channels": graph.out_channels, "nodes": nodes, "blocks": graph.blocks,
        "count": numbers.whole_count,
    }  # fmt: skip
    return operations, numbers.text()


def _sizes(node: Node) -> dict[str, Any]:
    """The sizes that the reader needs for a node's tensors."""
    if "weight" in node.tensors:
        return {"kernel": tuple(node.tensors["weight"].shape[2:])}
    return {"levels": len(node.tensors["table"])} if "table" in node.tensors else {}


class _Numbers:
    """All numbers in two arrays: quantised integers, and exact floats."""

    def __init__(self) -> None:
        self._whole: list[np.ndarray] = []
        self._exact: list[np.ndarray] = []
        self.whole_count = self.exact_count = 0

    def store(self, name: str, op: str, tensor: Tensor, groups: int) -> dict[str, int]:
        """Store a tensor as a matrix; returns its position, see `Stored` in network.js."""
        if name not in ("weight", "table"):
            return {"at": self._add(tensor.numpy()), "rows": 1, "columns": tensor.numel()}
        matrix = (_by_row(tensor, groups) if op == "conv_transpose" else tensor.flatten(1)).double().numpy()
        scales = np.abs(matrix).max(1, keepdims=True).astype(np.float32) / LARGEST
        scales[scales == 0] = 1
        whole = np.round(matrix / scales).clip(-LARGEST, LARGEST).astype("<i2")
        at = self.whole_count
        self._whole.append(whole.ravel())
        self.whole_count += whole.size
        return {"at": at, "rows": len(matrix), "columns": matrix.shape[1], "scales": self._add(scales)}

    def _add(self, values: np.ndarray) -> int:
        at = self.exact_count
        self._exact.append(values.astype("<f4").ravel())
        self.exact_count += values.size
        return at

    def text(self) -> str:
        """All numbers in base64, with the floats at a multiple of four bytes."""
        whole = b"".join(each.tobytes() for each in self._whole)
        whole += bytes(-len(whole) % 4)
        return base64.b64encode(whole + b"".join(each.tobytes() for each in self._exact)).decode()


def _by_row(weight: Tensor, groups: int) -> Tensor:
    """The weights of a transposed convolution, (C, O / groups, kh, kw), as (O · kh · kw, C / groups)."""
    return weight.unflatten(0, (groups, -1)).flatten(2).transpose(1, 2).flatten(0, 1)
