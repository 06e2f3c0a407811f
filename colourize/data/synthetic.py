"""The built-in horses, which our own code draws, so that everything runs without a download."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from colourize.data.horses import draw_horses
from colourize.data.pictures import LARGEST, PictureData, Pictures, check_folder, check_memory
from colourize.errors import check_count


class SyntheticData(PictureData):
    """Drawn horses (see `colourize.data.horses`), the same for all runs.

    Args:
        root: not used, as there are no files; the key exists because the other sources have it.
        num_train, num_val, num_test: the numbers of pictures.
        size: height and width in pixels, 8 to 4096.
        drawing_seed: decides which horses are drawn; it is not the run's seed, so that all runs see the same horses.
        common: the arguments of `PictureData`.
    """

    def __init__(
        self,
        root: str = "data",
        num_train: int = 2000,
        num_val: int = 200,
        num_test: int = 500,
        size: int = 32,
        drawing_seed: int = 0,
        **common: Any,
    ) -> None:
        super().__init__(**common)
        counts = {"num_train": num_train, "num_val": num_val, "num_test": num_test}
        for key, count in counts.items():
            check_count(f"data.{key}", count)
        check_count("data.size", size, least=8, most=LARGEST)
        most = max(counts, key=lambda key: counts[key])
        check_memory(f"data.{most}={counts[most]}, data.size={size}", sum(counts.values()), size)
        check_count("data.drawing_seed", drawing_seed, least=0)
        self.counts = (num_train, num_val, num_test)
        self.root = check_folder(root)
        self.size = size
        self.drawing_seed = drawing_seed

    def load(self) -> Pictures:
        _, num_val, num_test = self.counts
        pictures = _drawn(sum(self.counts), self.size, self.drawing_seed).copy()  # a caller may change its own pictures
        # The test horses come first, so that more training horses do not move any to another part.
        test, val, train = np.split(pictures, [num_test, num_test + num_val])
        return Pictures(train, val, test)


@lru_cache(maxsize=1)
def _drawn(count: int, size: int, seed: int) -> np.ndarray:
    """Drawn horses, kept for the next job of a sweep in this process, since drawing takes 2 ms a picture."""
    return draw_horses(count, size, seed)
