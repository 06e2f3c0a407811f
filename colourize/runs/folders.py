"""Reads run folders and finds them, in a sweep's folder or anywhere below a folder.

for run in find_runs("multirun/2025-01-01"):
    print(run.path, run.status, run.config.model, run.measures().get("test/loss"))
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from colourize.errors import InputError, one_line
from colourize.runs.record import FILE as RECORD
from colourize.runs.sweeps import as_typed
from colourize.runs.tables import read_numbers

log = logging.getLogger(__name__)

HYDRA = ".hydra"
LAST, PREVIOUS = "last.ckpt", "last-previous.ckpt"
NO_RUN = "holds no run"
MOST = 10_000  # maximum number of folders to search, which is enough for thousands of runs but not for a whole disk
Contents = TypeVar("Contents", dict[str, Any], DictConfig, ListConfig)


@dataclass(frozen=True)
class Run:
    """A run's folder, in any state; runs of versions without `run.json` can be read too.

    Attributes:
        record: the contents of `run.json`; empty if there is none.
        config: the configuration, its interpolations unresolved (`output_dir` cannot be resolved outside the run).
        overrides: the overrides that were typed.
    """

    path: Path
    record: dict[str, Any]
    config: DictConfig
    overrides: list[str]

    @classmethod
    def read(cls, path: str | Path) -> Run:
        """Read the run in a folder; an InputError names a damaged file, or says that there is no run."""
        path = Path(path)
        record = _read(path / RECORD, _json, dict)
        config = _read(path / HYDRA / "config.yaml", OmegaConf.load, DictConfig)
        overrides = _read(path / HYDRA / "overrides.yaml", OmegaConf.load, ListConfig)
        if record is None and config is None:
            raise InputError(f"{path}: neither {RECORD} nor {HYDRA}/config.yaml")
        typed = as_typed(overrides) if overrides is not None else list((record or {}).get("overrides", []))
        return cls(path, record or {}, OmegaConf.create({}) if config is None else config, typed)

    @property
    def status(self) -> str:
        """The status in `run.json`; without this file, "completed" if there are final measures, else "unknown"."""
        without = "completed" if (self.path / "metrics.json").is_file() else "unknown"
        return str(self.record.get("status", without))

    @property
    def checkpoints(self) -> dict[str, Path]:
        """The checkpoints by their names, such as "best" and "last"."""
        found = (path for path in self.path.glob("checkpoints/*.ckpt") if not path.name.startswith("."))
        return {path.stem: path for path in sorted(found, key=natural)}

    @property
    def checkpoint(self) -> Path | None:
        """The best checkpoint, or else the last, or else any other; None: there is none."""
        found = self.checkpoints
        others = sorted(found.values(), key=lambda path: path.name == PREVIOUS)
        return found.get("best") or found.get("last") or next(iter(others), None)

    def metrics(self) -> list[dict[str, float]]:
        """The measures after each epoch, with `epoch` and `step`; an InputError if `metrics.csv` is damaged."""
        path = self.path / "metrics.csv"
        return read_numbers(path) if path.exists() else []

    def measures(self) -> dict[str, float]:
        """The final measures, empty before the end; an InputError if `metrics.json` is damaged."""
        return read_measures(self.path / "metrics.json")


def read_measures(path: Path) -> dict[str, float]:
    """The measures in a `metrics.json`, null as NaN; empty without the file, an InputError if it is damaged."""
    measures = _read(path, _json, dict) or {}
    wrong = [name for name, value in measures.items() if not isinstance(value, (int, float, type(None)))]
    if wrong:
        raise InputError(f"{path}: {wrong[0]} is no number")
    return {name: math.nan if value is None else value for name, value in measures.items()}


def find_runs(path: str | Path) -> list[Run]:
    """All runs in a folder and below it, in natural order (2 before 10); the log names the skipped folders."""
    runs, skipped = search(path)
    for folder, reason in skipped.items():
        log.warning("%s: skipped: %s", folder, reason)
    return runs


def search(path: str | Path) -> tuple[list[Run], dict[Path, str]]:
    """The runs of `find_runs`, and the skipped folders with the reasons."""
    return _search(Path(path), Path(path), within=False, visited=set())


def natural(path: Path) -> tuple[Any, ...]:
    """A key that sorts paths with the numbers in their names as numbers."""
    # Pairs of a text and a number are always comparable.
    return tuple(
        tuple((text, int(number or -1)) for text, number in re.findall(r"(\D*)(\d*)", part)) for part in path.parts
    ), str(path)


def _search(folder: Path, top: Path, *, within: bool, visited: set[Path]) -> tuple[list[Run], dict[Path, str]]:
    """Runs and skipped folders; `within` a run's folder, a sub-folder without a run belongs to that run."""
    runs: list[Run] = []
    skipped: dict[Path, str] = {}
    try:
        real = folder.resolve()
        if real in visited:  # a link to a parent folder
            return runs, skipped
        visited.add(real)
        if len(visited) > MOST:
            raise InputError(f"{top}: has more than {MOST:,} folders; name one that holds runs, or patterns of files")
        inside = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=natural)
        below = [path for path in inside if path.is_dir()]
        is_run = (folder / RECORD).exists() or (folder / HYDRA).exists()
    except OSError as error:
        return runs, {} if isinstance(error, FileNotFoundError) else {folder: f"cannot be read: {error.strerror}"}
    if is_run:
        try:
            run = Run.read(folder)
            run.metrics()
            run.measures()
            runs.append(run)
        except InputError as error:
            skipped[folder] = str(error).removeprefix(f"{folder}: ").removeprefix(f"{folder}/")
    for path in below:
        found, others = _search(path, top, within=within or is_run, visited=visited)
        runs += found
        skipped |= others
    has_no_run = all(reason == NO_RUN for reason in skipped.values()) and (skipped or len(inside) > len(below))
    if has_no_run and not (runs or within):
        skipped = {folder: NO_RUN}  # the top folder represents all folders below it
    return runs, skipped


def _read(path: Path, load: Callable[[Path], Any], kind: type[Contents]) -> Contents | None:
    """The contents of a file, which must be of this kind; None without the file."""
    try:
        contents = load(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise InputError(f"{path}: cannot be read: {one_line(error)}") from error
    if not isinstance(contents, kind) or (kind is not dict and contents == {}):  # an empty YAML file reads as {}
        raise InputError(f"{path}: does not hold what a run writes there")
    return contents


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
