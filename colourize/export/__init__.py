"""`colourize-export`: a trained network in a file that works without this package.

colourize-export output=colour.html
colourize-export checkpoint=outputs/…/checkpoints/best.ckpt output=colour.html
colourize-export 'checkpoint=[colour.ckpt,enlarge.ckpt]' output=colour.html
colourize-export checkpoint=best.ckpt output=colour.onnx
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from colourize.cli import app
from colourize.errors import UsageError, check_flag

TITLE = "Colour a picture"
CLASSIFIER = "category_classifier"  # the package's weights that make no pictures
FORMATS = ("html", "onnx", "safetensors")


def export(config: DictConfig) -> None:
    """Write the file, and print a description of its contents.

    Raises:
        UsageError: a setting that is not allowed, or a network that cannot be exported.
        InputError: a checkpoint that cannot be read, or a file that cannot be written.
    """
    check_flag("overwrite", config.overwrite)
    output, kind = _output(config)

    from colourize.methods.candidates import find_checkpoints
    from colourize.weights.shipped import PREFIX, shipped

    of_package = [f"{PREFIX}{name}" for name in shipped() if name != CLASSIFIER]
    if config.checkpoint is None and not of_package:
        raise UsageError("checkpoint: missing; the package has no network that makes pictures, so give one's file")
    paths = find_checkpoints(of_package if config.checkpoint is None else config.checkpoint)
    if len(paths) > 1 and kind != "html":
        given = "null" if config.checkpoint is None else config.checkpoint
        raise UsageError(f"checkpoint={given}: names {len(paths)} networks; format={kind} takes one")
    if kind == "html":
        size = export_page(paths, output, str(config.title or TITLE), config.trust, config.temperature)
        print(f"{', '.join(str(path) for path in paths)} → {output} ({size / 1e6:.1f} MB)")
        return
    write = _write_onnx if kind == "onnx" else _write_safetensors
    end = write(paths[0], output, config.trust, config.temperature)
    print(f"{paths[0]} → {output} ({output.stat().st_size / 1e6:.1f} MB{end})")


def _output(config: DictConfig) -> tuple[Path, str]:
    """The file to write, and its format."""
    if config.output is None:
        raise UsageError("output: missing; give the file to write, such as output=colour.html")
    output = Path(str(config.output)).expanduser()
    kind = str(config.format or output.suffix.removeprefix("."))
    if kind not in FORMATS:
        wrong = f"format={kind}: must be" if config.format else f"output={output}: must end with"
        raise UsageError(f"{wrong} one of {', '.join(FORMATS)}")
    if output.is_dir():
        raise UsageError(f"output={output}: is a folder; must be a file")
    if output.exists() and not config.overwrite:
        raise UsageError(f"output={output}: is there already; overwrite=true replaces it")
    return output, kind


def _read(path: Path, trust: Any, temperature: float | None) -> Any:
    """The task of a checkpoint, decoded at a temperature, its operations and its facts."""
    from colourize.checkpoints import read, task_from
    from colourize.export.facts import facts_of
    from colourize.export.graph import graph_of

    checkpoint = read(path, trust)
    task = task_from(checkpoint, path)
    task.answer.decode_at(temperature)
    return task, graph_of(task), facts_of(task, checkpoint, path)


def _write_onnx(path: Path, output: Path, trust: Any, temperature: float | None) -> str:
    """Write the file; returns what there is to say about it."""
    from colourize.export.onnx_file import write_onnx

    task, graph, facts = _read(path, trust, temperature)
    output.parent.mkdir(parents=True, exist_ok=True)
    return f"; onnxruntime's outputs are torch's within {write_onnx(output, task, graph, facts):.1g}"


def _write_safetensors(path: Path, output: Path, trust: Any, temperature: float | None) -> str:
    from colourize.checkpoints import read
    from colourize.export.facts import measures_of
    from colourize.weights import files

    if temperature is not None:
        raise UsageError(f"temperature={temperature}: is not stored in safetensors; it is chosen in each use")
    checkpoint = read(path, trust)
    output.parent.mkdir(parents=True, exist_ok=True)
    files.write(output, checkpoint, checkpoint.get("about") or {"measures": measures_of(path)})
    return ""


def export_page(
    paths: Sequence[Path], output: Path, title: str = TITLE, trust: Any = (), temperature: float | None = None
) -> int:
    """Write a page to paint on with the networks of these files; returns its size in bytes.

    Args:
        temperature: the temperature with which the page begins to decode; None: each answer's own.

    Raises:
        UsageError: a network that cannot be exported, or a temperature that is not allowed.
        InputError: a checkpoint that cannot be read, or a file that would be too large.
    """
    from colourize.export.page import write_page

    networks = [_read(path, trust, temperature)[1:] for path in paths]
    output.parent.mkdir(parents=True, exist_ok=True)
    return write_page(output, networks, title)


def main() -> None:
    """The console script."""
    app.run(export, "export")
