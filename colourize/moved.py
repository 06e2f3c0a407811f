"""Classes that have moved since version 0.2: its checkpoints and run folders are read by their new names."""

from __future__ import annotations

from typing import Any

# From the module that an old file names to the one that has the class now.
MOVED = {
    "colourize.models.baselines": "colourize.models",
    "colourize.models.classifier": "colourize.models",
    "colourize.models.course": "colourize.models",
    "colourize.models.interpolation": "colourize.models",
}


def current_name(name: str) -> str:
    """The dotted name that a class has today; a name that is not known to have moved stays as it is."""
    module, _, own = name.rpartition(".")
    return f"{MOVED[module]}.{own}" if module in MOVED else name


def with_current_names(contents: Any) -> Any:
    """Plain nested values, as a checkpoint or a configuration holds them, with each `_target_` as it is named today."""
    if isinstance(contents, dict):
        return {
            key: current_name(value) if key == "_target_" and isinstance(value, str) else with_current_names(value)
            for key, value in contents.items()
        }
    return [with_current_names(each) for each in contents] if isinstance(contents, list) else contents
