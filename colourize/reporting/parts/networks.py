"""The structure of networks and their feature maps: questions A1, E and F2."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from statistics import stdev

import torch

from colourize.files import write_whole
from colourize.inspection.block_order import order_differences, with_order
from colourize.inspection.diagram import diagram
from colourize.inspection.files import Observed, observe, write_activations
from colourize.inspection.layers import layers as layer_table
from colourize.inspection.layers import text as layers_text
from colourize.inspection.layers import totals
from colourize.inspection.tracing import trace
from colourize.methods.grouping import Setting
from colourize.models.encoder_decoder import BLOCK_ORDERS, EncoderDecoder
from colourize.reporting.comparison_tables import with_spread
from colourize.reporting.context import Context
from colourize.reporting.elements import Element, Figure, Table, Text
from colourize.reporting.findings import number
from colourize.reporting.picture_sheets import keep_up_to_date
from colourize.runs.folders import Run
from colourize.runs.tables import read_table

REPEATS = 15  # timed passes of each order, in turn
ORDER_COLUMNS = {
    "order": "order", "scales": "batch-norm scales", "equal": "equal", "largest": "largest difference",
    "rms": "root mean square", "classes_changed": "classes changed", "time": "time, ratio",
}  # fmt: skip
ORDERS = (
    "The weights of {} in each order: how the outputs for 100 test pictures differ from those of its own order "
    "(largest and root mean square difference, share of pixels whose likeliest class changes), and the time of a pass "
    f"as a ratio to the fastest's (least of {REPEATS}, measured where the report was made)."
)
COUNT = 100  # test pictures for the statistics
SHOWN = (0, 1)  # those whose maps are shown
ABOUT = f"The maps of {COUNT} test pictures at most after every block, mean over seeds (± standard deviation)."
MAPS = "Feature maps after every block, least seed; numbers: mean, share of zeros, dead channels."


def layers(context: Context) -> list[Element]:
    """A layer table and a diagram of each network."""
    found: list[Element] = []
    for place, setting in enumerate(context.results.settings.networks):
        task = context.pictures.task(setting.first)
        name = type(task.model).__name__
        size = tuple(task.hparams["size"] or (32, 32))
        traced = trace(task.model, task.degradation.channels, size)
        path = context.path("figures", f"-diagram-{place}.svg")
        write_whole(path, diagram(traced, name))
        table = layer_table(traced)
        lines = [asdict(each) for each in [*table, *totals(table)]]
        known = [{key: value for key, value in line.items() if value is not None} for line in lines]
        csv = context.table(f"layers-{place}", known)
        about = f"{name}'s layers, for pictures of {size[0]}×{size[1]} pixels. All numbers: {csv}"
        found += [Text(layers_text(table, name), "listing"), Text(about, "note")]
        found.append(Figure(path, f"{name}: kernels, filters, output shapes.", f"Diagram of {name}"))
    return found


def block_orders(context: Context) -> list[Element]:
    """The effect of other orders of max-pool, ReLU and batch norm with the same weights, and the time of each."""
    for setting in context.results.settings.networks:
        task = context.pictures.task(setting.first)
        model = task.model
        if isinstance(model, EncoderDecoder) and model.pools:
            break
    else:
        return []

    def measure() -> None:
        pair = task.make_pair(context.pictures.data(setting.first).first("test", 100))
        times = _times(model, pair.inputs)
        lines = order_differences(model, pair.inputs, classes=task.answer.kind == "classes")
        context.table("orders", [{**line, "time": times[line["order"]]} for line in lines])

    path = context.path("tables", "-orders.csv")
    if not keep_up_to_date(path, [setting.first], measure, also=[setting.label, REPEATS]):
        return []
    rows = [[_cell(line[column]) for column in ORDER_COLUMNS] for line in read_table(path)]
    csv = str(path.relative_to(context.folder))
    return [Table(ORDERS.format(setting.label), list(ORDER_COLUMNS.values()), rows, csv=csv)]


@torch.no_grad()
def _times(model: EncoderDecoder, inputs: torch.Tensor) -> dict[str, float]:
    """The time of a pass in each order, as a ratio to the least."""
    networks = {order: with_order(model, order) for order in BLOCK_ORDERS}
    least = dict.fromkeys(networks, float("inf"))
    for _ in range(REPEATS):
        for order, network in networks.items():  # in turn, so that what slows the machine slows all
            started = time.perf_counter()
            network(inputs)
            least[order] = min(least[order], time.perf_counter() - started)
    return {order: round(seconds / min(least.values()), 3) for order, seconds in least.items()}


def _cell(text: str) -> str:
    """A cell of the file for people."""
    try:
        return {"True": "yes", "False": "no"}.get(text) or number(float(text))
    except ValueError:
        return text


def activations(context: Context) -> list[Element]:
    """The feature maps of all networks for the same pictures, and statistics of all seeds' maps."""
    settings = context.results.settings.networks
    labels = [each.label for each in settings]
    folder = context.path("pictures", "-maps")
    names = [f"picture-{place:04d}" for place in SHOWN] if len(settings) > 1 else ["pictures"]
    paths = [folder / f"{name}.png" for name in names]
    table = context.path("tables", "-activations.csv")

    def observed(setting: Setting, run: Run) -> Observed:
        data = context.pictures.data(run)
        return observe(setting.label, context.pictures.task(run), data, "test", min(COUNT, len(data.pictures.test)))

    def measure() -> None:
        runs = [(each, seed, run) for each in settings for seed, run in each.runs.items()]
        lines = [
            {"model": each.label, "seed": seed, **layer.describe()}
            for each, seed, run in runs
            for layer in observed(each, run).recorded
        ]
        context.table("activations", lines)

    def draw() -> None:
        first = [observed(each, each.first) for each in settings]
        write_activations(folder, first, [place for place in SHOWN if place < len(first[0].pair.truth)])

    found: list[Element] = []
    if keep_up_to_date(table, [run for each in settings for run in each.runs.values()], measure, also=[labels, COUNT]):
        found.append(_statistics(read_table(table), str(table.relative_to(context.folder))))
    if keep_up_to_date(paths[0], [each.first for each in settings], draw, also=labels):
        found += [Figure(path, MAPS, "Feature maps of each network") for path in paths if path.exists()]
    return found


def _statistics(lines: Sequence[dict[str, str]], csv: str) -> Table:
    """A row for each layer of each network, from a line for each of its seeds."""
    rows = []
    for network, layer in dict.fromkeys((line["model"], line["layer"]) for line in lines):
        own = [line for line in lines if (line["model"], line["layer"]) == (network, layer)]
        means, zeros = [float(line["mean"]) for line in own], [100 * float(line["sparsity"]) for line in own]
        cells = [with_spread(each, stdev(each) if len(each) > 1 else math.nan) for each in (means, zeros)]
        dead = f"{', '.join(line['dead'] for line in own)} of {own[0]['channels']}"
        rows.append([network, layer, own[0]["shape"], *cells, dead])
    return Table(ABOUT, ["", "after", "shape", "mean", "zeros, %", "dead channels"], rows, csv=csv)
