"""Hints, likelihood and samples of networks that take hints: tables, a curve and a sheet; the part on hints."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from colourize.data.batches import as_batch
from colourize.figures.grid import labelled_grid
from colourize.figures.saving import PANELS, panels, save_figure, save_sheet
from colourize.joint.evaluation import JointSettings, JointValues, joint_values
from colourize.measures.intervals import Estimate, estimate_means
from colourize.methods.wording import headed
from colourize.reporting.context import Context, Element
from colourize.runs.tables import write_table

HINTS = JointSettings(hints=(0, 1, 3, 10, 32))
COUNT = 250  # test pictures; each number of hints takes as long as a test of them


def write_joint(folder: Path, values: Mapping[str, Sequence[JointValues]]) -> None:
    """Write `hints.csv` and `hints.svg`, `likelihood.csv` and `samples.csv`, if there are values for them.

    Args:
        values: the values of each method's seeds, by the method's label.
    """
    hints, likelihood, samples = [], [], []
    for label, seeds in values.items():
        for key in seeds[0]:
            found = _estimate([each[key] for each in seeds])
            match key:
                case "hints", number, name:
                    hints.append({"method": label, "hints": number, "measure": name, **_cells(found)})
                case "nats", way:
                    bits = f"{found.mean / math.log(2) / 2:.4g}"  # a pixel's chroma has two dimensions
                    likelihood.append({"method": label, "pixels": way, **_cells(found), "bits_per_dimension": bits})
                case "best", k:
                    samples.append({"method": label, "measure": "best psnr", "samples": k, **_cells(found)})
                case ("diversity",):
                    count = sum(each[0] == "best" for each in seeds[0])
                    samples.append({"method": label, "measure": "diversity", "samples": count, **_cells(found)})
    for name, rows in (("hints", hints), ("likelihood", likelihood), ("samples", samples)):
        if rows:
            write_table(folder / f"{name}.csv", rows)
    if hints:
        draw_hint_curve(folder / "hints", values)


def draw_hint_curve(path: Path, values: Mapping[str, Sequence[JointValues]], formats: Sequence[str] = ("svg",)) -> None:
    """Draw each measure with its 95 % interval against the number of hints; the axis is logarithmic except at 0."""
    curves = {label: seeds for label, seeds in values.items() if any(key[0] == "hints" for key in seeds[0])}
    asked = [key[1:] for key in next(iter(curves.values()))[0] if key[0] == "hints"]
    numbers, measures = sorted({number for number, _ in asked}), list(dict.fromkeys(name for _, name in asked))
    figure, axes = panels(len(measures), len(measures), (3.9, 3))
    for axis, name in zip(axes, measures, strict=True):
        for label, seeds in curves.items():
            found = [_estimate([each["hints", number, name] for each in seeds]) for number in numbers]
            axis.plot(numbers, [each.mean for each in found], "o-", ms=3, lw=1, label=label)
            low, high = zip(*(each.interval() for each in found), strict=True)
            axis.fill_between(numbers, low, high, alpha=0.2, lw=0)
        axis.set_xscale("symlog", linthresh=1)
        axis.set_xticks(numbers, [str(number) for number in numbers], fontsize=7)
        axis.minorticks_off()
        axis.set_xlabel("hints", fontsize=8)
        axis.set_ylabel(headed(name), fontsize=8)
        axis.legend(fontsize=7, frameon=False)
    save_figure(figure, path, formats)


def hints(context: Context) -> list[Element]:
    """PSNR and ΔE2000 against the number of hints, for each network that takes them."""
    settings = [each for each in context.results.settings.networks if each.task[0] == "hints"]

    def draw(path: Path) -> None:
        found = {}
        for each in settings:
            batch = as_batch(context.pictures.test(each.first, COUNT))
            found[each.label] = [joint_values(context.pictures.task(each.first), [batch], HINTS)]
        draw_hint_curve(path.with_suffix(""), found, ["svg", PANELS])

    caption = (
        f"The first seed at several numbers of hints, on up to {COUNT} test pictures, with 95 % intervals over these. "
        "`colourize-evaluate … joint=all` evaluates all seeds and pictures, as well as likelihoods and samples."
    )
    runs = [each.first for each in settings]
    return context.made("-hints.svg", runs, draw, caption, "Measures against the number of hints")


def write_samples(path: Path, grey: Tensor, samples: Sequence[Tensor], mean: Tensor, truth: Tensor) -> None:
    """Draw a sheet of grey pictures, their samples, the mean of the distribution and the truth; all (N, 3, H, W)."""
    rows = {"grey": grey, **{f"sample {k}": each for k, each in enumerate(samples, 1)}, "mean": mean, "truth": truth}
    save_sheet(path, labelled_grid(rows))


def _estimate(seeds: Sequence[np.ndarray]) -> Estimate:
    return estimate_means(np.stack(seeds)[None])[0]


def _cells(found: Estimate) -> dict[str, str]:
    low, high = found.interval()
    deviation = found.seed_deviation
    return {
        "mean": f"{found.mean:.6g}", "low": f"{low:.6g}", "high": f"{high:.6g}",
        "seed_deviation": "" if math.isnan(deviation) else f"{deviation:.3g}",
    }  # fmt: skip
