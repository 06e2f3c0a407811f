"""What the errors of others become in one line."""

from __future__ import annotations

import pytest

from colourize.errors import LONGEST, one_line


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("size mismatch:\n\t  (4, 3) there\n"), "size mismatch: (4, 3) there"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (KeyError("lr"), "KeyError: 'lr'"),
    ],
)
def test_a_cause_in_one_line(error: Exception, told: str) -> None:
    assert one_line(error) == told


def test_a_long_cause_ends_after_a_whole_word() -> None:
    words = [f"model.block-{number}.weight" for number in range(200)]
    told = one_line(RuntimeError("Missing keys: " + " ".join(words)))
    assert LONGEST - 30 < len(told) <= LONGEST
    assert told.endswith(" …") and told.split()[-2] in words
