"""Changes since version 0.2, so that its checkpoints and run folders can be read: moved classes and new keys."""

from __future__ import annotations

from typing import Any

# Old module → new module.
MOVED = {
    "colourize.callbacks.activations": "colourize.callbacks.samples",
    "colourize.callbacks.tensorboard": "colourize.callbacks.tensorboard_pages",
    "colourize.models.baselines": "colourize.models",
    "colourize.models.classifier": "colourize.models",
    "colourize.models.course": "colourize.models",
    "colourize.models.interpolation": "colourize.models",
    "colourize.runs.events": "colourize.callbacks.tensorboard_pages",
}

# Current class → keys that were added later, with the values that give the earlier behaviour.
ADDED: dict[str, dict[str, Any]] = {"colourize.degradations.LowResolution": {"projected": False}}


def current_name(name: str) -> str:
    """The current dotted name of a class."""
    module, _, own = name.rpartition(".")
    return f"{MOVED[module]}.{own}" if module in MOVED else name


def brought_up_to_date(contents: Any) -> Any:
    """Nested values of a checkpoint or a configuration, with the current name and keys of each `_target_`."""
    if isinstance(contents, dict):
        found = {key: brought_up_to_date(value) for key, value in contents.items()}
        if isinstance(contents.get("_target_"), str):
            found["_target_"] = current_name(contents["_target_"])
            found |= {key: value for key, value in ADDED.get(found["_target_"], {}).items() if key not in found}
        return found
    return [brought_up_to_date(each) for each in contents] if isinstance(contents, list) else contents
