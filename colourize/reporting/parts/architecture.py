"""The structure of networks: questions A1 and F2."""

from __future__ import annotations

import time
from dataclasses import asdict

import torch

from colourize.files import write_whole
from colourize.inspection.block_order import order_differences, with_order
from colourize.inspection.diagram import diagram
from colourize.inspection.layers import layers as layer_table
from colourize.inspection.layers import text as layers_text
from colourize.inspection.layers import totals
from colourize.inspection.tracing import trace
from colourize.models.encoder_decoder import BLOCK_ORDERS, EncoderDecoder
from colourize.reporting.context import Context
from colourize.reporting.elements import Element, Figure, Table, Text
from colourize.reporting.findings import number
from colourize.reporting.picture_sheets import keep_up_to_date
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
