"""What networks are made of: questions A1 and F2."""

from __future__ import annotations

import time

import torch

from colourize.inspection.block_order import order_differences, with_order
from colourize.inspection.diagram import diagram
from colourize.inspection.layers import layers as layer_table
from colourize.inspection.layers import text as layers_text
from colourize.inspection.tracing import trace
from colourize.models.layers import BLOCK_ORDERS, EncoderDecoder
from colourize.reporting.elements import Element, Figure, Listing, Table
from colourize.reporting.findings import number
from colourize.reporting.parts.context import Context
from colourize.runs.files import write_whole
from colourize.runs.tables import write_table

REPEATS = 15  # timed passes of each order, in turn
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
        found += [
            Listing(
                layers_text(layer_table(traced), name), f"{name}'s layers, for pictures of {size[0]}×{size[1]} pixels."
            ),
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
    data = context.pictures.data(setting.first)
    pair = task.make_pair(data.first("test", 100))
    lines = order_differences(model, pair.inputs, classes=task.answer.kind == "classes")
    times = _times(model, pair.inputs)
    for line in lines:
        line["time"] = times[line["order"]]
    write_table(context.folder / context.table("orders"), lines)
    columns = ["order", "scales", "equal", "largest", "rms", "classes_changed", "time"]
    rows = [[_cell(line.get(column)) for column in columns] for line in lines]
    return [Table(ORDERS.format(setting.label), columns, rows, csv=context.table("orders"))]


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


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, float) else "" if value is None else str(value)
