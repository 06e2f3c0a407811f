"""`colourize-report`: writes the results of finished runs as one page with tables, curves, pictures and intervals.

colourize-report
colourize-report multirun/2025-01-01/10-30-00
colourize-report report=quick output=toy-report
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from omegaconf import DictConfig
from rich.progress import track

from colourize.cli import app
from colourize.configuration import as_list
from colourize.errors import InputError, UsageError, check_flag
from colourize.files import remove_parts
from colourize.runs.record import cores
from colourize.runs.sweeps import quoted

log = logging.getLogger(__name__)
Each = TypeVar("Each")

KINDS = ("full", "quick")
PAINTING, PAINTS_WITH = "colour.html", "builtin:colour_hints"  # the page to paint on, and its network
# With a few hundred pictures and a high, falling learning rate, the course's networks colour sky, meadow and horse.
SIZE = (
    "data=synthetic", "data.num_train=400", "data.num_val=60", "data.num_test=60", "data.batch_size=20",
    "trainer.max_epochs=10", "lr_scheduler=one_cycle", "task.optimizer.lr=5e-3", "seeds=[0]",
    "trainer.enable_progress_bar=false",
)  # fmt: skip
# Questions with few networks, most of which are shared. An experiment can only reuse what was trained before it starts,
# so the longest come first.
EXPERIMENTS = {
    "d2_super_resolution": (), "c2_skip_connections": (), "a4_colour_space": (),
    "a3_epochs": ("callbacks.checkpoints.keep_epochs=[3,6]", "lr_scheduler=constant", "task.optimizer.lr=3e-3"),
    "a5_classification": (), "a1_layers": (), "b2_regression_or_classification": (), "e_activations": (),
}  # fmt: skip


def report(config: DictConfig) -> None:
    """Write `report.html`, and `tables/`, `figures/`, `pictures/` and `colour.html` in the same folder.

    Raises:
        UsageError: a setting that is not allowed.
        InputError: a folder that does not exist.
    """
    from colourize.cli import terminal
    from colourize.methods.sources import Source, read_sources
    from colourize.reporting.page import write_page
    from colourize.reporting.picture_sheets import Pictures
    from colourize.reporting.questions import questions
    from colourize.reporting.sections import build_section, missing_section

    if config.report not in KINDS:
        raise UsageError(f"report={config.report}: must be one of {', '.join(KINDS)}")
    check_flag("questions", config.questions)
    check_flag("paint", config.paint)
    folder = Path(config.output)
    paths = [str(each) for each in as_list(config.runs)]
    is_quick = config.report == "quick"
    if is_quick:
        paths = [str(run_experiments(folder / "runs"))]
    sources, passed_over = read_sources(paths)
    asked = questions()
    answering: dict[str, Source] = {}  # by experiment: the folder with its name, else the first with its runs
    for each in sources:
        name = each.experiment or ("" if each.runs else each.name)
        if name in asked and (name not in answering or each.name == name):
            answering[name] = each
    others = [each for each in sources if each not in answering.values()]
    for kind in ("tables", "figures", "pictures"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        # Temporary files of a report that was killed.
        remove_parts(folder / kind, *(each for each in (folder / kind).rglob("*") if each.is_dir()))
    todo: list[tuple[str, Source | None]] = [
        (name, answering.get(name)) for name in asked if (config.questions and not is_quick) or name in answering
    ]
    own: list[tuple[str, Source | None]] = []
    for each in others:
        if each.runs:
            own.append((_anchor(each.path, [*asked, *(name for name, _ in own)]), each))
    # The questions come first if any of them was run.
    todo = [*todo, *own] if any(each.runs for each in answering.values()) else [*own, *todo]
    pictures = Pictures(config.trust)
    sections = []
    for name, source in logged_above(track(todo, "Sections")):
        if source is None or not source.runs:
            sections.append(missing_section(asked[name], name, source))
        else:
            sections.append(build_section(source, asked.get(name), folder, pictures, name))
    skipped = [f"{path}: {reason}" for path, reason in passed_over.items()]
    skipped += [f"{each.path}: no finished run" for each in others if not each.runs]
    for line in skipped:
        log.warning("Passed over: %s", line)
    runs = sum(len(each.runs) for each in sources)
    head = " · ".join(str(each) for each in (config.author, config.date) if each)
    facts = [*([head] if head else []), f"{runs} finished runs of {', '.join(paths)}"]
    if config.paint:
        from colourize.export import export_page
        from colourize.methods.candidates import find_checkpoints

        export_page(find_checkpoints(PAINTS_WITH), folder / PAINTING)
    painting = PAINTING if config.paint else None
    write_page(folder / "report.html", str(config.title), facts, sections, skipped, painting)
    print(f"Report:  {terminal.shown(folder / 'report.html')}")


def run_experiments(
    folder: Path, experiments: Mapping[str, Sequence[str]] = EXPERIMENTS, size: Sequence[str] = SIZE
) -> Path:
    """Run experiments at this size into a folder, each with its overrides; those that are finished are skipped.

    Raises:
        InputError: an experiment failed; the others run nevertheless.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def run(name: str) -> bool:
        words = [*size, *experiments[name], f"experiment={name}", f"hydra.sweep.dir={quoted(str(folder / name))}"]
        command = [sys.executable, "-m", "colourize.train", *words]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (folder / f"{name}.log").open("w", encoding="utf-8") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        return done.returncode == 0

    with ThreadPoolExecutor(max_workers=cores() or 1) as pool:
        succeeded = list(track(pool.map(run, experiments), "Experiments", total=len(experiments)))
    failed = [name for name, ok in zip(experiments, succeeded, strict=True) if not ok]
    if failed:
        raise InputError(f"{folder}: {', '.join(failed)} failed; see {folder}/<name>.log")
    return folder


def logged_above(bar: Iterable[Each]) -> Iterator[Each]:
    """What a progress bar iterates over, while log lines are printed above the bar."""
    terminal = sys.stdout
    every = (each for each in logging.getLogger().handlers if isinstance(each, logging.StreamHandler))
    handlers = [each for each in every if each.stream is terminal]
    for each in bar:
        for handler in handlers:
            handler.setStream(sys.stdout)  # the bar has replaced it
        yield each
    for handler in handlers:
        handler.setStream(terminal)


def _anchor(path: Path, taken: list[str]) -> str:
    """A unique name for the section of a folder and for its files."""
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in "-".join(path.parts[-2:]))
    name = name.strip("-.") or "runs"
    return next(each for each in (name, *(f"{name}-{n}" for n in range(2, 10_000))) if each not in taken)


def positional(words: list[str]) -> list[str]:
    """Add the key to folders that are typed without one: `colourize-report multirun/c3_batch_size`."""
    folders = [word for word in words if "=" not in word and not word.startswith(("-", "+", "~"))]
    others = [word for word in words if word not in folders]
    return [*others, f"runs=[{','.join(map(quoted, folders))}]"] if folders else others


def main() -> None:
    """The console script."""
    sys.argv[1:] = positional(sys.argv[1:])
    app.run(report, "report")


if __name__ == "__main__":
    main()
