"""Part `scaling`: an epoch of the project's path against the number of pictures and against their size."""

import gc
from collections.abc import Sequence

import numpy as np

from colourize.build import build_data
from colourize.data.pictures import Pictures
from colourize.data.synthetic import SyntheticData
from colourize.timing.loops import time_project
from colourize.timing.report import Part
from colourize.timing.settings import Settings

SIZE = 32  # pixels, while the number varies
NUM_VAL = 100  # validation pictures, always as many: the epoch's fixed part
KEPT = ("batch_size", "eval_batch_size", "seed")  # of the user's own data


class RandomPictures(SyntheticData):
    """Noise: what it costs does not depend on what is to be seen. Arguments: see `SyntheticData`."""

    def load(self) -> Pictures:
        rng = np.random.default_rng(self.drawing_seed)
        parts = [rng.integers(0, 256, (count, self.size, self.size, 3), np.uint8) for count in self.counts]
        return Pictures(parts[0], parts[1], parts[2])


def measure(part: Part, settings: Settings) -> None:
    """Every number in turn, then every size; and for both how the cost grows."""
    node = settings.node.scaling
    np.save(settings.work / "palette.npy", np.random.default_rng(0).random((24, 3)))  # nothing is fitted to noise
    measure_axis(part, settings, "pictures", {count: (count, SIZE) for count in node.counts})
    measure_axis(part, settings, "size", {size * size: (node.count_of_sizes, size) for size in node.sizes})


def measure_axis(part: Part, settings: Settings, axis: str, points: dict[int, tuple[int, int]]) -> None:
    """The points in turn: number and size of the pictures, by the amount that varies."""

    def one_epoch(amount: int) -> dict[str, float]:
        gc.collect()
        config = settings.compose("trainer.max_epochs=1")
        kept = {key: config.data[key] for key in KEPT}
        count, size = points[amount]
        config.data = {
            **{"_target_": "colourize.timing.scaling.RandomPictures", "palette": f"{settings.work}/palette.npy"},
            **{"num_train": count, "num_val": NUM_VAL, "num_test": 1, "size": size, **kept},
        }
        data = build_data(config)
        seconds = time_project(config, data, settings.device, settings.work)
        training = seconds["step_ms"] * len(data.train_dataloader()) / 1000
        return {"training_s": training, "epoch_s": seconds["epoch_s"]}

    amounts = list(points)
    part.compare(f"An epoch against {axis}", "amount", amounts, one_epoch, settings.node.repeats, axis=axis)
    if len(amounts) > 1:
        rows = part.rows[-len(amounts) :]
        fits = {key: exponent(amounts, [row[key] for row in rows]) for key in ("training_s", "epoch_s")}
        part.add(f"Exponents against {axis} (1 is linear)", "against", [{"against": axis, **fits}])


def exponent(amounts: Sequence[float], costs: Sequence[float]) -> float:
    """The b of cost = a·amountᵇ by least squares in the logarithms."""
    return float(np.polyfit(np.log(amounts), np.log(costs), 1)[0])
