"""colourize: train, measure and inspect networks that colour grey pictures and enlarge small ones.

>>> task = colourize.load("outputs/…/checkpoints/best.ckpt")
>>> logits = task(grey)          # (N, 1, H, W) in [0, 1] → the network's output
>>> task.pictures(logits, grey)  # … as pictures, RGB in [0, 1]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from colourize.checkpoints import load

__version__ = "0.2.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    # Deferred, because torch and lightning take seconds to import, and `colourize-train --help` needs neither.
    if name == "load":
        from colourize.checkpoints import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
