"""Errors for people: one or two lines that name the key or file, what is wrong and what is allowed.

The console scripts print such an error without a traceback and end with its exit code
(`HYDRA_FULL_ERROR=1` shows the traceback). In Python they are ordinary exceptions.
"""

import errno
import re
import textwrap

CPP_FRAMES = re.compile(r"\nException raised from |\n(?:C\+\+ )?CapturedTraceback|\nframe #0")  # what torch appends
FULL = (errno.ENOSPC, errno.EDQUOT)
LONGEST = 400  # characters of a cause: what torch says of a state_dict that does not fit has thousands


class ColourizeError(Exception):
    """What a user can mend; its text says how."""

    exit_code = 1


class UsageError(ColourizeError, ValueError):
    """A key, option or argument has a value that is not allowed."""

    exit_code = 2


class InputError(ColourizeError):
    """A file, folder or archive is missing, unreadable or not what it should be."""

    exit_code = 1


def full_disk(error: BaseException | None) -> OSError | None:
    """The full disk, or used up quota, that an error tells of or was raised for; None: there is none."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:  # one that is raised again may stand behind itself
        if isinstance(error, OSError) and error.errno in FULL:
            return error
        seen.append(error)
        error = error.__cause__ or error.__context__
    return None


def check_count(key: str, value: object, least: int = 1, most: int | None = None) -> None:
    """Raise a UsageError unless `value` is a whole number from `least` to `most`; True and 2.0 are none."""
    if type(value) is not int or value < least or (most is not None and value > most):
        allowed = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise UsageError(f"{key}={one_line(value)}: must be a whole number {allowed}")


def check_flag(key: str, value: object) -> None:
    """Raise a UsageError unless `value` is True or False; 0 and 1 are neither."""
    if not isinstance(value, bool):
        raise UsageError(f"{key}={one_line(value)}: must be true or false")


def one_line(error: object) -> str:
    """What an error says in one line, or its kind where it says nothing; a long one ends with …, after a whole word."""
    text = CPP_FRAMES.split(str(error))[0]
    words = " ".join(text.split()).encode(errors="backslashreplace").decode()  # of names that are no UTF-8
    words = "".join(each if each.isprintable() else repr(each)[1:-1] for each in words)  # a terminal would obey
    if isinstance(error, KeyError) or (isinstance(error, BaseException) and not words):
        words = f"{type(error).__name__}: {words}".removesuffix(": ")  # a KeyError says its key alone
    return textwrap.shorten(words, LONGEST, placeholder=" …", break_on_hyphens=False)
