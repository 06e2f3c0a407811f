"""Part `scaling`: an epoch of the project's path against the number of pictures and against their size."""

from __future__ import annotations

import gc
import logging
import shutil
from typing import Any

import numpy as np

from colourize.build import build_data
from colourize.data.pictures import Pictures
from colourize.data.synthetic import SyntheticData
from colourize.timing import project
from colourize.timing.part import Part, columns, pick, shown
from colourize.timing.paths import Timing
from colourize.timing.settings import Settings
from colourize.timing.statistics import exponent, rotated, spread

log = logging.getLogger(__name__)

SIZE = 32  # pixels, while the number varies
NUM_VAL = 100  # validation pictures, always as many: the epoch's fixed part


class RandomPictures(SyntheticData):
    """Noise: what it costs does not depend on what is to be seen. Arguments: see `SyntheticData`."""

    def load(self) -> Pictures:
        rng = np.random.default_rng(self.drawing_seed)
        parts = [rng.integers(0, 256, (count, self.size, self.size, 3), np.uint8) for count in self.counts]
        return Pictures(*parts)

    def palette_colours(self) -> np.ndarray | None:
        """Random colours, without a fit to noise."""
        return np.random.default_rng(0).random((self.palette, 3)) if isinstance(self.palette, int) else None


def measure(settings: Settings) -> Part:
    """Every number and size in turn; the first epoch of each size is not counted."""
    node = settings.node.scaling
    axes = {
        "pictures": [(count, SIZE) for count in node.counts],
        "size": [(node.count_of_sizes, size) for size in node.sizes],
    }
    # A point that lies on both axes is measured once.
    points = {f"{count} of {size}×{size} pixels": (count, size) for axis in axes.values() for count, size in axis}
    part = Part()
    for size in sorted({size for _, size in points.values()}):
        log.info("scaling: warming up, %d×%d pixels", size, size)
        _epoch(settings, 2 * NUM_VAL, size)
    for repetition in range(1, settings.repeats + 1):
        for name in rotated(list(points), repetition):
            count, size = points[name]
            log.info("scaling: %s, repetition %d of %d", name, repetition, settings.repeats)
            timing = _epoch(settings, count, size)
            point = {"pictures": count, "size": size, "repetition": repetition}
            part.raw.append({**point, "training": timing.training, "epoch": timing.epoch})
    lines: list[Any] = []
    for axis, (count, size) in ((name, point) for name, chosen in axes.items() for point in chosen):
        where = {"pictures": count, "size": size}
        training, epoch = (spread(pick(part.raw, key, **where)) for key in ("training", "epoch"))
        amount = {"axis": axis, **where, "amount": count if axis == "pictures" else size * size}
        part.rows.append({**amount, **columns("training_s", training), **columns("epoch_s", epoch)})
        cells = {"training [s]": shown(training), "epoch [s]": shown(epoch)}
        lines.append({"pictures": f"{count:,}", "pixels": f"{size}×{size}", **cells})
    part.tables["One epoch, median (range)"] = lines
    fits: list[Any] = []
    for axis in axes:
        rows = [row for row in part.rows if row["axis"] == axis]
        if len({row["amount"] for row in rows}) < 2:
            continue
        exponents = {
            key: exponent([row["amount"] for row in rows], [row[f"{key}_s"] for row in rows])
            for key in ("training", "epoch")
        }
        what = "number of pictures" if axis == "pictures" else "pixels of a picture"
        part.figures.update({f"exponent of the {what}, {key}": value for key, value in exponents.items()})
        fits.append({"against the": what, **{key: f"{value:.2f}" for key, value in exponents.items()}})
    part.tables["Exponents (1 is linear)"] = fits
    return part


def _epoch(settings: Settings, count: int, size: int) -> Timing:
    gc.collect()
    # The user's own choice of data gives way; what all sources have in common (batch size, protocol) stays.
    kept = [each for each in settings.overrides if not each.startswith("data=") and _is_common(each)]
    overrides = [
        *("data=synthetic", "data._target_=colourize.timing.scaling.RandomPictures"),
        *(f"data.num_train={count}", f"data.num_val={NUM_VAL}", "data.num_test=1", f"data.size={size}"),
        *("trainer.max_epochs=1", "data.palette=24"),
    ]
    config = settings.with_overrides(kept).compose(*overrides)
    folder = settings.work / "run"
    timing = project.run(config, build_data(config), settings.device, folder)
    shutil.rmtree(folder)
    return timing


def _is_common(override: str) -> bool:
    key = override.lstrip("+~").partition("=")[0]
    common = ("batch_size", "eval_batch_size", "protocol", "seed", "reshuffle")
    return not key.startswith("data.") or key.removeprefix("data.") in common
