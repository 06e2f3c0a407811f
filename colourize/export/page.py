"""Writes networks into one HTML file that opens anywhere: to colour pictures, to paint with hints, to enlarge."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from PIL import Image

from colourize.data.horses import draw_horses
from colourize.errors import InputError
from colourize.export.graph import Graph
from colourize.export.payload import payload_of
from colourize.files import write_whole

FOLDER = Path(__file__).parent / "page"
FIRST = "app.js"  # the main module
EXAMPLES, EXAMPLE_SIZE, EXAMPLES_SEED = 4, 256, 20
LARGEST = 3_000_000  # maximum size in bytes of a page with one network
IMPORT = re.compile(r'^import\s*(?:\{[^}]*\}\s*from\s*)?"\./([\w-]+\.js)";\n', re.MULTILINE)
DECLARED = re.compile(
    r"^(?:export )?(?:async )?(?:class|function\*?)\s+(\w+)|^(?:export )?(?:const|let) (.+)", re.MULTILINE
)
NAME = re.compile(r"(?:^|, |\[)([A-Za-z_]\w*)(?= =|,|\])")  # a name in a line such as `const A = 1, B = 2;`


def write_page(path: Path, networks: Sequence[tuple[Graph, dict[str, Any]]], title: str) -> int:
    """Write a page with these networks, each with its facts.

    Returns:
        The size of the file in bytes.

    Raises:
        InputError: a network is too large, so that the file would have more than 3 MB.
    """
    shown, numbers = [], []
    for number, (graph, facts) in enumerate(networks):
        operations, text = payload_of(graph)
        if len(text) > LARGEST - 300_000:
            has = f"{facts['model']} has {graph.parameters / 1e6:.1f} million numbers"
            raise InputError(f"output={path}: {has}; a page takes up to 1 million")
        shown.append({"facts": {**facts, "parameters": graph.parameters}, "graph": operations})
        numbers.append(f'<script type="text/plain" id="numbers-{number}">{text}</script>')
    contents = json.dumps({"networks": shown, "examples": examples()}, separators=(",", ":")).replace("<", "\\u003c")
    page = Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        style=(FOLDER / "page.css").read_text(encoding="utf-8"),
        contents=contents,
        numbers="\n".join(numbers),
        program=bundle(FIRST),
    )
    write_whole(path, page)
    return len(page.encode())


def bundle(first: str) -> str:
    """Bundle a module and all its imports into one program, each module once and after those that it imports.

    All top-level names share one scope and must differ.
    """
    done: dict[str, str] = {}
    names: dict[str, str] = {}

    def add(name: str) -> None:
        if name in done:
            return
        text = (FOLDER / name).read_text(encoding="utf-8")
        done[name] = ""  # so that circular imports end
        for needed in IMPORT.findall(text):
            add(needed)
        for one, line in DECLARED.findall(text):
            for declared in [one] if one else NAME.findall(line):
                if names.setdefault(declared, name) != name:
                    raise ValueError(f"{name} and {names[declared]} both declare {declared}")
        done[name] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)
        order.append(name)

    order: list[str] = []
    add(first)
    program = '"use strict";\n' + "\n".join(f"// {name}\n{done[name]}" for name in order)
    if "</script" in program:
        raise ValueError("the program would end its own element")
    return program


def examples() -> list[str]:
    """Drawn horses as example pictures, as data URIs."""
    return [_data_uri(Image.fromarray(horse)) for horse in draw_horses(EXAMPLES, EXAMPLE_SIZE, EXAMPLES_SEED)]


def _data_uri(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=85)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
