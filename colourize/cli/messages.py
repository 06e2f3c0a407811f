"""Turns errors of Hydra, OmegaConf, Lightning or the system into messages, if the user can correct them."""

from __future__ import annotations

import contextlib
import difflib
import errno
import re
import shlex
import sys
from collections.abc import Iterator
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from colourize.cli.help import options_by_group
from colourize.configuration import config_dir
from colourize.errors import ColourizeError, InputError, UsageError, full_disk, one_line
from colourize.runs.method_settings import flat

NOT_TYPED = ("hydra", "output_dir")
ALIKE = 0.65  # minimum similarity of a suggested key; "batch" and "batch_size" have 0.67
# Names in other programs → ours.
ALIASES = {"learning_rate": "lr", "num_epochs": "max_epochs", "epoch": "max_epochs", "device": "accelerator"}
# Errors of paths that cannot be written or read; other system errors may be bugs.
PATH_ERRORS = {getattr(errno, name, 0) for name in (
    "EACCES", "EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOTDIR", "EPERM", "EROFS",
)}  # fmt: skip


def user_error(error: BaseException) -> ColourizeError | None:
    """The error to print, from anywhere in the chain of causes; None for a bug."""
    full = full_disk(error)
    if full is not None:
        where = f"{full.filename}: " if full.filename else ""
        return InputError(f"{where}the disk is full ({full.strerror or 'no space'}); files saved before are whole")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ColourizeError):
            return cause
        if isinstance(cause, OSError) and cause.errno in PATH_ERRORS and isinstance(cause.filename, str):
            return InputError(f"{cause.filename}: {cause.strerror}; must be a place that can be used")
        cause = cause.__cause__
    message = _message(error)
    return UsageError(message) if message else None


def printable(text: str) -> str:
    """A message without control characters except its own line ends."""
    for word in sys.argv[1:]:
        value = word.partition("=")[2]
        if "\n" in value:
            text = text.replace(value, value.replace("\n", "\\n"))
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def check_arguments(config_name: str = "train") -> None:
    """Raise a UsageError for arguments that Hydra would accept silently, or answer with its usage or a traceback.

    A sweep without values would run no job and succeed; a group takes no list of numbers.
    """
    _check_flags(config_name)
    groups = options_by_group()
    for each in _typed():
        value = None if each.is_delete() else each.value()
        if each.is_sweep_override():
            options = groups.get(each.key_or_group, [])
            values = iter(value.filter(options)) if isinstance(value, Glob) else each.sweep_iterator()
            if next(values, None) is None:
                raise UsageError(f"{each.input_line}: has no values, and so there is no job")
        names = value if isinstance(value, list) else []
        if each.key_or_group == "experiment" and len(names) > 1:
            raise UsageError(f"{each.input_line}: must be one experiment; run one after the other")
        if each.key_or_group in groups and not all(isinstance(name, str) for name in names):
            raise UsageError(f"{each.input_line}: a group takes names of its options")


def _message(error: BaseException) -> str | None:
    """An error of Hydra, OmegaConf or Lightning in one line; None for other errors."""
    text, cause = str(error), error.__cause__
    if isinstance(error, OverrideParseException):
        problem = "is not understood" if "=" in str(error.override) else "has no value"
        return f"{error.override}: {problem}; arguments are key=value{_quoting_hint(error.override)}"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = error.options or options_by_group().get(group)  # Hydra gives none for a list of names
        if options:
            return f"{group}={option}: must be one of {', '.join(options)}"
    if isinstance(cause, (ConfigAttributeError, ConfigKeyError)):  # Could not override 'data.foo'. To append to …
        return _unknown_key(text.partition("'")[2].partition("'")[0] or str(cause.full_key), cause)
    if isinstance(error, OmegaConfBaseException):
        return (f"{error.full_key}: " if error.full_key else "") + text.partition("\n")[0]
    if isinstance(error, HydraException):
        ambiguous = re.match("Ambiguous value for argument '(.*)'", text)
        if ambiguous:
            return f"{ambiguous[1]}: has several values; a sweep over them needs -m, a list is written [a,b]"
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return ": ".join([" ".join(lines[:2]), *([one_line(cause)] if cause else [])])
    if isinstance(error, ValueError) and _is_hydras(error):  # about flags, or an override such as logger=null
        groups = ("", *options_by_group())
        typed = [each for each in _typed() if each.key_or_group in groups and not each.is_delete()]
        wrong = [str(each.input_line) for each in typed if not isinstance(each.value(), (str, list))]
        return ": ".join([*wrong, one_line(error)])
    if type(error).__module__.startswith("lightning.") and isinstance(error, Exception):
        return f"trainer: {one_line(error)}"  # its class is not imported here, which takes seconds
    return None


def _is_hydras(error: BaseException) -> bool:
    """Whether Hydra's own code raised an error."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return frame is not None and str(frame.tb_frame.f_globals.get("__name__")).startswith("hydra.")


def _typed() -> Iterator[Override]:
    """The words of the command line, parsed by Hydra."""
    parser = OverridesParser.create()
    for word in sys.argv[1:]:
        if not word.startswith("-"):
            with contextlib.suppress(HydraException):  # the word after a flag is not an override
                yield parser.parse_override(word)


def _quoting_hint(word: str) -> str:
    """How to quote a value that Hydra cannot parse: once for Hydra, and once for the shell."""
    key, equals, value = word.partition("=")
    if not equals:
        return ""
    shown = "'key=\"…\"'" if set(value) & set("\"'\\[]{}") else shlex.quote(f'{key}="{value}"')
    return f", and a value with other characters than letters, digits and ./:-_ is quoted twice: {shown}"


def _unknown_key(key: str, cause: ConfigAttributeError | ConfigKeyError) -> str:
    """Suggest a similar key, or list the keys on its level; OmegaConf's error has the node that was searched."""
    parent = str(cause.full_key).rpartition(".")[0]
    node = cause.parent_node if isinstance(cause.parent_node, DictConfig) else OmegaConf.create()
    meant = _meant(key.rpartition(".")[2], node._get_root())
    if meant and meant.startswith(f"{parent}." if parent else ""):
        return f"{key}: there is no such key; did you mean {meant}?"
    names = [str(name) for name in node if name not in NOT_TYPED and not str(name).startswith("_")]
    allowed = f"has {', '.join(names)}" if names else "has no keys below it"
    return f"{key}: there is no such key; {parent or 'the top level'} {allowed}"


def _meant(word: str, config: Any) -> str | None:
    """The group, or the key whose last part is the most similar to a word: `trainer.max_epochs` for "epochs"."""
    composed: Any = OmegaConf.to_container(
        OmegaConf.masked_copy(config, [str(key) for key in config if key not in NOT_TYPED])
    )
    keys = [key for key, _ in flat(composed) if not key.rpartition(".")[2].startswith("_")]
    parts = {part for key in keys for part in key.split(".")}
    keys += [group for group in options_by_group() if group in parts]

    def likeness(key: str) -> tuple[bool, float, int]:
        last, wanted = key.rpartition(".")[2], ALIASES.get(word, word)
        ratio = difflib.SequenceMatcher(None, wanted, last).ratio()
        return wanted in last.split("_"), ratio, -len(key.split("."))

    best = max(keys, key=likeness, default=None)
    return best if best and likeness(best)[1] >= ALIKE else None


def _check_flags(config_name: str) -> None:
    """Raise a UsageError for a word such as `--epochs` that is not a flag of Hydra."""
    flags = get_args_parser()._option_string_actions
    for place, word in enumerate(sys.argv[1:], 1):
        name, equals, value = word.partition("=")
        if not word.startswith("--") or name in flags or any(flag.startswith(name) for flag in flags):
            continue
        if not equals:
            following = "".join(sys.argv[place + 1 : place + 2])
            value = "…" if not following or following.startswith("-") or "=" in following else following
        with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
            config = hydra.compose(config_name)
        key = name.lstrip("-").replace("-", "_")
        meant = key if OmegaConf.select(config, key) is not None else _meant(key, config)
        instead = f"type {meant}={value}" if meant else "arguments are key=value"
        raise UsageError(f"{word}: there is no such flag; {instead}")
