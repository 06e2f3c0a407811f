"""Which sweeps a report is about: the finished runs of each folder, and what is passed over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from colourize.errors import InputError
from colourize.runs import resuming, sweeps
from colourize.runs.folders import Run, natural, search

EXPERIMENT = "experiment"


@dataclass
class Source:
    """A sweep's folder, or several runs that lie beside each other.

    Attributes:
        runs: the finished ones.
        unfinished: by a run's name what became of it.
    """

    path: Path
    runs: list[Run] = field(default_factory=list)
    unfinished: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The folder's."""
        return self.path.absolute().name

    @property
    def resume(self) -> str:
        """The command that goes on with what is unfinished, of a sweep's folder; several runs have one each."""
        return resuming.command(self.path) if (self.path / sweeps.FILE).exists() else ""

    @property
    def experiment(self) -> str | None:
        """The experiment that all its runs are of; None: of none, or of several."""
        named = {typed(run).get(EXPERIMENT) for run in self.runs}
        return named.pop() if len(named) == 1 else None


@dataclass(frozen=True)
class Sources:
    """Everything that was found.

    Attributes:
        skipped: folders that hold no run, or a damaged one, and why.
    """

    sources: list[Source]
    skipped: dict[Path, str]


def read_sources(paths: Iterable[str | Path]) -> Sources:
    """The sweeps and runs in some folders and below them; a run that several of them hold counts once.

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
        known = {run.path.name for run in source.runs} | set(source.unfinished)
        try:
            source.unfinished |= {job["folder"]: "pending" for job in sweeps.read(folder) if job["folder"] not in known}
        except InputError as error:
            skipped[folder / sweeps.FILE] = str(error)
    return Sources([found[path] for path in sorted(found, key=natural)], skipped)


def typed(run: Run) -> dict[str, str]:
    """What was typed for a run, by its key."""
    pairs = (override.lstrip("+").partition("=") for override in run.overrides)
    return {key: value for key, _, value in pairs if not key.startswith(("hydra.", "~"))}
