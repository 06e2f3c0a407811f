"""Shows the progress of a prediction: bars on a terminal, and a line for each picture."""

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

Tell = Callable[..., None]  # prints a line, by default to sys.stdout


@contextlib.contextmanager
def shown(places: Sequence[Place]) -> Iterator[tuple[Callable[[Place], Advance], Tell]]:
    """Two functions: one begins a picture and returns its `Advance`; the other prints a line when it is done."""
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

        def begin(place: Place) -> Advance:
            progress.reset(current, description=escape(printable(place.source.name)))
            return lambda share: progress.advance(current, share)

        def tell(line: str, stream: TextIO | None = None) -> None:
            progress.advance(whole)
            # Printed without the bars and without rich's console, so that a path stays on one line and can be copied.
            if not progress.disable:
                progress.stop()
            print(printable(line), file=stream or sys.stdout, flush=True)
            if not progress.disable:
                progress.start()

        yield begin, tell
