"""Other decoding temperatures, for experiments whose networks predict bins of chroma."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colourize.errors import UsageError
from colourize.figures.saving import BOTH, FAINT, INK, PANELS, look, panels, save_figure
from colourize.measures.base import ZERO, PictureBatch
from colourize.measures.registry import MEASURES, direction
from colourize.measures.tally import Tally
from colourize.methods.wording import headed
from colourize.reporting.context import Context, Element
from colourize.tasks.restoration import RestorationTask

TEMPERATURES = (0.0, 0.2, 0.38, 0.6, 1.0)  # from the likeliest colour to the mean
SHOWN = ("colourfulness_gap", "auc_balanced", "delta_e")
COUNT, BATCH = 250, 50  # test pictures that are decoded; each temperature takes as long as a test of them


def temperatures(context: Context) -> list[Element]:
    """Colourfulness, balanced AuC and ΔE2000 against the temperature, for each classifier of bins."""
    settings = [each for each in context.results.settings.networks if each.task[1] == "ab_bins"]

    def draw(path: Path) -> None:
        found = {}
        for each in settings:
            batches = context.pictures.test(each.first, COUNT).split(BATCH)
            found[each.label] = measured_at(context.pictures.task(each.first), batches, SHOWN)
        draw_temperatures(found, path.with_suffix(""))

    caption = (
        "The same weights at temperatures from 0 (the likeliest bin) to 1 (the mean): the first seed, on up "
        f"to {COUNT} test pictures."
    )
    runs = [each.first for each in settings]
    return context.made("-temperatures.svg", runs, draw, caption, "Measures against the temperature of decoding")


@torch.no_grad()
def measured_at(
    task: RestorationTask,
    batches: Iterable[Tensor],
    measures: Sequence[str],
    temperatures: Sequence[float] = TEMPERATURES,
) -> dict[str, np.ndarray]:
    """The mean of each measure over pictures at each temperature, (T,), by name; the task does not change.

    Args:
        task: a task whose answer is decoded at a temperature, in evaluation mode and on the CPU.
        batches: true pictures (n, H, W, 3), uint8.
        measures: the names of measures of pictures.

    Raises:
        UsageError: no picture of its answer depends on a temperature.
    """
    name = task.answer.annealed_picture
    if name is None:
        raise UsageError(f"temperatures: the answer {type(task.answer).__name__} is read without one")
    asked = [MEASURES[each] for each in measures]
    tally, own = Tally(), task.answer.temperature
    for batch in batches:
        pair = task.make_pair(batch)
        outputs, truth = task.outputs(pair).float(), PictureBatch(pair.truth)
        none_failed = torch.zeros(len(batch), dtype=torch.bool)
        tally.start(pair.which)
        for temperature in temperatures:
            task.answer.decode_at(temperature)
            picture = PictureBatch(task.pictures(outputs, pair.inputs)[name])
            tally.add(asked, picture, truth, none_failed, f"_{temperature}")
    task.answer.decode_at(own)
    means = tally.means()
    return {each: np.array([means[f"{each}_{temperature}"] for temperature in temperatures]) for each in measures}


def draw_temperatures(
    methods: Mapping[str, Mapping[str, np.ndarray]], path: Path, temperatures: Sequence[float] = TEMPERATURES
) -> None:
    """Draw a panel for each measure, with a line for each method; each panel is also a file of its own.

    Args:
        methods: the results of `measured_at`, by the method's name.
        path: the path without extension; an SVG and a PNG are saved.
    """
    names = list(next(iter(methods.values())))
    figure, axes = panels(len(names), len(names), (3.1, 3.2), fontsize=9)
    for axis, measure in zip(axes, names, strict=True):
        for number, (method, found) in enumerate(methods.items()):
            axis.plot(temperatures, found[measure], lw=1.2, ms=5, label=method, **look(number))
        if direction(measure) is ZERO:
            axis.axhline(0, color=FAINT, lw=0.9, zorder=0)
        told = headed(measure) + (f"\n{direction(measure)}" if direction(measure) else "")
        axis.set_title(told, fontsize=9.5, color=INK)
        axis.set_xlabel("temperature", fontsize=9.5, color=INK)
    axes[0].legend(fontsize=9, frameon=False)
    save_figure(figure, path, [*BOTH, PANELS])
