"""Lines that fit the terminal: those of `--help`, and log messages."""

from __future__ import annotations

import logging
import shutil
import sys
import textwrap


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
