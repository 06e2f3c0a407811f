"""Writes a network as an ONNX file for any number of pictures of any size, after a comparison with torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from colourize.errors import InputError, UsageError, one_line
from colourize.export.graph import Graph, Node
from colourize.files import write_whole
from colourize.tasks.restoration import RestorationTask

OPSET, IR_VERSION = 17, 8  # from 2022
TOLERANCE = 1e-3  # maximum difference between onnxruntime's outputs and torch's
SIZES = ((2, 13, 21), (1, 32, 32), (1, 45, 37), (1, 2, 3))  # number of pictures, height and width in each comparison
LAST = np.iinfo(np.int64).max
# The operations that ONNX has with the same inputs and no settings.
SAME = {
    "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh",
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div",
}  # fmt: skip


def write_onnx(path: Path, task: RestorationTask, graph: Graph, facts: dict[str, Any]) -> float:
    """Write a task's operations; the facts become the file's metadata.

    The input `inputs`, (n, in_channels, h, w), is made by the task's degradation; the output `outputs`,
    (n, out_channels, h, w), is decoded by its answer.

    Returns:
        The largest difference between the outputs and torch's.

    Raises:
        UsageError: onnx or onnxruntime is not installed.
        InputError: the outputs differ.
    """
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        needed = "needs the packages of the extra export: pip install 'colourize[export]'"
        raise UsageError(f"format=onnx: {needed} ({one_line(error)})") from error
    writer = _Writer(onnx)
    for node in graph.nodes:
        writer.node(node)
    writer.call("Identity", writer.names[-1], output="outputs")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    made = helper.make_graph(
        writer.nodes,
        facts["model"],
        [helper.make_tensor_value_info("inputs", kind, ["n", graph.in_channels, "h", "w"])],
        [helper.make_tensor_value_info("outputs", kind, ["n", graph.out_channels, "h", "w"])],
        writer.tensors,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="colourize")
    model.ir_version, model.producer_version = IR_VERSION, str(facts["version"])
    helper.set_model_props(model, {name: json.dumps(value) for name, value in facts.items() if value is not None})
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString()
    difference = _difference(task, onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]))
    if not difference <= TOLERANCE:
        raise InputError(f"output={path}: onnxruntime's outputs differ from torch's by {difference:.2g}; not written")
    write_whole(path, content)
    return difference


@torch.no_grad()
def _difference(task: RestorationTask, session: Any) -> float:
    """The largest difference of outputs; for numbers above 1, the relative difference."""
    task, factor, worst = task.cpu().float().eval(), int(getattr(task.degradation, "scale_factor", 1)), 0.0
    generator = torch.Generator().manual_seed(0)
    for count, height, width in SIZES:
        inputs = torch.rand(count, task.degradation.channels, factor * height, factor * width, generator=generator)
        wanted, (found,) = task(inputs), session.run(None, {"inputs": inputs.numpy()})
        if tuple(found.shape) != tuple(wanted.shape):
            return float("inf")
        worst = max(worst, float(((torch.from_numpy(found) - wanted).abs() / wanted.abs().clamp(min=1)).max()))
    return worst


class _Writer:
    """Collects ONNX nodes and their constants."""

    def __init__(self, onnx: Any) -> None:
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.tensors: list[Any] = []
        self.names = ["inputs"]  # of the graph's values
        self._count = 0

    def node(self, node: Node) -> None:
        """Add one of our operations."""
        inputs = [self.names[each] for each in node.inputs]
        if node.op in SAME:
            self.names.append(self.call(SAME[node.op], *inputs))
        else:
            tensors = {name: self.constant(tensor.numpy()) for name, tensor in node.tensors.items()}
            self.names.append(getattr(self, node.op)(*inputs, **node.settings, **tensors))

    def call(self, op: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """Add an ONNX node; returns the name of its output."""
        self._count += 1
        output = output or f"value_{self._count}"
        self.nodes.append(self.onnx.helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, value: Any) -> str:
        """Add a constant tensor: integers as int64, other numbers as float32."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind == "i" else np.float32, order="C")
        self._count += 1
        name = f"constant_{self._count}"
        self.tensors.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def conv(self, x: str, weight: str, bias: str, stride: Any, padding: Any, dilation: Any, groups: int) -> str:
        settings = {"strides": stride, "pads": [*padding, *padding], "dilations": dilation, "group": groups}
        return self.call("Conv", x, weight, bias, **settings)

    def conv_transpose(
        self, x: str, weight: str, bias: str, stride: Any, padding: Any, output_padding: Any, groups: int
    ) -> str:
        settings = {"strides": stride, "pads": [*padding, *padding], "output_padding": output_padding, "group": groups}
        return self.call("ConvTranspose", x, weight, bias, **settings)

    def affine(self, x: str, scale: str, shift: str) -> str:
        shape = self.constant([1, -1, 1, 1])
        scaled = self.call("Mul", x, self.call("Reshape", scale, shape))
        return self.call("Add", scaled, self.call("Reshape", shift, shape))

    def silu(self, x: str) -> str:
        return self.call("Mul", x, self.call("Sigmoid", x))

    def leaky_relu(self, x: str, slope: float) -> str:
        return self.call("LeakyRelu", x, alpha=slope)

    def clamp(self, x: str, least: float | None, most: float | None) -> str:
        ends = ["" if each is None else self.constant(float(each)) for each in (least, most)]
        return self.call("Clip", x, *ends)

    def concat(self, *parts: str) -> str:
        return self.call("Concat", *parts, axis=1)

    def max_pool(self, x: str, kernel: Any, stride: Any) -> str:
        return self.call("MaxPool", x, kernel_shape=kernel, strides=stride)

    def avg_pool(self, x: str, kernel: Any, stride: Any) -> str:
        return self.call("AveragePool", x, kernel_shape=kernel, strides=stride)

    def nearest(self, x: str, factor: int) -> str:
        modes = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self._resize(x, factor, mode="nearest", **modes)

    def bilinear(self, x: str, factor: int) -> str:
        return self._resize(x, factor, mode="linear", coordinate_transformation_mode="half_pixel")

    def _resize(self, x: str, factor: int, **modes: str) -> str:
        return self.call("Resize", x, "", self.constant([1.0, 1.0, factor, factor]), **modes)

    def shuffle(self, x: str, factor: int) -> str:
        return self.call("DepthToSpace", x, blocksize=factor, mode="CRD")

    def unshuffle(self, x: str, factor: int) -> str:
        # ONNX puts positions in a block first and channels last; torch does the opposite.
        mixed = self.call("SpaceToDepth", x, blocksize=factor)
        channels = self.call("Gather", self.call("Shape", x), self.constant(1), axis=0)
        shape = [self.constant([0, factor**2]), self.call("Reshape", channels, self.constant([1]))]
        size = self.call("Slice", self.call("Shape", mixed), self.constant([2]), self.constant([4]))
        apart = self.call("Reshape", mixed, self.call("Concat", *shape, size, axis=0))
        turned = self.call("Transpose", apart, perm=[0, 2, 1, 3, 4])
        return self.call("Reshape", turned, self.call("Shape", mixed))

    def pad(self, x: str, sides: Sequence[int], mode: str) -> str:
        left, right, top, bottom = sides
        pads = self.constant([0, 0, top, left, 0, 0, bottom, right])
        return self.call("Pad", x, pads, mode={"zeros": "constant", "replicate": "edge"}.get(mode, mode))

    def crop(self, x: str, sides: Sequence[int]) -> str:
        left, right, top, bottom = sides
        ends = [-each if each else LAST for each in (bottom, right)]
        return self._slice(x, [top, left], self.constant(ends))

    def every(self, x: str, rows: int, columns: int) -> str:
        return self._slice(x, [0, 0], self.constant([LAST, LAST]), [rows, columns])

    def channels(self, x: str, start: int, stop: int) -> str:
        return self.call("Slice", x, self.constant([start]), self.constant([stop]), self.constant([1]))

    def _slice(self, x: str, starts: list[int], ends: str, steps: Sequence[int] = (1, 1)) -> str:
        return self.call("Slice", x, self.constant(starts), ends, self.constant([2, 3]), self.constant(list(steps)))

    def lookup(self, x: str, table: str) -> str:
        levels = self.call("Sub", self.call("Gather", self.call("Shape", table), self.constant(0)), self.constant(1))
        first = self.call("Gather", x, self.constant(0), axis=1)  # (n, h, w)
        scaled = self.call("Mul", first, self.call("Cast", levels, to=self.onnx.TensorProto.FLOAT))
        rows = self.call("Cast", self.call("Round", scaled), to=self.onnx.TensorProto.INT64)
        return self.call("Transpose", self.call("Gather", table, rows, axis=0), perm=[0, 3, 1, 2])

    def mirror(self, x: str, multiple: int, margin: int, over: int, least: int) -> str:
        one, two = self.constant(1), self.constant(2)
        for axis in (2, 3):
            size = self.call("Gather", self.call("Shape", x), self.constant(axis))
            more = self.call("Add", size, self.constant(multiple - 1 - over))
            multiples = self.call("Max", self.call("Div", more, self.constant(multiple)), self.constant(least))
            length = self.call("Mul", multiples, self.constant(multiple))
            end = self.call("Add", length, self.constant(over + margin))
            places = self.call("Range", self.constant(-margin), end, one)
            # The mirrored picture repeats itself after 2 · size − 2 pixels.
            turn = self.call("Max", self.call("Sub", self.call("Mul", size, two), two), one)
            places = self.call("Mod", places, turn)
            places = self.call("Min", places, self.call("Sub", turn, places))
            x = self.call("Gather", x, places, axis=axis)
        return x

    def fit(self, x: str, like: str) -> str:
        size = self.call("Slice", self.call("Shape", like), self.constant([2]), self.constant([4]))
        return self._slice(x, [0, 0], size)
