"""The benchmark's outcome: tables on the terminal, `benchmark.json` and one CSV file a part."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from colourize import __version__
from colourize.timing.part import Part
from colourize.timing.settings import Settings

WIDTH = 100  # columns, where the output is no terminal


def machine(settings: Settings) -> dict[str, Any]:
    """What the numbers depend on. No date and no folder: equal machines give equal descriptions."""
    described = {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": settings.device.type,
        "precision": settings.precision,
        "colourize": __version__,
        "torch": torch.__version__,
        "lightning": lightning.__version__,
        "python": platform.python_version(),
        "system": platform.system(),
    }
    if settings.device.type == "cuda":
        described["gpu"] = torch.cuda.get_device_name(settings.device)
    return described


def processor() -> str:
    """The processor's name, and which of the instructions that matter here it has."""
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    wide = [name for name in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if capabilities.get(name)]
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name} ({', '.join(wide)})" if wide else name


def show(name: str, part: Part) -> None:
    """A part's tables on the terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    for title, lines in part.tables.items():
        if not lines:
            continue
        columns = list(dict.fromkeys(key for line in lines for key in line))
        table = Table()
        for number, column in enumerate(columns):
            table.add_column(Text(column), justify="left" if number == 0 or column == "path" else "right")
        before = None
        for line in lines:
            # Lines of one case belong together.
            if before is not None and line.get("path") and line.get("case") != before:
                table.add_section()
            before = line.get("case")
            # As Text: rich would take the unit in "epoch [s]" for its markup.
            table.add_row(*(Text(line.get(column, "")) for column in columns))
        console.print(Text(f"\n{name}: {title}"), table)


def write(folder: Path, described: Mapping[str, Any], settings: Settings, parts: Mapping[str, Part]) -> None:
    """`benchmark.json` with all repetitions, and `<part>.csv`; the files appear whole or not at all."""
    contents = {
        "machine": dict(described),
        "overrides": [each for each in settings.overrides if not each.startswith("data.root=")],
        "repeats": settings.repeats,
        "parts": {
            name: {"figures": part.figures, "tables": part.tables, "rows": part.rows, "repetitions": part.raw}
            for name, part in parts.items()
        },
    }
    _replace(folder / "benchmark.json", json.dumps(contents, indent=1) + "\n")
    for name, part in parts.items():
        _replace(folder / f"{name}.csv", _csv(part.rows))


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
