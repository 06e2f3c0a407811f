"""The sweeps of a report: the finished runs of each folder, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from colourize.errors import InputError
from colourize.runs import resuming, sweeps
from colourize.runs.folders import Run, natural, search


@dataclass
class Source:
    """A sweep's folder, or several runs in one folder."""

    path: Path
    runs: list[Run] = field(default_factory=list)  # the finished ones
    unfinished: dict[str, str] = field(default_factory=dict)  # the status of each other run, by its name

    @property
    def name(self) -> str:
        return self.path.absolute().name

    @property
    def resume(self) -> str:
        """The command that continues a sweep; empty for single runs."""
        return resuming.command(self.path) if (self.path / sweeps.FILE).exists() else ""

    @property
    def experiment(self) -> str | None:
        """The experiment that all its runs belong to; None: there is none, or they belong to several."""
        named = {sweeps.pairs(run.overrides).get("experiment") for run in self.runs}
        return named.pop() if len(named) == 1 else None


def read_sources(paths: Iterable[str | Path]) -> tuple[list[Source], dict[Path, str]]:
    """The sweeps and runs in these folders and below them, and the skipped folders with the reasons.

    A run that is found twice counts once.

    Raises:
        InputError: one of the folders does not exist.
    """
    found: dict[Path, Source] = {}
    skipped: dict[Path, str] = {}
    seen: set[Path] = set()
    for path in map(Path, paths):
        if not path.is_dir():
            raise InputError(f"runs={path}: there is no such folder")
        runs, strange = search(path)
        skipped |= strange
        for run in runs:
            if run.path.resolve() in seen:
                continue
            seen.add(run.path.resolve())
            if "methods" in run.record:
                skipped[run.path] = "an evaluation, which has a comparison of its own"
                continue
            parent = run.path.parent if run.path != path else run.path
            source = found.setdefault(parent, Source(parent))
            if run.status == "completed" and run.measures():
                source.runs.append(run)
            else:
                source.unfinished[run.path.name] = run.status
    for folder, source in found.items():
        try:
            jobs = [job["folder"] for job in sweeps.read(folder)]
            places = {name: place for place, name in enumerate(jobs)}
            source.runs.sort(key=lambda run: places.get(run.path.name, len(jobs)))
            known = {run.path.name for run in source.runs} | set(source.unfinished)
            source.unfinished |= {name: "pending" for name in jobs if name not in known}
        except InputError as error:
            skipped[folder / sweeps.FILE] = str(error)
    return [found[path] for path in sorted(found, key=natural)], skipped
