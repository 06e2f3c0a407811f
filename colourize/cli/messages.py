"""The errors of Hydra and OmegaConf in people's words: the key, what is wrong, what is allowed."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from colourize.cli.help import options_by_group
from colourize.errors import ColourizeError, InputError, UsageError, one_line

NOT_TYPED = ("hydra", "output_dir")
# Of a place that cannot be written to or read from; of others the program may be at fault.
PLACES = {getattr(errno, name, 0) for name in (
    "EACCES", "EEXIST", "EISDIR", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOSPC", "ENOTDIR", "EPERM", "EROFS", "EDQUOT",
)}  # fmt: skip


def mendable(error: BaseException, conf: Path) -> ColourizeError | None:
    """The error that a user can mend, wherever it stands in the chain; None for a fault of the program.

    Args:
        error: whatever ended the app.
        conf: the folder of the configuration, whose folders are the groups.
    """
    for cause in _chain(error):
        if isinstance(cause, ColourizeError):
            return cause
        if isinstance(cause, OSError) and cause.errno in PLACES and isinstance(cause.filename, str):
            return InputError(f"{_place(cause.filename)}: {cause.strerror}; must be a place that can be used")
    told = _told(error, conf)
    return UsageError(told) if told else None


def printable(text: str) -> str:
    """A message as a terminal may have it: no control characters, and no line ends but the message's own."""
    for word in sys.argv[1:]:
        value = word.partition("=")[2]
        if "\n" in value:
            text = text.replace(value, value.replace("\n", "\\n"))
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def check_sweeps(conf: Path) -> None:
    """Raise a UsageError where a typed sweep has no values: Hydra would run no job, and call that a success."""
    for each in _typed():
        if not each.is_sweep_override():
            continue
        value = each.value()
        if isinstance(value, Glob):
            values: Iterator[object] = iter(value.filter(options_by_group(conf).get(each.key_or_group, [])))
        else:
            values = each.sweep_iterator()
        if next(values, None) is None:
            raise UsageError(f"{each.input_line}: stands for no value at all, and so for no job")


def check_groups(conf: Path) -> None:
    """Raise a UsageError where a group is to take a list of other things than names, of which Hydra knows no error."""
    groups = options_by_group(conf)
    for each in _typed():
        value = None if each.is_delete() or each.is_sweep_override() else each.value()
        if each.key_or_group in groups and isinstance(value, list) and not all(isinstance(one, str) for one in value):
            raise UsageError(f"{each.input_line}: a group takes one of its options, as in group=option")


def _told(error: BaseException, conf: Path) -> str | None:
    text, cause = str(error), error.__cause__
    if isinstance(error, OverrideParseException):
        what = "not understood" if "=" in str(error.override) else "has no value"
        return f"{error.override}: {what}; arguments are key=value{_quoting(error.override)}"
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        options = error.options or options_by_group(conf).get(group)  # Hydra names none where a list was typed
        if options:
            return f"{group}={option}: must be one of {', '.join(options)}"
    if isinstance(cause, (ConfigAttributeError, ConfigKeyError)):  # Could not override 'data.foo'. To append to …
        return _unknown(_quoted(text) or str(cause.full_key), cause)
    if text.startswith("Ambiguous value"):
        wrong = " ".join(each.input_line or "" for each in _typed() if each.is_sweep_override())
        return f"{wrong}: several values are a sweep, with -m; a list is written key=[a,b]"
    if text.startswith("Config group override must be"):  # logger=null, or =3
        groups = ("", *options_by_group(conf))
        wrong = " ".join(
            each.input_line or ""
            for each in _typed()
            if each.key_or_group in groups and not (each.is_delete() or isinstance(each.value(), str))
        )
        return f"{wrong}: a group takes one of its options, as in group=option; ~group removes it"
    if text.startswith("Only one of --run"):
        return "-m: goes without --cfg and --info, which show one run; leave it out, and give each key one value"
    if text.startswith("The --resolve flag"):
        return "--resolve: goes with --cfg, as in --cfg job --resolve"
    if text.startswith("Multiple values for "):  # +model=cnn
        group = text.removeprefix("Multiple values for ").partition(".")[0]
        return f"{group}: has an option already; {group}=… without + takes another"
    if isinstance(error, RuntimeError) and '"srun"' in text:
        return "launcher=submitit: there is no SLURM here (no srun); joblib runs jobs side by side as well"
    if "n_jobs == 0" in text:  # joblib's
        return "hydra.launcher.n_jobs=0: must be a number of jobs at a time, or -1 for one a core"
    if type(error).__name__ == "MisconfigurationException":  # Lightning's; to import it takes seconds
        return f"trainer: {one_line(error)}"
    if isinstance(error, OmegaConfBaseException):
        key = f"{error.full_key}: " if error.full_key else ""
        return key + text.partition("\n")[0]
    if isinstance(error, HydraException):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        because = [] if cause is None else [str(cause).partition("\n")[0]]
        return ": ".join([" ".join(lines[:2]), *because])
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _typed() -> Iterator[Override]:
    """What was typed, as Hydra understands it."""
    parser = OverridesParser.create()
    for word in sys.argv[1:]:
        if not word.startswith("-"):
            with contextlib.suppress(HydraException):  # what follows a flag is none
                yield parser.parse_override(word)


def _place(file: str) -> str:
    """A file as it is told: with the key whose value it is or lies under, where one was typed."""
    path = os.path.abspath(file)
    for each in _typed():
        key, value = each.key_or_group, str(each.value())
        if value and os.path.commonpath([path, os.path.abspath(value)]) == os.path.abspath(value) != os.getcwd():
            return f"{key}={value}" if path == os.path.abspath(value) else f"{key}={value}: {file}"
    return file


def _quoted(text: str) -> str:
    """The first thing that a message quotes."""
    return text.partition("'")[2].partition("'")[0]


def _quoting(word: str) -> str:
    """How a word that Hydra did not understand is quoted: for Hydra, and again for the shell."""
    key, equals, value = word.partition("=")
    if not equals:
        return ""
    shown = "'key=\"…\"'" if set(value) & set("\"'\\[]{}") else shlex.quote(f'{key}="{value}"')
    return f", and a value with other characters than letters, digits and ./:-_ is quoted twice: {shown}"


def _unknown(key: str, cause: ConfigAttributeError | ConfigKeyError) -> str:
    """A key that is not there, and those beside it: OmegaConf's error holds the node that was searched."""
    parent = str(cause.full_key).rpartition(".")[0]
    beside = cause.parent_node if isinstance(cause.parent_node, DictConfig) else {}
    names = [str(name) for name in beside if name not in NOT_TYPED and not str(name).startswith("_")]
    allowed = f"has {', '.join(names)}" if names else "has no keys below it"
    return f"{key}: there is no such key; {parent or 'the top level'} {allowed}"
