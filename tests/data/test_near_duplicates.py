"""Pairs of test and training pictures that are nearly the same, mirrored or not, and the real horses' own pairs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from colourize.data.cifar10 import cache_path, read_cache
from colourize.data.horses import draw_horses
from colourize.data.near_duplicates import near_duplicates


def test_copies_are_found_mirrored_and_brightened_as_well() -> None:
    pictures = draw_horses(620, 16, seed=0)
    train, test = pictures[:600], pictures[600:].copy()
    test[3] = train[555]  # beyond the pictures that are compared at once
    test[5] = (train[7, :, ::-1] // 2) + 60
    test[6] = 128  # an even grey is like nothing
    first, second, *_ = near_duplicates(train, test, 0.9)
    assert {first[:3], second[:3]} == {(3, 555, False), (5, 7, True)}
    assert first.correlation == pytest.approx(1, abs=1e-5) and second.correlation > 0.99
    assert all(pair.test != 6 for pair in near_duplicates(train, test, 0.01))


@pytest.mark.real_data
@pytest.mark.skipif("COLOURIZE_DATA" not in os.environ, reason="COLOURIZE_DATA names no pictures")
def test_23_of_the_real_test_horses_were_in_training() -> None:
    pairs = near_duplicates(*read_cache(cache_path(Path(os.environ["COLOURIZE_DATA"]), "horse")), 0.9)
    assert len({pair.test for pair in pairs}) == 23
    assert len({pair.test for pair in pairs if pair.correlation > 0.95}) == 9
    expected = "307→1333m 516→2028 907→3720 466→4534m 47→1727 415→287 89→338 736→972 285→92 401→4901 942→4249 861→1441"
    best = [pair for place, pair in enumerate(pairs) if pair.test not in {each.test for each in pairs[:place]}]
    assert " ".join(f"{each.test}→{each.train}{'m' * each.mirrored}" for each in best[:12]) == expected
