"""Other decoding temperatures, for experiments whose networks predict bins of chroma."""

from __future__ import annotations

from pathlib import Path

from colourize.figures.temperatures import draw_temperatures, measured_at
from colourize.reporting.context import Context
from colourize.reporting.elements import Element

MEASURES = ("colourfulness_gap", "auc_balanced", "delta_e")
COUNT, BATCH = 250, 50  # test pictures that are decoded; each temperature takes as long as a test of them


def temperatures(context: Context) -> list[Element]:
    """Colourfulness, balanced AuC and ΔE2000 against the temperature, for each classifier of bins."""
    settings = [each for each in context.results.settings.networks if each.task[1] == "ab_bins"]

    def draw(path: Path) -> None:
        found = {}
        for each in settings:
            batches = context.pictures.test(each.first, COUNT).split(BATCH)
            found[each.label] = measured_at(context.pictures.task(each.first), batches, MEASURES)
        draw_temperatures(found, path.with_suffix(""))

    caption = (
        "The same weights at temperatures from 0 (the likeliest bin) to 1 (the mean): the first seed, on up "
        f"to {COUNT} test pictures."
    )
    runs = [each.first for each in settings]
    return context.made("-temperatures.svg", runs, draw, caption, "Measures against the temperature of decoding")
