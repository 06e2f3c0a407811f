"""`colourize-report`: what finished runs say, as one page with tables, curves, pictures and intervals.

colourize-report
colourize-report multirun/2025-01-01/10-30-00
colourize-report report=quick output=toy-report
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from colourize.cli import app

if TYPE_CHECKING:
    from colourize.methods.sources import Source

log = logging.getLogger(__name__)

KINDS = ("full", "quick")


def report(config: DictConfig) -> None:
    """Write `report.html`, with `tables/`, `figures/` and `pictures/` beside it.

    Raises:
        UsageError: a setting that is not allowed.
        InputError: a folder that does not exist.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from colourize.cli import terminal
    from colourize.errors import UsageError, check_flag
    from colourize.files import remove_parts
    from colourize.methods.sources import read_sources
    from colourize.reporting.page import write_page
    from colourize.reporting.pictures import Pictures
    from colourize.reporting.questions import questions
    from colourize.reporting.sections import Workshop, build_section, missing_section
    from colourize.reporting.toy import run_all

    if config.report not in KINDS:
        raise UsageError(f"report={config.report}: must be one of {', '.join(KINDS)}")
    check_flag("questions", config.questions)
    folder = Path(config.output)
    paths = [str(each) for each in config.runs] if OmegaConf.is_list(config.runs) else [str(config.runs)]
    if config.report == "quick":
        paths = [str(run_all(folder / "runs"))]
    found = read_sources(paths)
    asked = questions()
    by_experiment = _by_experiment(found.sources, asked)
    own = [each for each in found.sources if each.runs and each not in by_experiment.values()]
    for name in ("tables", "figures", "pictures"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        # What a report that was killed left half written; the folder is ours alone now.
        remove_parts(folder / name, *(each for each in (folder / name).rglob("*") if each.is_dir()))
    workshop = Workshop(folder, Pictures(config.trust))
    sections = []
    shown = [name for name in asked if config.questions or name in by_experiment]
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()) as progress:
        bar = progress.add_task("Sections", total=len(shown) + len(own))
        for name in shown:
            progress.update(bar, description=name)
            source = by_experiment.get(name)
            if source is None or not source.runs:
                sections.append(missing_section(asked[name], name, source))
            else:
                sections.append(build_section(source, asked[name], workshop, name))
            progress.advance(bar)
        of_questions = len(sections)
        for source in own:
            progress.update(bar, description=source.name)
            sections.append(build_section(source, None, workshop, _anchor(source, [each.anchor for each in sections])))
            progress.advance(bar)
        if not any(source.runs for source in by_experiment.values()):  # nobody asked for them here
            sections = sections[of_questions:] + sections[:of_questions]
    skipped = [f"{path}: {reason}" for path, reason in found.skipped.items()]
    skipped += [
        f"{each.path}: no finished run"
        for each in found.sources
        if not each.runs and each not in by_experiment.values()
    ]
    for line in skipped:
        log.warning("Passed over: %s", line)
    runs = sum(len(each.runs) for each in found.sources)
    facts = [f"{runs} finished runs of {', '.join(paths)}"]
    write_page(folder / "report.html", "Colouring and sharpening small pictures", facts, sections, skipped)
    print(f"Report:  {terminal.shown(folder / 'report.html')}")


def _by_experiment(sources: list[Source], asked: Container[object]) -> dict[str | None, Source]:
    """By an experiment's name its source: the folder of that name, else the first one that holds it."""
    found: dict[str | None, Source] = {}
    for source in sources:
        name = source.experiment or (source.name if not source.runs else None)
        if name in asked and (name not in found or source.name == name):
            found[name] = source
    return found


def _anchor(source: Source, taken: list[str]) -> str:
    """A name for a section and its files, which no other has."""
    name = "-".join(source.path.parts[-2:]) or "runs"
    name = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name).strip("-.") or "runs"
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def positional(words: list[str]) -> list[str]:
    """Folders are given as they are: `colourize-report multirun/c3_batch_size`."""
    from colourize.runs.sweeps import quoted

    folders = [word for word in words if "=" not in word and not word.startswith(("-", "+", "~"))]
    others = [word for word in words if word not in folders]
    return [*others, f"runs=[{','.join(map(quoted, folders))}]"] if folders else others


def main() -> None:
    """The console script."""
    sys.argv[1:] = positional(sys.argv[1:])
    app.run(report, "report")


if __name__ == "__main__":
    main()
