"""What has changed since version 0.2, so that its checkpoints and run folders can be read: classes moved, keys came."""

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

# By the class of today: keys that came later, and the values that stand for how it was without them.
ADDED: dict[str, dict[str, Any]] = {"colourize.degradations.LowResolution": {"projected": False}}


def current_name(name: str) -> str:
    """The dotted name of a class today."""
    module, _, own = name.rpartition(".")
    return f"{MOVED[module]}.{own}" if module in MOVED else name


def brought_up_to_date(contents: Any) -> Any:
    """Nested values of a checkpoint or a configuration: each `_target_` under its name of today, with keys of today."""
    if isinstance(contents, dict):
        found = {key: brought_up_to_date(value) for key, value in contents.items()}
        if isinstance(contents.get("_target_"), str):
            found["_target_"] = current_name(contents["_target_"])
            found |= {key: value for key, value in ADDED.get(found["_target_"], {}).items() if key not in found}
        return found
    return [brought_up_to_date(each) for each in contents] if isinstance(contents, list) else contents
