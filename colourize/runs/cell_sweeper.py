"""Hydra's own sweeper, with the jobs of an experiment in place of a grid."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins

from colourize.runs.experiments import jobs

MODULE = "hydra_plugins.colourize"  # Hydra takes no plugins from outside of that package
TARGET = f"{MODULE}.CellSweeper"


def provide() -> None:
    """Make the sweeper known to Hydra, under the name that `conf/common/experiment.yaml` gives it."""
    plugins = Plugins.instance()
    # Only now: Hydra loads its plugins' modules anew when it looks for them, and a subclass of the old class is none.
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    class CellSweeper(BasicSweeper):
        def split_arguments(self, overrides: Any, max_batch_size: int | None) -> list[list[list[str]]]:  # type: ignore[override]
            assert self.config is not None
            words = [str(override.input_line) for override in overrides]
            return [jobs(self.config, words, GlobalHydra.instance().config_loader())]

    CellSweeper.__module__, CellSweeper.__qualname__ = MODULE, "CellSweeper"
    module = ModuleType(MODULE)
    module.CellSweeper = CellSweeper  # type: ignore[attr-defined]
    sys.modules[MODULE] = module
    plugins.register(CellSweeper)
