"""The feature maps of networks: question E."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import stdev

from colourize.inspection.files import Observed, observe, write_activations
from colourize.methods.grouping import Setting
from colourize.reporting.comparison_tables import with_spread
from colourize.reporting.context import Context
from colourize.reporting.elements import Element, Figure, Table
from colourize.reporting.picture_sheets import keep_up_to_date
from colourize.runs.folders import Run
from colourize.runs.tables import read_table

COUNT = 100  # test pictures for the statistics
SHOWN = (0, 1)  # those whose maps are shown
ABOUT = f"The maps of {COUNT} test pictures at most after every block, mean over seeds (± standard deviation)."
MAPS = "Feature maps after every block, least seed; numbers: mean, share of zeros, dead channels."


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
        found.append(statistics_table(read_table(table), str(table.relative_to(context.folder))))
    if keep_up_to_date(paths[0], [each.first for each in settings], draw, also=labels):
        found += [Figure(path, MAPS, "Feature maps of each network") for path in paths if path.exists()]
    return found


def statistics_table(lines: Sequence[dict[str, str]], csv: str) -> Table:
    """A row for each layer of each network, from lines with one for each of its seeds."""
    rows = []
    for network, layer in dict.fromkeys((line["model"], line["layer"]) for line in lines):
        own = [line for line in lines if (line["model"], line["layer"]) == (network, layer)]
        means, zeros = [float(line["mean"]) for line in own], [100 * float(line["sparsity"]) for line in own]
        cells = [with_spread(each, stdev(each) if len(each) > 1 else math.nan) for each in (means, zeros)]
        dead = f"{', '.join(line['dead'] for line in own)} of {own[0]['channels']}"
        rows.append([network, layer, own[0]["shape"], *cells, dead])
    return Table(ABOUT, ["", "after", "shape", "mean", "zeros, %", "dead channels"], rows, csv=csv)
