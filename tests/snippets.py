"""The code blocks of docs/extending.md, as readers use them: a module, a YAML file, what is typed."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import yaml
from omegaconf import DictConfig


class Snippet(NamedTuple):
    """Something of one's own: its module and code, its option, YAML file, and the words that use it."""

    module: str  # "colourize.models.two_layers"
    python: str
    option: str  # "model/two_layers"
    yaml: str
    typed: list[str]


def read(text: str) -> dict[str, Snippet]:
    """By option, in the text's order."""
    found = re.findall(
        r"`colourize/(\S+)\.py`, then `([^`]+)`:\n\n```python\n(.*?)```\n\n```yaml\n(.*?)```", text, re.DOTALL
    )
    snippets = [
        Snippet(f"colourize.{module.replace('/', '.')}", python, option_of(contents), contents, typed.split())
        for module, typed, python, contents in found
    ]
    return {snippet.option: snippet for snippet in snippets}


def option_of(contents: str) -> str:
    """The option that a YAML file is, as its comment says."""
    (option,) = re.findall(r"^# conf/(\S+)\.yaml$", contents, re.MULTILINE)
    return str(option)


def python_blocks(text: str) -> dict[str, str]:
    """The Python of each section, by its heading."""
    sections = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    pairs = zip(sections[1::2], sections[2::2], strict=True)
    return {heading: "\n".join(re.findall(r"^```python\n(.*?)^```", body, re.M | re.S)) for heading, body in pairs}


def lines_of_code(python: str) -> int:
    """Lines without imports, blank ones and comments."""
    lines = (line.strip() for line in python.splitlines())
    return sum(bool(line) and not line.startswith(("#", "import ", "from ")) for line in lines)


class Adder:
    """Does what a text says for an option, and composes with it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, compose: Callable[..., DictConfig]) -> None:
        self.folder, self.monkeypatch, self.compose = folder, monkeypatch, compose

    def __call__(self, snippet: Snippet, *overrides: str, typed: list[str] | None = None) -> DictConfig:
        """The configuration under overrides and the snippet's own words, or `typed` ones instead of these."""
        new = ModuleType(snippet.module)
        exec(compile(snippet.python, f"{snippet.module}.py", "exec", dont_inherit=True), vars(new))
        self.monkeypatch.setitem(sys.modules, snippet.module, new)
        parent, _, name = snippet.module.rpartition(".")
        self.monkeypatch.setattr(importlib.import_module(parent), name, new, raising=False)
        self.write(snippet.option, snippet.yaml)
        assert snippet.option.replace("/", "=") in snippet.typed
        return self.compose(*overrides, *(snippet.typed if typed is None else typed), self.search_path)

    def write(self, option: str, contents: str) -> None:
        """A YAML file of the text, beside the project's own."""
        assert isinstance(yaml.safe_load(contents), dict)  # YAML for any reader, not only for OmegaConf
        file = self.folder / f"{option}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(contents)

    @property
    def search_path(self) -> str:
        return f"hydra.searchpath=[file://{self.folder}]"
