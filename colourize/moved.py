"""Classes that have moved since version 0.2, so that its checkpoints and run folders can be read."""

from __future__ import annotations

from typing import Any

# From the old module to the new one.
MOVED = {
    "colourize.callbacks.tensorboard": "colourize.callbacks.tensorboard_pages",
    "colourize.models.baselines": "colourize.models",
    "colourize.models.classifier": "colourize.models",
    "colourize.models.course": "colourize.models",
    "colourize.models.interpolation": "colourize.models",
}


def current_name(name: str) -> str:
    """The dotted name of a class today."""
    module, _, own = name.rpartition(".")
    return f"{MOVED[module]}.{own}" if module in MOVED else name


def with_current_names(contents: Any) -> Any:
    """Nested values of a checkpoint or a configuration, with each `_target_` under its name of today."""
    if isinstance(contents, dict):
        return {
            key: current_name(value) if key == "_target_" and isinstance(value, str) else with_current_names(value)
            for key, value in contents.items()
        }
    return [with_current_names(each) for each in contents] if isinstance(contents, list) else contents
