"""The jobs of an experiment: each of its cells (a few settings) with each of its seeds, and its baselines.

Besides settings, an experiment's file in `conf/experiment/` may have (`common/experiment.yaml` has the rest):

    cells:                                # what is compared; a grid cannot pair a model with a task
      - {model: cnn, task: colour_classification}
      - {data.batch_size: 200, trainer.max_epochs: "${product:${trainer.max_epochs},2}"}
    seeds: [0, 1, 2]
    baselines: [grey_lookup]              # once for each task among the cells, as they have no seeds

Typed settings override those of a cell, except values that the cell computes from them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from omegaconf import DictConfig, OmegaConf

from colourize.errors import UsageError
from colourize.runs import results, sweeps
from colourize.runs.method_settings import PLAN
from colourize.runs.sweeps import key_of, quoted

ESCAPED = re.compile(r"\$\\{([^{}]*)\\}")  # a reference such as ${seed}, as Hydra writes it for a job
BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


def jobs(config: DictConfig, words: Sequence[str], config_loader: Any = None) -> list[list[str]]:
    """The overrides of each job of a sweep, each job once.

    The jobs of an experiment are its baselines, then all cells with the first seed, then with the next.

    Args:
        config: the composed configuration.
        words: the sweep's overrides, such as `seed=0,1`.
        config_loader: Hydra's loader, for patterns such as `model=glob(*)`.

    Raises:
        UsageError: cells or seeds are not valid, or one of several experiments is a sweep already.
    """
    parsed = OverridesParser.create(config_loader=config_loader).parse_overrides(list(words))
    for each in parsed:
        if each.key_or_group == "experiment" and each.is_sweep_override():
            _check_plain(each, config, config_loader)
    (grid,) = BasicSweeper.split_arguments(parsed, None)
    grid = [[ESCAPED.sub(r"${\1}", word) for word in job] for job in grid]
    found = _in_cells(config, grid, parsed) if "cells" in config else grid
    return list({sweeps.identity(job): job for job in found}.values())


def _in_cells(config: DictConfig, grid: Sequence[Sequence[str]], parsed: Sequence[Override]) -> list[list[str]]:
    """The jobs of a grid in each cell of an experiment, and its baselines."""
    cells: Any = OmegaConf.to_container(config.cells, resolve=True)
    raw: Any = OmegaConf.to_container(config.cells, resolve=False)
    _check(cells, config.seeds, parsed, raw)
    found: list[list[str]] = []
    for words in grid:
        typed = [word for word in words if key_of(word) not in PLAN]
        keys = {key_of(word) for word in typed}
        found += [job for each in config.baselines for job in _baseline(each, cells, typed)]
        for seed in [[]] if "seed" in keys else [[f"seed={seed}"] for seed in config.seeds]:
            for cell, own in zip(cells, raw, strict=True):
                # A typed key overrides a plain value, but not one that is computed.
                kept = {key: value for key, value in cell.items() if key not in keys or "${" in str(own[key])}
                before = [word for word in typed if key_of(word) not in kept]
                found.append([*before, *(_word(key, value) for key, value in kept.items()), *seed])
    return found


def fixed_keys(config: DictConfig, words: Sequence[str], asked: Sequence[Sequence[str]]) -> list[str]:
    """The keys that do not appear in the names of job folders, because all jobs with them have the same value.

    A key that only some cells have varies; a typed key that a baseline lacks does not. An experiment's seed always
    appears, as more seeds may follow.
    """
    values: dict[str, list[str]] = {}
    for job in asked:
        for key, word in {key_of(word): word for word in job}.items():  # the last word of a repeated key counts
            values.setdefault(key, []).append(word)
    cells = config.get("cells") or ()
    typed = {key_of(word) for word in words} - {str(key) for cell in cells for key in cell}
    everywhere = typed | {key for key, found in values.items() if len(found) == len(asked)}
    return [key for key in values if len({*values[key]}) == 1 and key in everywhere and not (cells and key == "seed")]


def provide(asked: Sequence[Sequence[str]], fixed: Sequence[str]) -> None:
    """Make Hydra run these jobs in place of those that its usual sweeper would make."""
    plugins = Plugins.instance()
    # Imported late, because Hydra reloads its plugins' modules and then rejects subclasses of the old class.
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    global CellSweeper  # Hydra finds it by its name in this module

    class CellSweeper(BasicSweeper):
        def split_arguments(self, overrides: Any, max_batch_size: int | None) -> list[list[list[str]]]:  # type: ignore[override]
            return list(self.split_overrides_to_chunks([list(job) for job in asked], max_batch_size))

        def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
            super().validate_batch_is_legal(batch)
            # Composing each job here refuses invalid ones before they are listed.
            assert self.config is not None
            sweeps.plan(self.config.hydra.sweep.dir, batch, fixed)
            results.add_jobs(self.config.hydra.sweep.dir)

    # It stays in place for this process, in which each sweep provides its own before Hydra looks for one.
    plugins.class_name_to_class[BASIC] = CellSweeper  # type: ignore[name-defined]


def _product(first: float, *factors: float) -> float | int:
    """A product; if the first factor is an integer, it is rounded to an integer of at least 1."""
    value = math.prod(factors, start=first)
    return max(1, round(value)) if isinstance(first, int) else float(f"{value:.6g}")


# For experiments' files, for example twice the user's number of epochs.
OmegaConf.register_new_resolver("product", _product, replace=True)


def _check(cells: Any, seeds: Any, parsed: Sequence[Override], raw: Any) -> None:
    if not (isinstance(cells, list) and cells and all(isinstance(cell, dict) for cell in cells)):
        raise UsageError("cells: must be a list of settings, such as [{model: cnn}, {model: unet}]")
    if not OmegaConf.is_list(seeds) or not seeds or not all(type(seed) is int for seed in seeds):
        raise UsageError(f"seeds={seeds}: must be a list of numbers, such as [0,1,2]")
    for each in parsed:
        if each.is_sweep_override() and f"${{{each.key_or_group}}}" in str(raw):
            raise UsageError(f"{each.input_line}: must be one value; cells of this experiment are computed from it")


def _check_plain(several: Override, config: DictConfig, config_loader: Any) -> None:
    """Refuse several experiments if one is a sweep itself; experiments with settings only can be varied."""
    for name in several.sweep_string_iterator():
        alone = config_loader.load_sweep_config(config, [f"experiment={name}"])
        if "cells" in alone or alone.hydra.sweeper.params:
            raise UsageError(f"{several.input_line}: {name} is a sweep itself; run colourize-train experiment={name}")


def _baseline(asked: Any, cells: Sequence[dict[str, Any]], typed: Sequence[str]) -> Iterable[list[str]]:
    """A baseline's jobs, with its own settings: one for each task of the cells, or one for its own task."""
    asked = {"model": asked} if isinstance(asked, str) else dict(asked)
    tasks = [asked.get("task")] if "task" in asked else list(dict.fromkeys(cell.get("task") for cell in cells))
    for task in tasks:
        own = {**({"task": task} if task else {}), **asked, "seed": 0}
        kept = [word for word in typed if key_of(word) not in own and not key_of(word).startswith("model.")]
        yield [*kept, *(_word(key, value) for key, value in own.items())]


def _word(key: str, value: Any) -> str:
    """A setting in Hydra's grammar."""
    if value is None or isinstance(value, bool):
        return f"{key}={'null' if value is None else str(value).lower()}"
    return f"{key}={quoted(value) if isinstance(value, str) else value}"
