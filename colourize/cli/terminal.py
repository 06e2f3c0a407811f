"""A run's first lines in its log, and its last lines on the terminal."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from rich.console import Console
from rich.table import Table

from colourize import __version__
from colourize.data.pictures import PictureData
from colourize.measures.registry import unit
from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)

Columns = Mapping[str, Mapping[str, Any]]  # by method, its measures by name


def log_setup(task: RestorationTask, data: PictureData, trainer: Trainer) -> None:
    """Log what determines the results of this run."""
    count, threads = sum(each.numel() for each in task.parameters() if each.requires_grad), torch.get_num_threads()
    model, degradation, answer = (type(part).__name__ for part in (task.model, task.degradation, task.answer))
    above = f" on {type(task.prior).__name__}" if task.prior is not None else ""
    log.info("%s%s from %s to %s, %s parameters", model, above, degradation, answer, f"{count:,}")
    log.info(
        "colourize %s, torch %s, %s, precision %s, %s",
        __version__, torch.__version__, trainer.strategy.root_device, trainer.precision,
        f"{threads} thread{'' if threads == 1 else 's'}",
    )  # fmt: skip


def show_run(
    folder: Path, measures: dict[str, float], *, best: bool, weights: str | None, beside: Columns | None = None
) -> None:
    """Print a run's test measures, its pictures' and checkpoint's paths, and the command that shows its curves.

    Args:
        beside: the measures of other methods, by method and name; a text is printed as it is.
    """
    tested = {name: value for name, value in measures.items() if name.startswith("test/")}
    show_measures(tested, "Test measures" + (f" (weights: {weights})" if weights else ""), beside)
    samples = sorted((folder / "samples").glob("*.png"), key=lambda path: path.stat().st_mtime)
    # Printed with print, because console.print would break paths into lines.
    if samples:  # the newest are those of the tested weights; those of epochs are beside them
        print(f"Sample pictures:  {shown(samples[-1])}")
    for name in ("best", "last") if best else ("last",):
        path = folder / "checkpoints" / f"{name}.ckpt"
        if path.exists():
            print(f"{name.capitalize()} checkpoint:  {shown(path)}")
            break
    if any(folder.glob("events.out.tfevents.*")):
        beside_python = Path(sys.executable).with_name("tensorboard")
        tensorboard = "tensorboard" if shutil.which("tensorboard") else shown(beside_python)
        # By default, TensorBoard keeps ten random pictures per tag.
        print(f"Curves:           {tensorboard} --logdir {shown(folder)} --samples_per_plugin images=1000")


def shown(path: Path) -> str:
    """A relative path, quoted for a shell."""
    return shlex.quote(os.path.relpath(path))


def show_measures(measures: dict[str, float], title: str, beside: Columns | None = None) -> None:
    """Print a table of measures with their units, with a column for each method in `beside`."""
    print(title)  # a title of the table would be broken at the table's width
    table = Table()
    table.add_column("measure")
    for name in ("this run" if beside else "value", *(beside or {})):
        table.add_column(name, justify="right")
    for name, value in measures.items():
        others = [own.get(name, "") for own in (beside or {}).values()]
        table.add_row(name, *(_cell(name, each) for each in (value, *others)))
    Console().print(table)


def _cell(name: str, value: float | str) -> str:
    behind = unit(name.rpartition("/")[2])
    if isinstance(value, str):
        return value
    return f"{value:.2f}{behind}" if behind else f"{value:.4f}"
