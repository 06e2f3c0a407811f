"""Ctrl-C and SIGTERM end a script at once, and a training at the end of its step, after its state is saved.

with stopping.handled():               # as early as possible: a signal ends the process …
    with stopping.importing(False):    # … or raises Stopped, where exceptions propagate
        stopping.wait()                # … or is kept for `check`, at the end of a step
        ...
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

NAMES: dict[int, str] = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Stopped(SystemExit):
    """A signal ends this script; as in shells, its exit code is 128 plus the signal's number."""


@dataclass
class _State:
    names: dict[int, str] = field(default_factory=lambda: dict(NAMES))
    signum: int | None = None  # the first signal that arrived
    importing: bool = True
    waiting: bool = False
    ending: bool = False
    clean_up: Callable[[], None] = lambda: None


_state = _State()


@contextlib.contextmanager
def handled(more: Mapping[int, str] | None = None) -> Iterator[None]:
    """Handle both signals, and the signals → names in `more`, in the block.

    Within another such block, or outside the main thread, this does nothing.
    """
    global _state
    if are_handled() or threading.current_thread() is not threading.main_thread():
        yield
        return
    _state = _State({**NAMES, **(more or {})})
    before = {signum: signal.signal(signum, _handle) for signum in _state.names}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler if handler is not None else signal.SIG_DFL)
        _state = _State()


def clean_up_by(function: Callable[[], None]) -> None:
    """Set the function that cleans up when a signal ends the process without unwinding."""
    _state.clean_up = function


def are_handled() -> bool:
    """Whether this process runs within `handled`."""
    return signal.getsignal(signal.SIGINT) is _handle


@contextlib.contextmanager
def importing(is_so: bool = True) -> Iterator[None]:
    """In the block, a signal ends the process without unwinding, because an import might swallow an exception."""
    before, _state.importing = _state.importing, is_so
    try:
        yield
    finally:
        _state.importing = before


def wait() -> None:
    """Keep the first signal from here on for `check`; a second Ctrl-C stops at once."""
    if are_handled():
        for signum in _state.names:
            signal.signal(signum, _handle)  # Lightning may have replaced it
        _state.waiting = True


def wait_no_more() -> None:
    """Undo `wait`: signals act at once again, including one that is kept."""
    _state.waiting = False
    check()


def received() -> int | None:
    """The first signal that arrived."""
    return _state.signum


def requested() -> bool:
    """Whether a signal is kept."""
    return _state.signum is not None and not _state.ending


def check(by_another: bool = False) -> None:
    """Raise Stopped if this process, or another process of the run, keeps a signal."""
    if requested() or (by_another and not _state.ending):
        _state.ending, _state.waiting = True, False
        raise Stopped(128 + (_state.signum or signal.SIGTERM))


def _handle(signum: int, frame: object) -> None:
    is_first = _state.signum is None
    _state.signum = _state.signum or signum
    if not is_first and signum != signal.SIGINT:
        return  # a cluster repeats SIGTERM
    if _state.waiting and is_first:
        _print(f"{_state.names[signum]}: stopping at the end of this step; Ctrl-C stops at once")
        return
    if not _state.ending:
        _print(f"Stopped by {_state.names[signum]}")
    if _state.ending or _state.importing:
        with contextlib.suppress(Exception):
            _state.clean_up()
        os._exit(128 + signum)
    _state.ending, _state.waiting = True, False
    raise Stopped(128 + signum)


def _print(text: str) -> None:
    with contextlib.suppress(OSError):
        os.write(2, f"\n{text}\n".encode())  # the signal may have interrupted print itself
