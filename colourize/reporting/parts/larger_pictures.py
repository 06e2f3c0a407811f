"""Trained networks on pictures larger than those that they were trained on: question F4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colourize.data.horses import draw_horses
from colourize.errors import UsageError
from colourize.measures.base import PictureBatch
from colourize.measures.colour import ColourDifference
from colourize.measures.intervals import estimate_means
from colourize.measures.pixel import MeanSquaredError, StructuralSimilarity
from colourize.methods.grouping import Setting
from colourize.methods.results import Results
from colourize.prediction.predictor import Predictor
from colourize.reporting.elements import Element, Figure, Table, Text
from colourize.reporting.findings import finding
from colourize.reporting.parts.context import Context
from colourize.reporting.pictures import made_of, save_rows
from colourize.reporting.tables import interval_text
from colourize.runs.tables import read_table, write_table
from colourize.tasks.restoration import RestorationTask

SIZES = (32, 64, 128, 256)
LARGEST = SIZES[-1]
COUNT = 24  # pictures of each kind and size, at most
SHOWN = {"drawn": 3, "test": 2}
SHEET = 128  # pixels of those that are shown
MEASURES = {each.name: each for each in (MeanSquaredError(), ColourDifference(), StructuralSimilarity())}
TOLD = MeanSquaredError.name  # what the page shows; the file has all of them
DOWN, FULL = "scaling down", "the full size"
WAYS = {"luminance": DOWN, "none": FULL}
ABOUT = (
    "Mean squared error over the first {} drawn horses and test pictures, these enlarged by Lanczos, and so without "
    "detail of their own; ± half of the 95 % interval over pictures, in brackets the standard deviation over seeds; °: "
    f"without a network. {DOWN.capitalize()}: colours are predicted at the trained size, and joined with the picture's "
    "own grey. As colourize-predict does, a classifier answers with the mean of its distribution, not with the "
    "likeliest colour of the tables above. ΔE2000 and SSIM are in the file."
)
REACH = "An output depends on as many pixels as before, whatever the picture's size, to each side at most:"
GONE = "Larger pictures: could not be made, as the checkpoints or the test pictures are gone."


@dataclass(frozen=True)
class Case:
    """Which pictures a network was given, and how."""

    label: str
    way: str
    kind: str
    size: int


def larger_pictures(context: Context) -> list[Element]:
    """Each network with and without scaling down, on drawn horses of several sizes and the test pictures enlarged."""
    everything = context.results.settings.settings
    settings = [each for each in everything if all(run.checkpoints for run in each.runs.values())]
    runs = [run for each in settings for run in each.runs.values()]
    labels = [each.label for each in settings]
    by_picture = context.folder / context.table("larger-by-picture")

    def measure() -> None:
        write_table(by_picture, [row for each in settings for row in _measured(context, each)])

    made = [labels, SIZES, COUNT, [*SHOWN], [*MEASURES]]
    if not settings or not made_of(by_picture, runs, measure, also=made):
        return [Text(GONE, "note")]
    rows = read_table(by_picture)
    columns = columns_by_case(rows)
    text = larger_finding(context.results, columns)
    reaches = "; ".join(_reaches(context, [each for each in settings if not each.is_baseline]))
    found: list[Element] = [
        *([Text(text, "finding")] if text else []),
        _table(context, columns),
        Text(f"{REACH} {reaches}.", "note"),
    ]
    if len(settings) < len(everything):
        left_out = ", ".join(each.label for each in everything if each not in settings)
        found.append(Text(f"Left out, as checkpoints are gone: {left_out}.", "note"))
    path = context.picture("larger")
    if made_of(path, runs, lambda: save_rows(path, _rows_shown(context, settings)), also=[labels, SHEET, SHOWN]):
        found.append(
            Figure(
                path,
                f"Drawn horses and enlarged test pictures of {SHEET}×{SHEET} pixels, by the least seed.",
                "Larger pictures by each network, with and without scaling",
            )
        )
    return found


def columns_by_case(rows: Sequence[dict[str, str]]) -> dict[Case, np.ndarray]:
    """Of a table with a row a picture and seed each case's values, (measures, seeds, pictures), in ascending order.

    Pictures that not all seeds of a case have are left out.
    """
    values: dict[Case, dict[int, dict[int, list[float]]]] = {}
    for row in rows:
        case = Case(row["network"], row["way"], row["pictures"], int(row["pixels"]))
        own = values.setdefault(case, {}).setdefault(int(row["seed"]), {})
        own[int(row["picture"])] = [float(row[name]) for name in MEASURES]
    found = {}
    for case, by_seed in values.items():
        shared = sorted(set.intersection(*(set(each) for each in by_seed.values())))
        if shared:
            cells = [[by_seed[seed][picture] for picture in shared] for seed in sorted(by_seed)]
            found[case] = np.array(cells).transpose(2, 0, 1)
    return found


def larger_finding(results: Results, columns: dict[Case, np.ndarray]) -> str:
    """Which network does best in which way on the largest pictures of each kind, a sentence each."""
    told = []
    for kind in SHOWN:
        known = {
            (case.label, case.way): estimate_means(values[:1])[0]
            for case, values in columns.items()
            if case.kind == kind and case.size == LARGEST
        }
        networks = [each.label for each in results.settings.networks]
        own = {f"{label}, {way}": known[label, way] for label, way in known if label in networks}
        rivals = {}
        for label, way in known:
            name = results.reference.get(label) or ""
            if (name, way) in known:
                rivals[f"{label}, {way}"] = (f"{name}, {way}", known[name, way])
        text = finding(TOLD, own, rivals)
        if text:
            told.append(f"On {kind} pictures of {LARGEST}×{LARGEST} pixels: {text}")
    return " ".join(told)


def _table(context: Context, columns: dict[Case, np.ndarray]) -> Table:
    """A row for each network, way and kind of pictures, a column a size; in the file a row each and all measures."""
    lines: list[dict[str, Any]] = []
    shown: dict[Case, str] = {}
    for case, values in columns.items():
        line: dict[str, Any] = {"network": case.label, "way": case.way, "pictures": case.kind, "pixels": case.size,
                                "seeds": values.shape[1], "count": values.shape[2]}  # fmt: skip
        for name, estimate in zip(MEASURES, estimate_means(values), strict=True):
            low, high = estimate.interval()
            line |= {
                name: estimate.mean,
                f"{name} low": low,
                f"{name} high": high,
                f"{name} ±": estimate.seed_deviation,
            }
            if name == TOLD:
                shown[case] = interval_text(estimate.mean, low, high, estimate.seed_deviation)
        lines.append(line)
    csv = context.table("larger")
    write_table(context.folder / csv, lines)
    baselines = {each.label for each in context.results.settings.baselines}
    rows = [
        [f"{label} °" if label in baselines else label, way, kind,
         *(shown.get(Case(label, way, kind, size), "") for size in SIZES)]
        for label, way, kind in dict.fromkeys((case.label, case.way, case.kind) for case in columns)
    ]  # fmt: skip
    counts = sorted({str(line["count"]) for line in lines}, key=int)
    about = ABOUT.format(" or ".join(counts))
    return Table(about, ["", "way", "pictures", *(f"{size} pixels" for size in SIZES)], rows, csv=csv)


def _measured(context: Context, setting: Setting) -> Iterator[dict[str, Any]]:
    """A setting's measures, a row for each seed, way, kind of pictures, size and picture."""
    for seed, run in setting.runs.items():
        task = context.pictures.task(run)
        test = context.pictures.data(run).pictures.test[:COUNT]
        for way, predictor in _predictors(task).items():
            for kind in SHOWN:
                for size in SIZES:
                    truth = _pictures(kind, size, test)
                    given, true = PictureBatch(_predicted(predictor, truth)), PictureBatch(truth)
                    measured = {name: each.values(given, true) for name, each in MEASURES.items()}
                    for place in range(len(truth)):
                        yield {
                            "network": setting.label, "seed": seed, "way": way, "pictures": kind, "pixels": size,
                            "picture": place, **{name: float(values[place]) for name, values in measured.items()},
                        }  # fmt: skip


def _rows_shown(context: Context, settings: Sequence[Setting]) -> dict[str, Tensor]:
    """The same few pictures by each network in each way, and the truth."""
    test = context.pictures.data(settings[0].first).pictures.test
    truth = torch.cat([_pictures(kind, SHEET, test[:count])[:count] for kind, count in SHOWN.items()])
    rows = {}
    for setting in settings:
        for way, predictor in _predictors(context.pictures.task(setting.first)).items():
            rows[f"{setting.label}, {way}"] = _predicted(predictor, truth)
    return {**rows, "truth": truth}


def _predictors(task: RestorationTask) -> dict[str, Predictor]:
    """In how many ways a task takes larger pictures: what has no grey of its own to join with has one."""
    found = {}
    for join, way in WAYS.items():
        try:
            predictor = Predictor(task, join, device="cpu")
        except UsageError:  # of a task that does not know at which size it was trained
            continue
        if predictor.joins == (join == "luminance"):
            found[way] = predictor
    return found


def _reaches(context: Context, networks: Sequence[Setting]) -> Iterator[str]:
    """How many pixels to each side an output of each network depends on."""
    for setting in networks:
        halo = Predictor(context.pictures.task(setting.first), "none", device="cpu").halo
        yield f"{setting.label}, " + ("all of the picture" if halo is None else f"{halo} pixels")


def _pictures(kind: str, size: int, test: np.ndarray) -> Tensor:
    """(N, 3, size, size) in [0, 1]: drawn at this size, or the test pictures resized to it."""
    if kind == "drawn":
        pictures = _drawn(size)
    elif test.shape[1:3] == (size, size):
        pictures = test
    else:
        pictures = np.stack(
            [np.array(Image.fromarray(each).resize((size, size), Image.Resampling.LANCZOS)) for each in test]
        )
    return torch.from_numpy(np.ascontiguousarray(pictures)).movedim(-1, 1).float() / 255


@cache
def _drawn(size: int) -> np.ndarray:
    return draw_horses(COUNT, size, seed=0)


def _predicted(predictor: Predictor, truth: Tensor) -> Tensor:
    """What a network makes of pictures; one that enlarges is given them small."""
    given = torch.nn.functional.avg_pool2d(truth, predictor.factor) if predictor.factor > 1 else truth
    levels = (given.movedim(1, -1) * 255).round().to(torch.uint8).numpy()
    predicted = np.stack([np.array(predictor(Image.fromarray(picture))) for picture in levels])
    return torch.from_numpy(predicted).movedim(-1, 1).float() / 255
