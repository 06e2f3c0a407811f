"""Parts that must be fitted to the training pictures before they can be used: palettes, tables, class frequencies.

One protocol for all: `fit` reads the training split once and returns what it found, `take` puts that into use. What was
found travels in the checkpoint, so that nothing is fitted again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from colourize.data.training import Training
from colourize.errors import UsageError


class Fitted:
    """A part of a task that is fitted before it can be used; it stands before `nn.Module` among the bases."""

    def fit(self, training: Training) -> dict[str, Tensor]:
        """What the part learns from the training split, as tensors by name; it changes nothing yet.

        Raises:
            UsageError: there is nothing to fit it to.
        """
        raise NotImplementedError

    def take(self, fitted: Mapping[str, Tensor]) -> None:
        """Use what `fit` found, now or in an earlier run: each tensor becomes the buffer of its name."""
        for name, value in fitted.items():
            # Not persistent: the checkpoint's hyperparameters carry it, and one truth is enough.
            self.register_buffer(name, value, persistent=False)  # type: ignore[attr-defined]


def fit_or_take(key: str, part: Any, found: dict[str, dict[str, Tensor]], training: Training | None) -> Any:
    """A part ready for use: `found` is what was fitted so far, by part, and gets what is fitted now.

    Raises:
        UsageError: it must be fitted, and there is no training split.
    """
    if isinstance(part, Fitted):
        if key not in found:
            if training is None:
                raise UsageError(f"{key}: {type(part).__name__} must be fitted to training pictures; give data")
            found[key] = part.fit(training)
        part.take(found[key])
    return part
