"""Networks on pictures larger than their training pictures: question F4."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colourize.data.horses import draw_horses
from colourize.errors import UsageError
from colourize.measures import registry
from colourize.measures.base import PictureBatch
from colourize.measures.intervals import Estimate, estimate_means
from colourize.methods.grouping import Setting
from colourize.prediction.predictor import Predictor
from colourize.reporting.comparison_tables import interval_text
from colourize.reporting.context import Context, Element, Table, Text
from colourize.reporting.findings import difference, number
from colourize.reporting.picture_sheets import keep_up_to_date, save_panels
from colourize.runs.tables import read_table
from colourize.tasks.restoration import RestorationTask

SIZES = (32, 64, 128, 256)
COUNT = 24  # maximum number of pictures of each kind and size
SHOWN = {"drawn": 3, "test": 2}
SHEET = 128  # size in pixels of the pictures that are shown
MEASURES: dict[str, Any] = {name: registry.MEASURES[name] for name in ("mse", "delta_e", "ssim")}
WAYS = {"luminance": "scaling down", "none": "the full size"}
ABOUT = (
    "Mean squared error over the first {} drawn horses and test pictures, these enlarged by Lanczos, and so without "
    "detail of their own; ± half of the 95 % interval over pictures{}; °: without a network. "
    "Scaling down: colours are predicted at the trained size, and joined with the picture's own grey. As in "
    "colourize-predict, a classifier answers with the mean of its distribution, not with the likeliest colour of the "
    "tables above. ΔE2000 and SSIM are in the file."
)
_drawn = cache(draw_horses)
REACH = "However large the picture is, an output depends on no input much further away than this, in pixels:"
GONE = "Larger pictures could not be made of {}, as the checkpoints or the test pictures are gone."


class Case(NamedTuple):
    """A network, the way in which it handles larger pictures, and the kind and size of these."""

    network: str
    way: str
    pictures: str
    pixels: int


def larger_pictures(context: Context) -> list[Element]:
    """Each network with and without scaling down, on drawn horses of several sizes and on enlarged test pictures."""
    everything = context.results.settings.settings
    settings = [each for each in everything if all(run.checkpoints for run in each.runs.values())]
    runs = [run for each in settings for run in each.runs.values()]
    labels = [each.label for each in settings]
    path = context.path("tables", "-larger-by-picture.csv")

    def measure() -> None:
        context.table("larger-by-picture", (row for each in settings for row in _measured(context, each)))

    gone = [each.label for each in everything if each not in settings]
    also = [labels, SIZES, COUNT, [*SHOWN], [*MEASURES]]
    if not settings or not keep_up_to_date(path, runs, measure, also=also):
        return [Text(GONE.format("these runs"), "note")]
    columns = columns_by_case(read_table(path))
    estimates = {case: dict(zip(MEASURES, estimate_means(own), strict=True)) for case, own in columns.items()}
    found: list[Element] = [*_findings(estimates), _table(context, columns, estimates)]
    networks = {each.label: context.pictures.task(each.first) for each in settings if not each.is_baseline}
    halos = {label: Predictor(task, "none", device="cpu").halo for label, task in networks.items()}
    reaches = [f"{label}, {'no limit' if halo is None else halo}" for label, halo in halos.items()]
    found.append(Text(f"{REACH} {'; '.join(reaches)}.", "note"))
    found += [Text(GONE.format(", ".join(gone)), "note")] if gone else []

    def draw(path: Path) -> None:
        test = context.pictures.data(settings[0].first).pictures.test
        truth = torch.cat([_pictures(kind, SHEET, test[:count])[:count] for kind, count in SHOWN.items()])
        tasks = {each.label: context.pictures.task(each.first) for each in settings}
        rows = {f"{label}, {way}": _predicted(predictor, truth)
                for label, task in tasks.items() for way, predictor in _predictors(task).items()}  # fmt: skip
        save_panels(path, {**rows, "truth": truth}, SHOWN["drawn"])

    caption = f"Drawn horses and enlarged test pictures of {SHEET}×{SHEET} pixels, by the first seed."
    alt = "Larger pictures by each network"
    return found + context.made("-larger.png", runs, draw, caption, alt, [labels, SHEET, SHOWN])


def columns_by_case(rows: Sequence[dict[str, str]]) -> dict[Case, np.ndarray]:
    """Each case's values, (measures, seeds, pictures), from a table with a row for each picture and seed."""
    values: dict[Case, dict[str, list[list[float]]]] = {}
    for row in rows:
        case = Case(row["network"], row["way"], row["pictures"], int(row["pixels"]))
        values.setdefault(case, {}).setdefault(row["seed"], []).append([float(row[name]) for name in MEASURES])
    # By picture, seed and measure; pictures that some seed lacks are left out.
    shared = {case: np.array([*zip(*seeds.values(), strict=False)]) for case, seeds in values.items()}
    return {case: own.transpose(2, 1, 0) for case, own in shared.items()}


def _findings(estimates: Mapping[Case, Mapping[str, Estimate]]) -> Iterator[Text]:
    """For each network with both ways, which way is better on the largest drawn pictures."""
    size, (scaled, full) = max(SIZES), WAYS.values()
    for network in dict.fromkeys(case.network for case in estimates):
        cases = [Case(network, way, "drawn", size) for way in (scaled, full)]
        if all(case in estimates for case in cases):
            own, other = (estimates[case]["mse"] for case in cases)
            text = f"For drawn horses of {size}×{size} pixels {network} has an MSE of {number(own.mean)} by {scaled}"
            yield Text(f"{text}: {difference('mse', own, other)} {number(other.mean)} at {full}.", "finding")


def _table(context: Context, columns: Mapping[Case, np.ndarray], estimates: Mapping[Case, Any]) -> Table:
    """A row for each network, way and kind of pictures, and a column for each size; the file has all measures."""
    lines: list[dict[str, Any]] = []
    texts: dict[Case, str] = {}
    for case, own in estimates.items():
        _, seeds, count = columns[case].shape
        line: dict[str, Any] = {**case._asdict(), "seeds": seeds, "count": count}
        for name, each in own.items():
            low, high = each.interval()
            line |= {name: each.mean, f"{name} low": low, f"{name} high": high, f"{name} ±": each.seed_deviation}
        texts[case] = interval_text(*(line[f"mse{ending}"] for ending in ("", " low", " high", " ±")))
        lines.append(line)
    baselines = {each.label for each in context.results.settings.baselines}
    rows = [
        [f"{label} °, {way}" if label in baselines else f"{label}, {way}", kind,
         *(texts.get(Case(label, way, kind, size), "") for size in SIZES)]
        for label, way, kind in dict.fromkeys(case[:3] for case in estimates)
    ]  # fmt: skip
    spread = ", in parentheses the standard deviation over seeds" if any(line["seeds"] > 1 for line in lines) else ""
    about = ABOUT.format(" or ".join(map(str, sorted({line["count"] for line in lines}))), spread)
    heads = ["", "pictures", *(f"{size} pixels" for size in SIZES)]
    return Table(about, heads, rows, csv=context.table("larger", lines))


def _measured(context: Context, setting: Setting) -> Iterator[dict[str, Any]]:
    """A setting's measures, with a row for each seed, way, kind of pictures, size and picture."""
    for seed, run in setting.runs.items():
        test = context.pictures.data(run).pictures.test[:COUNT]
        predictors = _predictors(context.pictures.task(run))
        for (way, predictor), kind, size in itertools.product(predictors.items(), SHOWN, SIZES):
            truth = _pictures(kind, size, test)
            predicted, true = PictureBatch(_predicted(predictor, truth)), PictureBatch(truth)
            values = {name: each.values(predicted, true).tolist() for name, each in MEASURES.items()}
            about = {"network": setting.label, "seed": seed, "way": way, "pictures": kind, "pixels": size}
            for place, own in enumerate(zip(*values.values(), strict=True)):
                yield {**about, "picture": place, **dict(zip(values, own, strict=True))}


def _predictors(task: RestorationTask) -> dict[str, Predictor]:
    """The ways in which a task handles larger pictures; only one if it cannot join colours with the picture's grey."""
    found = {}
    for join, way in WAYS.items():
        try:
            predictor = Predictor(task, join, device="cpu", upsampling="bilinear")
        except UsageError:  # the size of its training pictures is unknown
            continue
        if predictor.joins == (join == "luminance"):
            found[way] = predictor
    return found


def _pictures(kind: str, size: int, test: np.ndarray) -> Tensor:
    """Pictures (N, 3, size, size) in [0, 1], drawn at this size, or the test pictures (N, H, W, 3) resized to it."""
    resized = (Image.fromarray(each).resize((size, size), Image.Resampling.LANCZOS) for each in test)
    pictures = _drawn(COUNT, size, seed=0) if kind == "drawn" else np.stack([*map(np.array, resized)])
    return torch.from_numpy(pictures).movedim(-1, 1).float() / 255


def _predicted(predictor: Predictor, truth: Tensor) -> Tensor:
    """A network's pictures, predicted from small pictures if it enlarges."""
    inputs = torch.nn.functional.avg_pool2d(truth, predictor.factor) if predictor.factor > 1 else truth
    levels = (inputs.movedim(1, -1) * 255).round().to(torch.uint8).numpy()
    predicted = np.stack([np.array(predictor(Image.fromarray(picture))) for picture in levels])
    return torch.from_numpy(predicted).movedim(-1, 1).float() / 255
