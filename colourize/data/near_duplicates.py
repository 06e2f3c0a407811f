"""Finds test pictures that are nearly the same as a training picture; memorising them would raise a test's values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

AT_ONCE = 500  # training pictures whose correlations are in memory at once


class NearDuplicate(NamedTuple):
    """A test picture and a training picture that look alike, by their indices in their source."""

    test: int
    train: int
    mirrored: bool  # whether the mirror image of the test picture looks like the training picture
    correlation: float


def near_duplicates(train: np.ndarray, test: np.ndarray, least: float = 0.9) -> list[NearDuplicate]:
    """All pairs whose grey levels correlate, unchanged or mirrored, the highest correlation first.

    Args:
        train, test: uint8 (N, H, W, 3), of one size.
        least: the minimum correlation (Pearson's, over pixels) of a pair; it is 0 for uniformly grey pictures.
    """
    straight, mirrored = _standardised(test), _standardised(test[:, :, ::-1])
    found: list[NearDuplicate] = []
    for start in range(0, len(train), AT_ONCE):
        seen = _standardised(train[start : start + AT_ONCE]).T
        plain, flipped = straight @ seen, mirrored @ seen  # correlations, (test, train)
        highest = np.maximum(plain, flipped)
        for pair in zip(*np.nonzero(highest >= least), strict=True):
            is_mirrored = bool(flipped[pair] > plain[pair])
            found.append(NearDuplicate(int(pair[0]), start + int(pair[1]), is_mirrored, float(highest[pair])))
    return sorted(found, key=lambda pair: (-pair.correlation, pair.test, pair.train))


def _standardised(pictures: np.ndarray) -> np.ndarray:
    """Grey levels (means of R, G and B) with mean 0 and norm 1, (N, H·W); uniformly grey pictures become 0."""
    grey = pictures.mean(-1, dtype=np.float32).reshape(len(pictures), -1)
    grey -= grey.mean(1, keepdims=True)
    length = np.linalg.norm(grey, axis=1, keepdims=True)
    return np.divide(grey, length, out=np.zeros_like(grey), where=length > 1e-3)
