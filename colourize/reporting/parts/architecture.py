"""What networks are made of: questions A1 and F2."""

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
from colourize.reporting.elements import Element, Figure, Listing, Table
from colourize.reporting.findings import number
from colourize.reporting.parts.context import Context
from colourize.reporting.pictures import made_of
from colourize.runs.tables import read_table, write_table

REPEATS = 15  # timed passes of each order, in turn
ORDER_COLUMNS = {
    "order": "order", "scales": "batch-norm scales", "equal": "equal", "largest": "largest difference",
    "rms": "root mean square", "classes_changed": "classes changed", "time": "time, ratio",
}  # fmt: skip
ORDERS = (
    "The weights of {} in each order: how its answers to 100 test pictures differ from those of its own order (largest "
    "and root mean square difference of the outputs, share of pixels whose likeliest class changes), and the time of a "
    f"pass as a ratio to the fastest's (least of {REPEATS}, measured where the report was made)."
)


def layers(context: Context) -> list[Element]:
    """A layer table and a diagram of each network, made from the network itself."""
    found: list[Element] = []
    for place, setting in enumerate(context.results.settings.networks):
        task = context.pictures.task(setting.first)
        name = type(task.model).__name__
        size = tuple(task.hparams["size"] or (32, 32))
        traced = trace(task.model, task.degradation.channels, size)
        path = context.figure(f"diagram-{place}").with_suffix(".svg")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, diagram(traced, name))
        table = layer_table(traced)
        csv = context.table(f"layers-{place}")
        lines = [asdict(each) for each in [*table, *totals(table)]]
        write_table(
            context.folder / csv, [{key: value for key, value in line.items() if value is not None} for line in lines]
        )
        about = f"{name}'s layers, for pictures of {size[0]}×{size[1]} pixels. All numbers: {csv}"
        found += [
            Listing(layers_text(table, name), about),
            Figure(path, f"{name}: kernels, filters, output shapes.", f"Diagram of {name}"),
        ]
    return found


def block_orders(context: Context) -> list[Element]:
    """What other orders of max-pool, ReLU and batch norm would answer with the same weights, and what each costs."""
    for setting in context.results.settings.networks:
        task = context.pictures.task(setting.first)
        model = task.model
        if isinstance(model, EncoderDecoder) and model.pools:
            break
    else:
        return []
    csv = context.table("orders")

    def measure() -> None:
        data = context.pictures.data(setting.first)
        pair = task.make_pair(data.first("test", 100))
        times = _times(model, pair.inputs)
        found = order_differences(model, pair.inputs, classes=task.answer.kind == "classes")
        write_table(context.folder / csv, [{**line, "time": times[line["order"]]} for line in found])

    if not made_of(context.folder / csv, [setting.first], measure, also=[setting.label, REPEATS]):
        return []
    lines = read_table(context.folder / csv)
    rows = [[_cell(line[column]) for column in ORDER_COLUMNS] for line in lines]
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
    fastest = min(least.values())
    return {order: round(seconds / fastest, 3) for order, seconds in least.items()}


def _cell(text: str) -> str:
    """A cell of the file as people read it."""
    if text in ("True", "False"):
        return "yes" if text == "True" else "no"
    try:
        return number(float(text))
    except ValueError:
        return text
