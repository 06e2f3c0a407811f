"""Generated inputs: how many are tried, how files are damaged, and what must never happen.

COLOURIZE_TORTURE multiplies the number of inputs; above 1 they are new every time, and failures are reported as they
are (shrinking takes minutes). COLOURIZE_TRIED names a file for the counts.
"""

from __future__ import annotations

import functools
import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from colourize.errors import ColourizeError

TIMES = int(os.environ.get("COLOURIZE_TORTURE", "1"))
PATIENCE = 60  # seconds after which something hangs
tried: Counter[str] = Counter()


def trying(examples: int = 50, **strategies: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """Decorate a test of generated values: count them, and end one that hangs."""

    def decorated(test: Any) -> Any:
        @functools.wraps(test)
        def timed(*arguments: Any, **values: Any) -> None:
            tried[test.__name__] += 1
            before = signal.signal(signal.SIGALRM, _hangs)
            signal.alarm(PATIENCE)
            try:
                test(*arguments, **values)
            finally:
                signal.alarm(0)
                signal.signal(signal.SIGALRM, before)

        checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
        thorough = settings(
            max_examples=examples * TIMES, deadline=None, derandomize=TIMES == 1, database=None,
            suppress_health_check=checks, phases=[Phase.generate] if TIMES > 1 else tuple(Phase),
        )  # fmt: skip
        return thorough(given(**strategies)(timed))

    return decorated


def _hangs(*_: object) -> None:
    raise AssertionError(f"hangs for {PATIENCE} s")


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    yield
    if "COLOURIZE_TRIED" in os.environ:
        Path(os.environ["COLOURIZE_TRIED"]).write_text(json.dumps(tried))


class Trap:
    """Unpickling it creates a file."""

    sprung: Path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (str(self.sprung), "w")


@pytest.fixture(scope="module", autouse=True)
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    Trap.sprung = tmp_path_factory.mktemp("trap") / "sprung"
    yield
    assert not Trap.sprung.exists()


def check_message(error: ColourizeError) -> None:
    lines = str(error).splitlines()
    assert 1 <= len(lines) <= 2 and all(lines), lines


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file's contents as they are, cut off, overwritten here and there, or with something put in."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["cut", "overwrite", "insert"])):
            case "cut":
                del content[place:]
            case "overwrite":
                piece = draw(st.binary(min_size=1, max_size=8))
                content[place : place + len(piece)] = piece
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=8))
    return bytes(content)


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip
