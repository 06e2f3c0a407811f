"""`--help`, and lines that fit the terminal. The help is the same text as Hydra's own, in less than half the time.

For its help, Hydra reads every file of every group four times; here the names of the files are enough.
"""

from __future__ import annotations

import logging
import re
import shutil
import sys
import textwrap

import hydra
from omegaconf import OmegaConf

from colourize.configuration import config_dir

FLAGS = ("--help", "-h")
SHARED = "common"  # a folder of files that others include; its files are not options


def is_requested(arguments: list[str]) -> bool:
    """Whether help is the only flag; with another one, such as --config-dir, Hydra prints its own help."""
    flags = [argument for argument in arguments if argument.startswith("-")]
    return len(flags) == 1 and flags[0] in FLAGS


def text(config_name: str, overrides: list[str]) -> str:
    """The app's header, its groups with their options, and its configuration under the overrides."""
    with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
        config = hydra.compose(config_name, overrides, return_hydra_config=True)
    about, chosen = config.hydra.help, config.hydra.runtime.choices
    groups = [f"{group}: {', '.join(names)}" for group, names in options_by_group().items() if group in chosen]
    if groups:
        groups = ["== Configuration groups ==\nChoose one option each: group=option\n", *groups, ""]
    keys = OmegaConf.to_yaml(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]))
    # The comments in the app's own file, by key.
    source = (config_dir() / f"{config_name}.yaml").read_text(encoding="utf-8")
    comments = dict(re.findall(r"^(\w+):[^#\n]*# (.+)$", source, re.MULTILINE))
    lines = [(line, comments.get(line.partition(":")[0])) for line in keys.splitlines()]
    keys = "".join(f"{line:<18}  # {comment}\n" if comment else f"{line}\n" for line, comment in lines)
    heading = "== Configuration ==\nChange any of it: key.below=value\n"
    return "\n".join(map(_wrapped, "\n".join([about.header, "", *groups, heading, keys, about.footer]).split("\n")))


def _wrapped(line: str) -> str:
    before, hash_, _ = line.partition("  # ")
    return wrapped(line, f"{' ' * len(before)}  # " if hash_ else " " * (len(line) - len(line.lstrip()) + 4))


def options_by_group() -> dict[str, list[str]]:
    """All groups and their options, in alphabetical order."""
    groups = sorted(path for path in config_dir().iterdir() if path.is_dir() and path.name != SHARED)
    return {group.name: sorted(path.stem for path in group.glob("*.yaml")) for group in groups}


def wrapped(line: str, indent: str) -> str:
    """A line in pieces that fit the terminal, or 80 columns without one; the pieces after the first are indented."""
    width = shutil.get_terminal_size().columns
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


class TerminalFormatter(logging.Formatter):
    """Wraps messages on a terminal; lines of a file or a pipe stay whole, for programs that search them."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not sys.stdout.isatty():
            return text
        first, *others = text.splitlines() or [""]
        return "\n".join([wrapped(first, " " * 9), *others])  # below the message, behind the time


def wrap_log() -> None:
    """Wrap what the log, as Hydra has set it up, shows on the terminal; a log file's lines stay whole."""
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler and handler.formatter is not None:
            handler.setFormatter(TerminalFormatter(handler.formatter._fmt, handler.formatter.datefmt))
