"""The files of an inspection: layer tables, diagrams, sheets of feature maps and their statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from colourize.data.batches import Pair
from colourize.data.pictures import PictureData
from colourize.figures.saving import save_sheet
from colourize.files import write_whole
from colourize.inspection import layers
from colourize.inspection.activations import Activations, record
from colourize.inspection.block_order import order_differences
from colourize.inspection.diagram import diagram
from colourize.inspection.sheets import Column, activation_sheet, scales
from colourize.inspection.tracing import trace
from colourize.models.encoder_decoder import EncoderDecoder
from colourize.runs.tables import write_table
from colourize.tasks.restoration import RestorationTask


@dataclass(frozen=True)
class Observed:
    """A network's activations and predictions for some pictures.

    Attributes:
        label: the network's name.
        recorded: the activations of each layer, for all pictures.
        prediction: (N, 3, H, W), RGB in [0, 1]; None for a network that classifies whole pictures.
    """

    label: str
    task: RestorationTask
    pair: Pair
    recorded: list[Activations]
    prediction: Tensor | None

    def column(self, number: int, label: str) -> Column:
        """The column of a sheet for one picture."""
        pictures = {self.task.degradation.name: self.task.degradation.show(self.pair.inputs)[number]}
        if self.prediction is not None:
            pictures["prediction"] = self.prediction[number]
        pictures["truth"] = self.pair.truth[number]
        return Column(label, pictures, self.recorded, number, type(self.task.answer).__name__)


@torch.no_grad()
def observe(
    label: str, task: RestorationTask, data: PictureData, stage: str, count: int, modules: Sequence[str] | None = None
) -> Observed:
    """Record the activations of a task's network for the first `count` pictures of a held-out stage (see `record`)."""
    was_training = task.training
    task.eval()
    pair = task.make_pair(data.first(stage, count).to(task.device))
    inputs = pair.truth if getattr(task.model, "sees_truth", False) else pair.inputs
    recorded = record(task.model, inputs, modules)
    shown = task.pictures(task.outputs(pair).float(), pair.inputs) if task.answer.per_pixel else {}
    task.train(was_training)
    return Observed(label, task, pair, recorded, shown.get("prediction"))


def sheets(observed: Sequence[Observed], numbers: Sequence[int]) -> dict[str, Image.Image]:
    """A sheet for each picture with all networks side by side; for a single network, one sheet with all pictures.

    A layer has one scale in all sheets. `numbers` are the pictures' indices; the keys are file names without extension.
    """
    total = len(observed[0].pair.truth)
    note = f"numbers above the maps: of {total} pictures; red: dead channels; scales hold 99 % of the values"
    if len(observed) == 1:
        (one,) = observed
        columns = [one.column(number, f"picture {number}") for number in numbers]
        return {"pictures": activation_sheet(columns, f"{one.label}; {note}")}
    grids = {number: [each.column(number, each.label) for each in observed] for number in numbers}
    shared = scales([column for columns in grids.values() for column in columns])
    return {
        f"picture-{number:04d}": activation_sheet(columns, f"Picture {number}; {note}", shared)
        for number, columns in grids.items()
    }


def write_activations(folder: Path, observed: Sequence[Observed], numbers: Sequence[int]) -> None:
    """Write `<folder>/*.png` and `statistics.csv`."""
    for name, sheet in sheets(observed, numbers).items():
        save_sheet(folder / f"{name}.png", sheet)
    lines = [{"model": each.label, **layer.describe()} for each in observed for layer in each.recorded]
    write_table(folder / "statistics.csv", lines)


def write_layers(folder: Path, model: nn.Module, in_channels: int, size: Sequence[int], title: str) -> str:
    """Write `layers.txt`, `.csv`, `.md` and `diagram.svg` of a network; returns the text.

    Args:
        in_channels, size: the channels, and the height and width, of its input.
        title: the network's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = trace(model, in_channels, size)
    table = layers.layers(found)
    text = layers.text(table, title)
    write_whole(folder / "layers.txt", text)
    write_whole(folder / "layers.md", layers.markdown(table))
    write_table(folder / "layers.csv", map(asdict, [*table, *layers.totals(table)]))
    write_whole(folder / "diagram.svg", diagram(found, title))
    return text


def write_block_orders(path: Path, observed: Sequence[Observed]) -> None:
    """Write `block_order.csv`, the effect of other orders of max-pool, ReLU and batch norm, if a network pools."""
    lines: list[Mapping[str, object]] = []
    for each in observed:
        model = each.task.model
        if isinstance(model, EncoderDecoder) and model.pools:
            found = order_differences(model, each.pair.inputs, classes=each.task.answer.kind == "classes")
            lines += [{"model": each.label, **line} for line in found]
    if lines:
        write_table(path, lines)
