"""Where the configuration lies; no import of torch or lightning belongs here, as shell completion waits for it."""

from __future__ import annotations

from pathlib import Path


def config_dir() -> Path:
    """The folder `conf`: packaged inside an installed wheel, beside the package in a checkout."""
    packaged = Path(__file__).parent / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "conf"
