"""Finds the configuration's folder, and builds objects from parts of the configuration.

This module must not import torch or lightning, nor hydra at the top, since shell completion would wait for them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from colourize.errors import ColourizeError, UsageError, one_line


def config_dir() -> Path:
    """The folder `conf`: inside the package in an installed wheel, beside the package in a checkout."""
    packaged = Path(__file__).parent / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "conf"


def as_list(value: Any) -> list[Any]:
    """The values of a setting that may be one value or a list of them."""
    is_list = isinstance(value, Sequence) and not isinstance(value, str)  # OmegaConf's lists are sequences
    return list(value) if is_list else [value]


def part_class(key: str, config: Any) -> Any:
    """The class that a configuration's `_target_` names; a UsageError if it is missing or cannot be imported."""
    from hydra.utils import get_object

    if not (config and "_target_" in config):
        name = key.removeprefix("task.")
        raise UsageError(f"{name}: missing; {name}=… names one")
    hydras = logging.getLogger("hydra.utils")  # silenced, as it would print the error too
    hydras.disabled = True
    try:
        return get_object(str(config["_target_"]))
    except Exception as error:
        raise UsageError(
            f"{key}._target_={config['_target_']}: cannot be imported ({one_line(_cause(error))})"
        ) from error
    finally:
        hydras.disabled = False


def build_part(key: str, config: Any, *arguments: Any, **more: Any) -> Any:
    """Build the object that a configuration's `_target_` and arguments describe, with further arguments.

    Our own errors pass unchanged; any other error becomes a UsageError with the configuration's key.
    """
    from hydra.utils import instantiate

    part_class(key, config)
    try:
        return instantiate(config, *arguments, **more)
    except Exception as error:
        cause = _cause(error)
        if not isinstance(cause, ColourizeError):
            reason = one_line(cause)
            if "can't allocate memory" in reason:  # torch's
                reason = "needs more memory than this machine has; must be made of smaller numbers"
            elif not isinstance(cause, (TypeError, ValueError, OSError)):
                reason += "; HYDRA_FULL_ERROR=1 shows where"
            name = str(config["_target_"]).rpartition(".")[2]
            raise UsageError(f"{key}={name}: {reason}") from error
    raise cause  # outside the block, so that Hydra's error does not become its context


def _cause(error: BaseException) -> BaseException:
    """The first cause of an error, below Hydra's own errors of several lines."""
    while error.__cause__ is not None and not isinstance(error, ColourizeError):
        error = error.__cause__
    return error
