"""Hydra's own sweeper, with the jobs that the sweep's list has: an experiment's, each as it was typed, each once."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins

from colourize.runs.experiments import jobs

MODULE = "hydra_plugins.colourize"  # Hydra takes no plugins from outside of that package
BASIC, TARGET = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper", f"{MODULE}.CellSweeper"


def provide() -> None:
    """Make the sweeper known to Hydra, under the name `TARGET`."""
    plugins = Plugins.instance()
    # Only now: Hydra loads its plugins' modules anew when it looks for them, and a subclass of the old class is none.
    from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

    class CellSweeper(BasicSweeper):
        def split_arguments(self, overrides: Any, max_batch_size: int | None) -> list[list[list[str]]]:  # type: ignore[override]
            assert self.config is not None
            words = [str(override.input_line) for override in overrides]
            asked = jobs(self.config, words, GlobalHydra.instance().config_loader())
            return list(self.split_overrides_to_chunks(asked, max_batch_size))

    CellSweeper.__module__, CellSweeper.__qualname__ = MODULE, "CellSweeper"
    module = ModuleType(MODULE)
    module.CellSweeper = CellSweeper  # type: ignore[attr-defined]
    sys.modules[MODULE] = module
    plugins.register(CellSweeper)
