"""Trained networks on pictures larger than those that they were trained on: question F4."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from colourize.data.horses import draw_horses
from colourize.errors import UsageError
from colourize.measures.selection import measure_pictures
from colourize.prediction.predictor import Predictor
from colourize.reporting.elements import Element, Figure, Table, Text
from colourize.reporting.findings import number
from colourize.reporting.parts.context import Context
from colourize.reporting.pictures import made_of, save_rows
from colourize.reporting.settings import Setting
from colourize.runs.tables import write_table
from colourize.tasks.restoration import RestorationTask

SIZES = (32, 64, 128)
COUNT = 12  # pictures of each kind and size
SHOWN = 5
MEASURES = ("mse", "delta_e", "ssim")
WAYS = {"luminance": "colours at the trained size, joined with the picture's own grey", "none": "at full size"}
ABOUT = (
    f"Mean over {COUNT} pictures of each kind and size. Enlarged: the test pictures by Lanczos, which have no detail "
    "beyond their own pixels. Drawn: the built-in horses, which networks trained on photographs never saw."
)
REACH = "What an output pixel depends on, which the surroundings of a tile must cover:"


def larger_pictures(context: Context) -> list[Element]:
    """Each network with and without scaling down, on drawn horses of several sizes and the test pictures enlarged."""
    rows: list[dict[str, Any]] = []
    shown: dict[str, Tensor] = {}
    reaches = []
    for setting in context.results.settings.networks:
        task = context.pictures.task(setting.first)
        ways = [way for way in WAYS if _predictor(task, way).joins == (way == "luminance")]
        whole = _predictor(task, "none")
        if whole.halo is not None:
            reaches.append(f"{setting.label}: {whole.halo} pixels to each side")
        for kind, size, truth in _pictures(context, setting):
            given = _shrunk(truth, whole.factor)
            for way in ways:
                predicted = _predicted(_predictor(task, way), given)
                told = WAYS[way] if len(ways) > 1 else "enlarged as it is"
                rows.append(_row(setting.label, kind, size, told, predicted, truth))
                if kind == "drawn" and size == SIZES[-1]:
                    shown[f"{setting.label}, {way}" if len(ways) > 1 else setting.label] = predicted[:SHOWN]
                    shown["truth"] = truth[:SHOWN]
    if not rows:
        return []
    table = context.table("larger")
    write_table(context.folder / table, rows)
    columns = list(rows[0])
    cells = [[number(cell) if isinstance(cell, float) else str(cell) for cell in row.values()] for row in rows]
    found: list[Element] = [
        Text(_finding(rows), "finding"),
        Table(ABOUT, columns, cells, csv=table),
        Text(f"{REACH} {'; '.join(reaches)}.", "note"),
    ]
    path = context.picture("larger")
    runs = [each.first for each in context.results.settings.networks]
    rows_shown = {**{label: each for label, each in shown.items() if label != "truth"}, "truth": shown["truth"]}
    if made_of(path, runs, lambda: save_rows(path, rows_shown), also=[*rows_shown]):
        found.append(
            Figure(
                path,
                f"Drawn horses of {SIZES[-1]}×{SIZES[-1]} pixels.",
                "Larger pictures by each network, with and without scaling",
            )
        )
    return found


def _pictures(context: Context, setting: Setting) -> list[tuple[str, int, Tensor]]:
    """(kind, size, (N, 3, size, size) in [0, 1]): drawn at each size, and the test pictures enlarged."""
    drawn = [("drawn", size, _tensor(draw_horses(COUNT, size, seed=0))) for size in SIZES]
    test = context.pictures.data(setting.first).pictures.test[:COUNT]
    enlarged = [("enlarged" if size > len(test[0]) else "test", size, _tensor(_resized(test, size)))
                for size in SIZES if size >= len(test[0])]  # fmt: skip
    return [*drawn, *enlarged]


def _predictor(task: RestorationTask, join: str) -> Predictor:
    try:
        return Predictor(task, join, device="cpu")
    except UsageError:  # of a task that does not know at which size it was trained
        return Predictor(task, "none", device="cpu")


def _predicted(predictor: Predictor, given: Tensor) -> Tensor:
    pictures = [Image.fromarray(picture) for picture in _bytes(given)]
    return _tensor(np.stack([np.array(predictor(picture)) for picture in pictures]))


def _shrunk(truth: Tensor, factor: int) -> Tensor:
    """What a network that enlarges is given."""
    return torch.nn.functional.avg_pool2d(truth, factor) if factor > 1 else truth


def _row(label: str, kind: str, size: int, way: str, predicted: Tensor, truth: Tensor) -> dict[str, Any]:
    measured: Mapping[str, Tensor] = measure_pictures(predicted, truth, MEASURES)
    means = {name: float(values.mean()) for name, values in measured.items()}
    return {"network": label, "pictures": kind, "pixels": size, "way": way, **means}


def _finding(rows: list[dict[str, Any]]) -> str:
    """Which way has the lower error on the largest drawn pictures."""
    told = []
    for label in dict.fromkeys(row["network"] for row in rows):
        chosen = {"network": label, "pictures": "drawn", "pixels": SIZES[-1]}
        largest = [row for row in rows if chosen.items() <= row.items()]
        if len(largest) == 2:
            best, other = sorted(largest, key=lambda row: row["mse"])
            told.append(f"{label}: {best['way']} ({number(best['mse'])} against {number(other['mse'])})")
    return (
        f"At {SIZES[-1]} pixels the lower mean squared error has, for {'; for '.join(told)}." if told
        else "These networks take pictures of any size; see the table for how their errors change."
    )  # fmt: skip


def _resized(pictures: np.ndarray, size: int) -> np.ndarray:
    return np.stack(
        [np.array(Image.fromarray(each).resize((size, size), Image.Resampling.LANCZOS)) for each in pictures]
    )


def _tensor(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).movedim(-1, 1).float() / 255


def _bytes(pictures: Tensor) -> np.ndarray:
    return np.asarray((pictures.movedim(1, -1) * 255).round().to(torch.uint8).numpy())
