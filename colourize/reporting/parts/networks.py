"""The structure of networks and their feature maps: questions A1, E and F2."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import torch
from torch import nn

from colourize.files import write_whole
from colourize.inspection.block_order import order_differences, with_order
from colourize.inspection.diagram import diagram
from colourize.inspection.files import Observed, observe, write_activations
from colourize.inspection.layers import WORDS, Layer, totals
from colourize.inspection.layers import layers as layer_table
from colourize.inspection.tracing import blocks, trace
from colourize.methods.grouping import Setting
from colourize.methods.wording import words
from colourize.models.encoder_decoder import BLOCK_ORDERS, EncoderDecoder
from colourize.reporting.comparison_tables import with_spread
from colourize.reporting.context import Context, Element, Figure, Table, Text
from colourize.reporting.findings import listed, number
from colourize.reporting.parts.epochs_and_batches import over_seeds
from colourize.reporting.picture_sheets import keep_up_to_date
from colourize.runs.folders import Run
from colourize.runs.tables import read_table

REPEATS = 15  # timed passes of each order, taken in turn
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
SHOWN = (0, 1)  # indices of the pictures whose maps are shown
ABOUT = f"The feature maps after every block, for at most {COUNT} test pictures"
POOLED = "Max-pooling keeps the largest of four values, which is seldom 0; for this reason alone, fewer zeros are left."
MAPS = "Feature maps after every block, with the first seed; numbers: mean, share of zeros, dead channels."


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
        total, convolutions = totals(table)  # they differ in columns that only the file has
        csv = context.table(f"layers-{place}", map(asdict, [*table, total, convolutions]))
        about = f"{name}'s layers, for pictures of {size[0]}×{size[1]} pixels."
        heads = ["block", "layer", "filters", "output", "weights"]
        rows = [
            [each.layer.rpartition(".")[0] or each.layer, f"{WORDS.get(each.kind, each.kind)} {each.kernel}".strip(),
             str(each.filters or ""), each.output, f"{each.weights:,}" if each.weights else ""]
            for each in [*table, total]
        ]  # fmt: skip
        found += [Text(_summary(name, table), "fact"), Table(about, heads, rows, csv=csv)]
        found.append(Figure(path, f"{name}: kernels, filters, output shapes.", f"Diagram of {name}"))
    return found


def _summary(name: str, table: Sequence[Layer]) -> str:
    """A sentence on the convolutions of a network."""
    convolutions = [each for each in table if each.filters]
    kernels = Counter(each.kernel for each in convolutions)
    sizes = listed([kernel if len(kernels) == 1 else f"{count} of {kernel}" for kernel, count in kernels.items()])
    filters = listed([str(each.filters) for each in convolutions])
    parameters = sum(each.weights + each.other for each in table)
    return (
        f"{name} has {len(convolutions)} convolutions{', all of' if len(kernels) == 1 else ','} {sizes}, with "
        f"{filters} filters; together with biases and batch norms these are {parameters:,} parameters."
    )


def block_orders(context: Context) -> list[Element]:
    """The effect of other orders of max-pool, ReLU and batch norm with the same weights, and the time of each order."""
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
    lines = read_table(path)
    rows = [[words(line["order"]), *(_cell(line[column]) for column in [*ORDER_COLUMNS][1:])] for line in lines]
    csv = str(path.relative_to(context.folder))
    own = words(model.block_order)
    same: dict[str, list[str]] = {line["negative_scales"]: [] for line in lines}
    for line in lines:
        if line["equal"] == "True" and words(line["order"]) != own:
            same[line["negative_scales"]].append(f"“{words(line['order'])}”")
    clauses = [
        f"with {count} negative batch-norm scales, {listed(each) if each else 'no other order'}"
        for count, each in same.items()
    ]
    text = f"Orders that give exactly the outputs of “{own}” with the same weights: {'; '.join(clauses)}."
    table = Table(ORDERS.format(setting.label), ["order", *[*ORDER_COLUMNS.values()][1:]], rows, csv=csv)
    return [Text(text, "finding"), table]


@torch.no_grad()
def _times(model: EncoderDecoder, inputs: torch.Tensor) -> dict[str, float]:
    """The time of a pass in each order, divided by the shortest time."""
    networks = {order: with_order(model, order) for order in BLOCK_ORDERS}
    least = dict.fromkeys(networks, float("inf"))
    for _ in range(REPEATS):
        for order, network in networks.items():  # in turn, so that other load affects all orders
            started = time.perf_counter()
            network(inputs)
            least[order] = min(least[order], time.perf_counter() - started)
    return {order: round(seconds / min(least.values()), 3) for order, seconds in least.items()}


def _cell(text: str) -> str:
    """A cell of the file as text for people."""
    try:
        return {"True": "yes", "False": "no"}.get(text) or number(float(text))
    except ValueError:
        return text


def activations(context: Context) -> list[Element]:
    """The feature maps of all networks for the same pictures, and statistics of the maps of all seeds."""
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
        pooling = {each.label: _pooling(context, each) for each in settings}
        lines = [
            line | {"layer": f"{line['layer']} and its pooling"} if line["layer"] in pooling[line["model"]] else line
            for line in read_table(table)
        ]
        found += [Text(_zeros(lines, label), "finding") for label in labels]
        found += [Text(POOLED, "finding")] if any(pooling.values()) else []
        found.append(_statistics(lines, str(table.relative_to(context.folder))))
    if keep_up_to_date(paths[0], [each.first for each in settings], draw, also=labels):
        found += [Figure(path, MAPS, "Feature maps of each network") for path in paths if path.exists()]
    return found


def _pooling(context: Context, setting: Setting) -> set[str]:
    """The names of the blocks that end with max-pooling."""
    task = context.pictures.task(setting.first)
    found = blocks(trace(task.model, task.degradation.channels, task.hparams["size"] or (32, 32)))
    return {each.name for each in found if any(isinstance(call.module, nn.MaxPool2d) for call in each.calls)}


def _zeros(lines: Sequence[Mapping[str, str]], network: str) -> str:
    """A sentence on dead channels and on the share of zeros, from the first block to the last one with a ReLU."""
    own = [line for line in lines if line["model"] == network]
    shares = {
        layer: np.array([100 * float(line["sparsity"]) for line in own if line["layer"] == layer])
        for layer in dict.fromkeys(line["layer"] for line in own)
    }
    shares = {layer: each for layer, each in shares.items() if each.any()}  # the last layer has no ReLU
    if len(shares) < 2:
        return f"{network}: next to no map has zeros."
    (first, early), *_, (last, late) = shares.items()
    least, most = (pick(shares, key=lambda layer: shares[layer].mean()) for pick in (min, max))
    gap = over_seeds(late - early)
    interval = f" (difference {gap.difference:+.0f}, 95 % interval {gap.low:.0f} … {gap.high:.0f} over seeds)"
    dead = Counter[str]()
    for line in own:
        dead[line["seed"]] += int(line["dead"])
    most_dead = max(dead.values())
    channels = f"Up to {most_dead} channels of a seed are dead" if most_dead else "No channel is dead"
    return (
        f"{network}: the share of zeros goes from {early.mean():.0f} % after {first} to {late.mean():.0f} % after "
        f"{last}{interval if math.isfinite(gap.low) else ''}; it is least after {least} ({shares[least].mean():.0f} %) "
        f"and most after {most} ({shares[most].mean():.0f} %). {channels}."
    )


def _statistics(lines: Sequence[dict[str, str]], csv: str) -> Table:
    """A row for each layer of each network, from one line per seed."""
    rows = []
    for network, layer in dict.fromkeys((line["model"], line["layer"]) for line in lines):
        own = [line for line in lines if (line["model"], line["layer"]) == (network, layer)]
        means, zeros = [float(line["mean"]) for line in own], [100 * float(line["sparsity"]) for line in own]
        dead = f"{', '.join(line['dead'] for line in own)} of {own[0]['channels']}"
        rows.append([network, layer, own[0]["shape"], with_spread(means), with_spread(zeros), dead])
    about = ABOUT + ("; mean over seeds (± standard deviation)." if len({line["seed"] for line in lines}) > 1 else ".")
    return Table(about, ["", "after", "shape", "mean", "zeros, %", "dead channels"], rows, csv=csv)
