"""Errors that a user can correct: one or two lines that name the key or file, what is wrong and what is allowed.

The console scripts print such an error without a traceback and end with its exit code
(`HYDRA_FULL_ERROR=1` shows the traceback). In Python they are ordinary exceptions.
"""

import errno
import re
import textwrap
from typing import TypeGuard

CPP_FRAMES = re.compile(r"\nException raised from |\n(?:C\+\+ )?CapturedTraceback|\nframe #0")  # torch appends these
FULL = (errno.ENOSPC, errno.EDQUOT)
LONGEST = 400  # maximum number of characters of a cause; torch writes thousands about a wrong state_dict


class ColourizeError(Exception):
    """An error that a user can correct."""

    exit_code = 1


class UsageError(ColourizeError, ValueError):
    """A key, option or argument has a value that is not allowed."""

    exit_code = 2


class InputError(ColourizeError):
    """A file, folder or archive is missing, unreadable or not what it should be."""


def full_disk(error: BaseException | None) -> OSError | None:
    """The system's error for a full disk or quota, if an error is one or was caused by one."""
    visited: list[BaseException] = []
    while error is not None and error not in visited:  # an error that is raised again can be its own context
        if isinstance(error, OSError) and error.errno in FULL:
            return error
        visited.append(error)
        error = error.__cause__ or error.__context__
    return None


def check_count(key: str, value: object, least: int = 1, most: int | None = None) -> None:
    """Raise a UsageError unless `value` is an int from `least` to `most`; True and 2.0 are refused."""
    if type(value) is not int or value < least or (most is not None and value > most):
        allowed = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise UsageError(f"{key}={one_line(value)}: must be a whole number {allowed}")


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is an int or a float; True and False are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_flag(key: str, value: object) -> None:
    """Raise a UsageError unless `value` is True or False; 0 and 1 are refused."""
    if not isinstance(value, bool):
        raise UsageError(f"{key}={one_line(value)}: must be true or false")


def one_line(error: object) -> str:
    """An error's text in one line, or its type if it has no text; a long text ends with … after a whole word."""
    text = CPP_FRAMES.split(str(error))[0]
    words = " ".join(text.split()).encode(errors="backslashreplace").decode()  # names may not be UTF-8
    words = "".join(each if each.isprintable() else repr(each)[1:-1] for each in words)  # no control characters
    if isinstance(error, KeyError) or (isinstance(error, BaseException) and not words):
        words = f"{type(error).__name__}: {words}".removesuffix(": ")  # the text of a KeyError is its key alone
    return textwrap.shorten(words, LONGEST, placeholder=" …", break_on_hyphens=False)
