"""The package has layers in one order: no module imports from a layer above its own, and so there are no circles.

It reads all imports, also those inside functions and those for type checkers.
"""

from __future__ import annotations

import ast
from pathlib import Path

import colourize

PACKAGE = Path(colourize.__file__).parent
# A layer may import those before it. `colourize` itself, the public face, may be imported by all for its version.
ORDER = (
    *("errors", "configuration", "files", "weights", "trust", "machine", "moved"),
    *("data", "colour", "degradations", "models", "measures", "answers", "losses", "tasks", "joint"),  # a picture's way
    *("runs", "checkpoints", "build", "methods"),
    *("cli", "figures", "inspection", "prediction", "export", "study", "timing", "callbacks", "reporting"),
    *("starting_point", "training"),
    *("train", "evaluate", "inspect", "predict", "report", "search", "benchmark", "duplicates"),  # the console scripts
    "ship",
)


def imported_layers(path: Path) -> set[str]:
    """The layers that a file imports from."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names if name.startswith("colourize.")]
    return {part[1] for part in parts if (PACKAGE / part[1]).is_dir() or (PACKAGE / f"{part[1]}.py").is_file()}


def test_no_layer_imports_one_above_it() -> None:
    layers = [path for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    assert {path.stem for path in layers} - {"__init__"} == set(ORDER)
    upward = [
        f"{path.relative_to(PACKAGE)} imports {other}"
        for layer in ORDER
        for path in (
            [PACKAGE / f"{layer}.py"] if (PACKAGE / f"{layer}.py").is_file() else (PACKAGE / layer).rglob("*.py")
        )
        for other in imported_layers(path)
        if ORDER.index(other) > ORDER.index(layer)
    ]
    assert upward == []
