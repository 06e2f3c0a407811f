"""Errors for people: one or two lines that name the key or file, what is wrong and what is allowed.

The console scripts print such an error without a traceback and end with its exit code
(`HYDRA_FULL_ERROR=1` shows the traceback). In Python they are ordinary exceptions.
"""


class ColourizeError(Exception):
    """What a user can mend; its text says how."""

    exit_code = 1


class UsageError(ColourizeError, ValueError):
    """A key, option or argument has a value that is not allowed."""

    exit_code = 2


class InputError(ColourizeError):
    """A file, folder or archive is missing, unreadable or not what it should be."""

    exit_code = 1


def check_count(key: str, value: object, least: int = 1) -> None:
    """Raise a UsageError unless `value` is a whole number of at least `least`; True and 2.0 are none."""
    if type(value) is not int or value < least:
        raise UsageError(f"{key}={value}: must be a whole number of at least {least}")


def one_line(error: object) -> str:
    """What an error says, or its kind where it says nothing, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
