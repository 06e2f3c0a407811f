"""Writes networks into one HTML file that opens anywhere: to colour pictures, to paint with hints, to enlarge."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

from colourize.data.horses import draw_horses
from colourize.errors import InputError
from colourize.export.graph import Graph, Node
from colourize.figures.saving import data_uri
from colourize.files import write_whole

FOLDER = Path(__file__).parent / "page"
FIRST = "app.js"  # the main module
EXAMPLES, EXAMPLE_SIZE, EXAMPLES_SEED = 4, 256, 20
LARGEST = 3_000_000  # maximum size in bytes of a page with one network
INT16 = 32767  # the largest weight as an integer
IMPORT = re.compile(r'^import\s*(?:\{[^}]*\}\s*from\s*)?"\./([\w-]+\.js)";\n', re.MULTILINE)


def write_page(path: Path, networks: Sequence[tuple[Graph, dict[str, Any]]], title: str) -> int:
    """Write a page with these networks, each with its facts.

    Returns:
        The size of the file in bytes.

    Raises:
        InputError: a network is too large, so that the file would have more than 3 MB.
    """
    shown, numbers = [], []
    for number, (graph, facts) in enumerate(networks):
        contents, text = payload_of(graph, facts)
        if len(text) > LARGEST - 300_000:
            has = f"{facts['model']} has {graph.parameters / 1e6:.1f} million numbers"
            raise InputError(f"output={path}: {has}; a page takes up to 1 million")
        shown.append(contents)
        numbers.append(f'<script type="text/plain" id="numbers-{number}">{text}</script>')
    embedded = json.dumps({"networks": shown, "examples": examples()}, separators=(",", ":")).replace("<", "\\u003c")
    page = Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        style=(FOLDER / "page.css").read_text(encoding="utf-8"),
        contents=embedded,
        numbers="\n".join(numbers),
        program=bundle(FIRST),
    )
    write_whole(path, page)
    return len(page.encode())


def payload_of(graph: Graph, facts: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A network in the form that the page's modules read.

    Weights are 16-bit integers with a scale for each filter. Their error is at most 1/65 000 of the filter's largest
    weight, a tenth of the error of half precision, which has the same size.

    Returns:
        The facts, and the operations with `count`, the number of integers; and all numbers in base64: the integers,
        then the floats, which begin at a multiple of four bytes.
    """
    integers: list[np.ndarray] = []
    floats: list[np.ndarray] = []

    def place(numbers: list[np.ndarray], values: np.ndarray) -> int:
        numbers.append(values)
        return sum(each.size for each in numbers[:-1])

    def stored(name: str, node: Node) -> dict[str, int]:
        """Store a tensor as a matrix; see `Stored` in network.js."""
        tensor = node.tensors[name]
        if name not in ("weight", "table"):
            return {"at": place(floats, tensor.numpy().astype("<f4")), "rows": 1, "columns": tensor.numel()}
        if node.op == "conv_transpose":  # (C, O / groups, kh, kw) becomes (O · kh · kw, C / groups)
            tensor = tensor.unflatten(0, (node.settings["groups"], -1)).flatten(2).transpose(1, 2).flatten(0, 1)
        matrix = tensor.flatten(1).double().numpy()
        scales = np.abs(matrix).max(1, keepdims=True).astype("<f4") / INT16
        scales[scales == 0] = 1
        rounded = np.round(matrix / scales).clip(-INT16, INT16).astype("<i2")
        rows, columns = matrix.shape
        return {"at": place(integers, rounded), "rows": rows, "columns": columns, "scales": place(floats, scales)}

    def sizes(node: Node) -> dict[str, Any]:
        if "weight" in node.tensors:
            return {"kernel": tuple(node.tensors["weight"].shape[2:])}
        return {"levels": len(node.tensors["table"])} if "table" in node.tensors else {}

    nodes: list[dict[str, Any]] = [
        {
            "op": node.op, "inputs": node.inputs, "settings": {**node.settings, **sizes(node)},
            "tensors": {name: stored(name, node) for name in node.tensors},
        }
        for node in graph.nodes
    ]  # fmt: skip
    operations = {
        "in_channels": graph.in_channels, "out_channels": graph.out_channels, "nodes": nodes, "blocks": graph.blocks,
        "count": sum(each.size for each in integers),
    }  # fmt: skip
    contents = {"facts": {**facts, "parameters": graph.parameters}, "graph": operations}
    first, second = (b"".join(each.tobytes() for each in numbers) for numbers in (integers, floats))
    return contents, base64.b64encode(first + bytes(-len(first) % 4) + second).decode()


def bundle(first: str) -> str:
    """Bundle a module and all its imports into one program, each module once and after those that it imports.

    All top-level names share one scope and must differ.
    """
    parts: list[str] = []
    seen: set[str] = set()

    def add(name: str) -> None:
        if name in seen:
            return
        seen.add(name)
        text = (FOLDER / name).read_text(encoding="utf-8")
        for needed in IMPORT.findall(text):
            add(needed)
        parts.append(f"// {name}\n" + re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE))

    add(first)
    return '"use strict";\n' + "\n".join(parts)


def examples() -> list[str]:
    """Drawn horses as example pictures, as data URIs."""
    horses = draw_horses(EXAMPLES, EXAMPLE_SIZE, EXAMPLES_SEED)
    return [data_uri(Image.fromarray(horse), "webp", quality=85) for horse in horses]
