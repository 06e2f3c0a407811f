"""Errors of others in one line, and the checks of single values."""

from __future__ import annotations

import errno

import pytest

from colourize.errors import LONGEST, UsageError, check_count, check_flag, full_disk, one_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("size mismatch:\n\t  (4, 3) there\n"), "size mismatch: (4, 3) there"),
        (RuntimeError("too large\nException raised from empty at a.cpp:5:\nframe #0: c10"), "too large"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (KeyError("lr"), "KeyError: 'lr'"),
    ],
)
def test_a_cause_in_one_line(error: Exception, line: str) -> None:
    assert one_line(error) == line


def test_a_long_cause_ends_after_a_whole_word() -> None:
    words = [f"model.block-{number}.weight" for number in range(200)]
    line = one_line(RuntimeError("Missing keys: " + " ".join(words)))
    assert LONGEST - 30 < len(line) <= LONGEST
    assert line.endswith(" …") and line.split()[-2] in words


def test_counts_and_flags() -> None:
    for value, most in ((True, None), (2.0, None), ("2", None), (0, None), (5, 4)):
        with pytest.raises(UsageError, match=r"^key=.*: must be a whole number (of at least 1|from 1 to 4)$"):
            check_count("key", value, most=most)
    check_count("key", 4, most=4)
    for flag in (0, 1, "true", None):
        with pytest.raises(UsageError, match=r"^key=.*: must be true or false$"):
            check_flag("key", flag)
    check_flag("key", False)


def test_a_full_disk_is_found_behind_errors_that_are_their_own_context() -> None:
    """Hydra's errors are so when ours is raised again while they are handled."""
    ours, hydras = UsageError("ours"), RuntimeError("Hydra's")
    ours.__context__, hydras.__cause__ = hydras, ours
    assert full_disk(ours) is None
    hydras.__cause__ = full = OSError(errno.ENOSPC, "full")
    assert full_disk(ours) is full
