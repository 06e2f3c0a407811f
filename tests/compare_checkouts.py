"""Do two checkouts train the same numbers, and in the same time?

python tests/compare_checkouts.py OLD NEW                 every model on every task, two epochs in float32
python tests/compare_checkouts.py OLD NEW --rounding 1e-6 … with a tolerance, as a relative difference
python tests/compare_checkouts.py OLD NEW --time 5        the default network's training in turns, five rounds

Each run is a process with its checkout's package, on the drawn horses. Words like trainer.max_epochs=5 are added to
every command. The exit code is 1 where metrics.csv differs.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

MODELS = ("regression_cnn", "cnn", "unet", "pool_upsample_net", "conv_transpose_net", "strided_unet")
TASKS = ("colour_classification", "colour_regression", "super_resolution", "super_resolution_regression")
DATA = ("data=synthetic", "trainer.accelerator=cpu", "trainer.enable_progress_bar=false")
SMALL = ("data.num_train=300", "data.num_val=100", "data.num_test=20", "trainer.max_epochs=2",
         "trainer.precision=32-true")  # fmt: skip
TIMED = (
    "data.num_train=2000", "trainer.max_epochs=3", "trainer.limit_val_batches=0", "trainer.limit_test_batches=1",
    "callbacks.checkpoints=null", "callbacks.samples=null",
)  # fmt: skip


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--rounding", type=float, default=0.0, help="a relative difference that is none")
    parser.add_argument("--time", type=int, default=0, metavar="ROUNDS", help="compare seconds instead of numbers")
    parser.add_argument("overrides", nargs="*", help="of colourize-train")
    arguments = parser.parse_intermixed_args()
    checkouts = {"old": arguments.old.resolve(), "new": arguments.new.resolve()}
    with tempfile.TemporaryDirectory(prefix="colourize-compare-") as work:
        if arguments.time:
            compare_seconds(checkouts, Path(work), arguments.time, arguments.overrides)
        elif not compare_numbers(checkouts, Path(work), arguments.rounding, arguments.overrides):
            sys.exit(1)


def compare_numbers(checkouts: dict[str, Path], work: Path, rounding: float, overrides: list[str]) -> bool:
    """Print for each model and task which columns of metrics.csv differ, and by how much; whether all is equal."""
    table = Table("model", "task", "metrics.csv", title="two epochs in float32")
    equal = True
    cases = [(model, task) for model in MODELS for task in TASKS]
    for model, task in track(cases, "Training", console=Console(stderr=True)):
        words = [*SMALL, f"model={model}", f"task={task}", *overrides]
        old, new = (
            train(checkout, work, work / f"{name}-{model}-{task}", words) / "metrics.csv"
            for name, checkout in checkouts.items()
        )
        found = differences(old, new)
        equal &= all(value <= rounding for value in found.values())
        same = "equal, byte for byte" if old.read_bytes() == new.read_bytes() else "the same numbers"
        table.add_row(model, task, ", ".join(f"{column} {value:.0e}" for column, value in found.items()) or same)
    Console(width=100).print(table)
    return equal


def differences(old: Path, new: Path) -> dict[str, float]:
    """The largest relative difference in each column of two tables, where there is any."""
    one, two = (list(csv.DictReader(path.read_text().splitlines())) for path in (old, new))
    if [*map(set, one)] != [*map(set, two)]:
        return {"other rows or columns": math.inf}
    pairs = [(name, ours[name], theirs[name]) for ours, theirs in zip(one, two, strict=True) for name in ours]
    found: dict[str, float] = {}
    for name, ours, theirs in pairs:
        found[name] = max(found.get(name, 0.0), 0.0 if ours == theirs else difference(ours, theirs))
    return {name: value for name, value in found.items() if value}


def difference(old: str, new: str) -> float:
    """The relative difference of two cells, infinite where only one of them is a finite number."""
    try:
        a, b = float(old), float(new)
    except ValueError:
        return math.inf
    return 0.0 if a == b else abs(a - b) / (abs(a) or 1.0) if math.isfinite(a - b) else math.inf


def compare_seconds(checkouts: dict[str, Path], work: Path, rounds: int, overrides: list[str]) -> None:
    """Print the seconds of training in turns, and their ratios."""
    table = Table("round", "old [s]", "new [s]", "new/old", title="training of the default network")
    ratios = []
    for number in track(range(rounds + 1), "Training", console=Console(stderr=True)):
        seconds = {}
        for name in list(checkouts)[:: 1 if number % 2 else -1]:
            folder = train(checkouts[name], work, work / f"{name}-{number}", [*TIMED, *overrides])
            (found,) = re.findall(r"Trained \d+ epochs in ([\d.]+) s", (folder / "train.log").read_text())
            seconds[name] = float(found)
        if number:  # the first round warms up
            ratios.append(seconds["new"] / seconds["old"])
            table.add_row(str(number), f"{seconds['old']:.1f}", f"{seconds['new']:.1f}", f"{ratios[-1]:.3f}")
    table.add_row("median", "", "", f"{statistics.median(ratios):.3f}")
    Console().print(table)


def train(checkout: Path, work: Path, folder: Path, overrides: list[str]) -> Path:
    """Run a checkout's `colourize-train`; returns the run's folder. The output of a failed run is shown."""
    data = work / f"data-{folder.name.partition('-')[0]}"  # each checkout fits its own palettes
    environment = {**os.environ, "PYTHONPATH": str(checkout), "COLOURIZE_DATA": str(data)}
    program = (  # it makes sure that PYTHONPATH precedes what is installed
        "import pathlib, colourize, colourize.train; "
        f"assert pathlib.Path(colourize.__file__).is_relative_to({str(checkout)!r}), colourize.__file__; "
        "colourize.train.main()"
    )
    command = [sys.executable, "-c", program, *DATA, *overrides, f'hydra.run.dir="{folder}"']
    ended = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"{' '.join(overrides)} in {checkout} ended with {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return folder


if __name__ == "__main__":
    main()
