"""Decides which classes a file may name, before anything but this project and torch is imported.

A checkpoint names its classes. An attacker could name anything, such as `subprocess.Popen`, to have it called.
Therefore a file may only name classes of this project that are modules, optimisers or data; torch's own layers,
optimisers and schedules; and classes of packages that the user trusts by name.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from lightning import LightningDataModule
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from colourize.configuration import as_list
from colourize.errors import InputError, UsageError, one_line

# Module → the base class that its allowed classes must have. They must be defined there; importing runs nothing new.
LIBRARIES: dict[str, type] = {
    "torch.nn": nn.Module,
    "torch.optim": Optimizer,
    "torch.optim.lr_scheduler": LRScheduler,
    "torchvision.ops": nn.Module,
}
KNOWN = {name.partition(".")[0] for name in LIBRARIES}  # packages that are not a user's own
OWN: tuple[type, ...] = (nn.Module, Optimizer, LightningDataModule)
NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
TARGET = "_target_"


def packages(trust: object) -> list[str]:
    """The trusted packages as a list; a UsageError for a value that is not a name, or for a part of Python."""
    names = [] if trust is None else as_list(trust)
    for name in names:
        if not isinstance(name, str):
            raise UsageError(f"trust={one_line(trust)}: must be the name of a package of yours, or a list of them")
        if _is_pythons(name):
            raise UsageError(f"trust={name}: is a part of Python, no package of yours; its classes are never trusted")
    return names


def check_names(where: str, contents: Any, trusted: Iterable[str] = ()) -> None:
    """Raise an InputError if nested plain values name, under `_target_`, a class that is not trusted.

    Texts that OmegaConf would resolve (`${…}`) are refused too, as they could become such a name.

    Args:
        where: the beginning of the message, such as "checkpoint=best.ckpt".
    """
    for name in _names(where, contents):
        check_name(where, name, trusted)


def check_name(where: str, name: object, trusted: Iterable[str] = ()) -> None:
    """Refuse a single name; see `check_names`."""
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise InputError(f"{where}: names {one_line(repr(name))} as a class, which is no dotted name")
    module, _, attribute = name.rpartition(".")
    package = name.partition(".")[0]
    if package in trusted or _is_allowed(module, attribute):
        return
    if package == "colourize":
        raise InputError(f"{where}: names {name}, which is no part of a task in this version of the project")
    hint = "" if _is_pythons(package) or package in KNOWN else f"; if it is yours, trust={package} allows it"
    raise InputError(f"{where}: names {name}, which is no class of this project, and no part of torch{hint}")


def _is_pythons(package: str) -> bool:
    return package.partition(".")[0] in sys.stdlib_module_names


def _names(where: str, contents: Any) -> Iterator[object]:
    if isinstance(contents, dict):
        for key, value in contents.items():
            if key == TARGET:
                yield value
            yield from _names(where, key)
            yield from _names(where, value)
    elif isinstance(contents, (list, tuple, set, frozenset)):
        for each in contents:
            yield from _names(where, each)
    elif isinstance(contents, str) and "${" in contents:
        raise InputError(f"{where}: holds the text {contents!r}, a reference; a file holds plain values only")


def _is_allowed(module: str, attribute: str) -> bool:
    """Whether a module of ours or of LIBRARIES defines this class, and the class has an allowed base."""
    if module.partition(".")[0] == "colourize":
        kinds, home = OWN, "colourize"
    elif module in LIBRARIES:
        kinds, home = (LIBRARIES[module],), module.rpartition(".")[0] or module
    else:
        return False
    try:
        found = vars(importlib.import_module(module)).get(attribute)
    except Exception:  # the module is missing, or cannot be loaded, such as a torchvision for another torch
        return False
    # It must be defined there and not only imported, as a module's `os` and `instantiate` are attributes, too.
    return isinstance(found, type) and issubclass(found, kinds) and f"{found.__module__}.".startswith(f"{home}.")
