"""The groups and options of conf/, found by listing the files, and what each file says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colourize.configuration import config_dir

CONF = config_dir()
# Options of `common` are what others are made of; nobody chooses them.
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir() and path.name != "common")
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
SMALL = ("data.num_train=8", "data.num_val=4", "data.num_test=4")
TINY = (
    "data=synthetic",
    *SMALL,
    "data.batch_size=4",
    "data.palette=4",
    "model.num_filters=4",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
    "callbacks.progress=null",
)


def defaults_of(path: Path) -> list[tuple[str, str]]:
    """What an option's file takes or chooses of other groups: `override /model`, `/common@_here_`, …"""
    entries = OmegaConf.load(path).get("defaults", [])
    return [(str(key), option) for entry in entries if isinstance(entry, DictConfig) for key, option in entry.items()]


def overridden(path: Path) -> Iterator[tuple[str, str]]:
    """The other groups that an option's file chooses for, and what it chooses there."""
    for key, option in defaults_of(path):
        if key.startswith("override "):
            yield key.removeprefix("override ").removeprefix("/"), option


def own_values(path: Path) -> Iterator[tuple[str, Any]]:
    """The plain values that an option's file sets, or takes from `common`, each under its full key."""
    package = re.search(r"^# @package (\S+)", path.read_text(), re.MULTILINE)
    prefix = package.group(1) if package else path.parent.name

    def walk(prefix: str, node: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(node, dict):
            for key, value in node.items():
                yield from walk(f"{prefix}.{key}" if prefix else key, value)
        elif not (isinstance(node, str) and ("${" in node or node == "???")):
            yield prefix, node

    for file in (path, *(CONF / "common" / f"{name}.yaml" for key, name in defaults_of(path) if "@_here_" in key)):
        contents = OmegaConf.to_container(OmegaConf.load(file))
        assert isinstance(contents, dict)
        contents.pop("defaults", None)
        yield from walk("" if prefix == "_global_" else prefix, contents)
