"""What happens inside of networks: question E."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from colourize.inspection.files import Observed, observe, write_activations
from colourize.methods.grouping import Setting
from colourize.reporting.elements import Element, Figure, Table
from colourize.reporting.parts.context import Context
from colourize.reporting.pictures import made_of
from colourize.reporting.tables import with_spread
from colourize.runs.folders import Run
from colourize.runs.tables import read_table, write_table

COUNT = 100  # test pictures, of whose maps the statistics are
SHOWN = (0, 1)  # those whose maps are shown
ABOUT = f"The maps of {COUNT} test pictures at most after every block, mean over seeds (± standard deviation)."
MAPS = "Feature maps after every block, least seed; numbers: mean, share of zeros, dead channels."


@dataclass(frozen=True)
class Layer:
    """The maps of one layer of a network, each statistic a value a seed.

    Attributes:
        means: of all values.
        sparsities: shares of values that are zero.
        dead: how many channels are the same everywhere.
    """

    network: str
    name: str
    shape: str
    channels: int
    means: list[float]
    sparsities: list[float]
    dead: list[int]


def activations(context: Context) -> list[Element]:
    """The feature maps of all networks for the same pictures, one scale a layer, and statistics of all seeds' maps."""
    settings = context.results.settings.networks
    labels = [each.label for each in settings]
    folder = context.picture("maps").with_suffix("")
    names = [f"picture-{place:04d}" for place in SHOWN] if len(settings) > 1 else ["pictures"]
    paths = [folder / f"{name}.png" for name in names]
    table = context.folder / context.table("activations")

    def seen(setting: Setting, run: Run) -> Observed:
        data = context.pictures.data(run)
        return observe(setting.label, context.pictures.task(run), data, "test", min(COUNT, len(data.pictures.test)))

    def measure() -> None:
        lines = [
            {"model": each.label, "seed": seed, **layer.describe()}
            for each in settings
            for seed, run in each.runs.items()
            for layer in seen(each, run).recorded
        ]
        write_table(table, lines)

    def draw() -> None:
        observed = [seen(each, each.first) for each in settings]
        write_activations(folder, observed, [place for place in SHOWN if place < len(observed[0].pair.truth)])

    found: list[Element] = []
    if made_of(table, [run for each in settings for run in each.runs.values()], measure, also=[labels, COUNT]):
        layers = layers_of(read_table(table))
        found.append(_table(layers, context.table("activations")))
    if made_of(paths[0], [each.first for each in settings], draw, also=labels):
        found += [Figure(path, MAPS, "Feature maps of each network") for path in paths if path.exists()]
    return found


def layers_of(rows: Sequence[dict[str, str]]) -> list[Layer]:
    """Each layer of each network, of a table with a row for each of its seeds."""
    layers = []
    for network, name in dict.fromkeys((row["model"], row["layer"]) for row in rows):
        own = [row for row in rows if (row["model"], row["layer"]) == (network, name)]
        means, sparsities = ([float(row[key]) for row in own] for key in ("mean", "sparsity"))
        dead = [int(row["dead"]) for row in own]
        layers.append(Layer(network, name, own[0]["shape"], int(own[0]["channels"]), means, sparsities, dead))
    return layers


def _table(layers: Sequence[Layer], csv: str) -> Table:
    columns = ["", "after", "shape", "mean", "zeros, %", "dead channels"]
    rows = [
        [each.network, each.name, each.shape, _over_seeds(each.means), _over_seeds([100 * x for x in each.sparsities]),
         f"{', '.join(map(str, each.dead))} of {each.channels}"]
        for each in layers
    ]  # fmt: skip
    return Table(ABOUT, columns, rows, csv=csv)


def _over_seeds(values: Sequence[float]) -> str:
    return with_spread(values, stdev(values) if len(values) > 1 else math.nan)
