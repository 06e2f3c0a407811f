"""Inject faults into this process's file writes: at a write site, at one of its steps, at the n-th time."""

from __future__ import annotations

import ast
import builtins
import errno
import functools
import io
import os
import signal
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import colourize

PACKAGE = Path(colourize.__file__).parent
OUR_WRITERS = PACKAGE / "files.py"
WRITERS = ("write_whole", "write_json", "whole_file")
MARKS = (".part.", "cifar10.part")  # in the paths of what is not whole yet

# Steps of a write, and the faults there; at "write" half of the content is written first.
FAULTS = (
    ("write", "no space"), ("write", "crash"), ("fsync", "no space"), ("replace", "crash"), ("replace", "no space"),
    ("replaced", "crash"),
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What happens the `nth` time that a site comes to a step."""

    site: str
    step: str
    kind: str
    nth: int


class Injection:
    """Watches every step of every write in this process, and injects a fault into one of them.

    Args:
        fault: None: the steps are only counted.
        kept: a file for the sites and steps, a line each.
    """

    def __init__(self, kept: Path, fault: Fault | None = None) -> None:
        self.kept, self.fault = kept, fault
        self.seen = 0
        self.opened: dict[int, str] = {}  # the files of descriptors

    def install(self) -> None:
        """Replace Python's functions that write files, for the rest of this process."""
        real_open, real_fsync, real_replace = io.open, os.fsync, os.replace

        def opening(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
            opened = real_open(file, mode, *rest, **more)
            if isinstance(file, (str, os.PathLike)) and any(mark in str(file) for mark in MARKS):
                self.opened[opened.fileno()] = str(file)
                if set(mode) & set("wax"):
                    return self._writing(opened)
            return opened

        def fsync(descriptor: int) -> None:
            if self.opened.pop(descriptor, None):  # a folder may have the number next
                self._come_to("fsync")
            real_fsync(descriptor)

        def replace(old: Any, new: Any, **more: Any) -> None:
            is_new = any(mark in str(old) for mark in MARKS)
            if is_new:
                self._come_to("replace")
            real_replace(old, new, **more)
            if is_new:
                self._come_to("replaced")

        io.open = builtins.open = opening  # type: ignore[assignment]
        os.fsync, os.replace = fsync, replace  # type: ignore[assignment]

    def _writing(self, file: Any) -> Any:
        injection = self

        class Half:
            """A file whose first write may fail half-way."""

            def __init__(self) -> None:
                self.written = False

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def __enter__(self) -> Any:
                return self

            def __exit__(self, *error: Any) -> Any:
                return file.__exit__(*error)

            def write(self, content: Any) -> int:
                if not self.written and content:  # matplotlib tries a file with an empty write
                    self.written = True
                    injection._come_to("write", lambda: (file.write(content[: len(content) // 2]), file.flush()))
                return int(file.write(content))

        return Half()

    def _come_to(self, step: str, half: Callable[[], object] = lambda: None) -> None:
        site = _site()
        with self.kept.open("ab", buffering=0) as file:
            file.write(f"{site} {step}\n".encode())
        if self.fault is None or (site, step) != (self.fault.site, self.fault.step):
            return
        self.seen += 1
        if self.seen == self.fault.nth:
            half()
            if self.fault.kind == "crash":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _site() -> str:
    """The active write site and its caller: `runs/tables.py:write_table<callbacks/metrics_csv.py`."""
    frame: types.FrameType | None = sys._getframe(1)
    site = None
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(PACKAGE) and path != OUR_WRITERS:
            place = path.relative_to(PACKAGE)
            if site is not None and not site.startswith(f"{place}:"):
                return f"{site}<{place}"
            names = [name for line, name in sites_of(path).items() if line <= frame.f_lineno]
            site = site or (names[-1] if names else f"elsewhere:{place}")
        frame = frame.f_back
    return site or "elsewhere"


@functools.cache
def sites_of(path: Path) -> dict[int, str]:
    """The lines of a module that write a file, and their names: `runs/tables.py:write_table`."""
    found: dict[int, str] = {}
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
            lines = sorted(call.lineno for call in calls if ast.unparse(call.func) in WRITERS)
            for number, line in enumerate(lines, 1):
                count = f":{number}" if len(lines) > 1 else ""
                found[line] = f"{path.relative_to(PACKAGE)}:{function.name}{count}"
    return dict(sorted(found.items()))


def all_sites() -> set[str]:
    """Every write site of the project."""
    return {name for path in PACKAGE.rglob("*.py") if path != OUR_WRITERS for name in sites_of(path).values()}
