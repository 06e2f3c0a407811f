"""How far a prediction is: bars on a terminal, and a line for each picture, there as elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from colourize.cli.messages import printable
from colourize.prediction.places import Place
from colourize.prediction.predictor import Advance

Tell = Callable[..., None]  # a line, and where it goes: sys.stdout unless another stream is named


@contextlib.contextmanager
def shown(places: Sequence[Place]) -> Iterator[tuple[Callable[[Place], Advance], Tell]]:
    """Two functions: one to be called as each picture begins, which returns its `Advance`; one that prints a line."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=40)),
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4)),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        whole = progress.add_task("Pictures", total=len(places), visible=len(places) > 1)
        current = progress.add_task("", total=1.0)
        count = 0

        def begin(place: Place) -> Advance:
            nonlocal count
            count += 1
            progress.reset(current, description=escape(printable(place.source.name)))
            return lambda share: progress.advance(current, share)

        def tell(line: str, stream: TextIO | None = None) -> None:
            # Not the console's: a path must stay on one line to be copied.
            progress.update(whole, completed=count)
            with _above(progress):
                print(printable(line), file=stream or sys.stdout, flush=True)

        yield begin, tell


@contextlib.contextmanager
def _above(progress: Progress) -> Iterator[None]:
    """Take the bars away while something is printed."""
    if progress.disable:
        yield
        return
    progress.stop()
    try:
        yield
    finally:
        progress.start()
