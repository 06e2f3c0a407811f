"""docs/answers.md and the README's table, filled with the numbers of docs/answers/*.csv.

    python docs/answers.py                  # docs/answers/template.md → docs/answers.md; the table → README.md
    python docs/answers.py report/tables    # first copies the tables of a report that docs/answers/ has

The text is written in the template. Where it needs a number it asks for one by table, method and measure, so that no
number is typed twice, and one that is no longer there is an error.
"""

from __future__ import annotations

import csv
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

import jinja2
import numpy as np
from scipy import stats

HERE = Path(__file__).parent
TABLES, PAGE, README = HERE / "answers", HERE / "answers.md", HERE.parent / "README.md"
MARKER = re.compile(r"(<!-- answers -->\n).*?(<!-- end -->)", re.DOTALL)
# What the README shows: how it is called there, and its row in f3_human_judgement.
FRONT = {
    "a table: grey level → how often each colour": "grey look-up table (colour classification)",
    "U-Net": "U-Net",
    "CNN": "CNN",
    "a table: grey level → mean colour": "grey look-up table (colour regression)",
    "RegressionCNN": "RegressionCNN",
}
MEASURES = {"accuracy": 3, "cross_entropy": 3, "mse": 4, "colourfulness_gap": 1}  # with their digits
LEVEL, QUANTILES = 0.95, 1000
Row = dict[str, str]
Spread = tuple[float, float, int]  # the mean over seeds, their standard deviation, and their number


def rows(table: str, **wanted: str) -> list[Row]:
    """The rows of a table with these values.

    Raises:
        LookupError: there are none.
    """
    with (TABLES / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        every = list(csv.DictReader(file))
    found = [row for row in every if all(row[key] == value for key, value in wanted.items())]
    if not found:
        there = {key: list(dict.fromkeys(row[key] for row in every)) for key in wanted}
        raise LookupError(f"docs/answers/{table}.csv: no row with {wanted}; it has {there}")
    return found


def number(value: float, digits: int) -> str:
    """A rounded number, with a true minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def point(table: str, setting: str, measure: str, digits: int, factor: float = 1) -> str:
    """The mean alone; `factor` is 100 for per cent."""
    (row,) = rows(table, setting=setting, measure=measure)
    return number(factor * float(row["mean"]), digits)


def value(table: str, setting: str, measure: str, digits: int, factor: float = 1) -> str:
    """The mean ± half of its 95 % interval over pictures, and the standard deviation over seeds in parentheses."""
    (row,) = rows(table, setting=setting, measure=measure)
    return _with_spread([row["mean"], row["low"], row["high"], row["seed_deviation"]], digits, factor)


def larger(network: str, way: str, pixels: str, pictures: str = "drawn", digits: int = 4) -> str:
    """As `value`, the squared error of 24 pictures of any size (F4)."""
    (row,) = rows("f4_larger_pictures-larger", network=network, way=way, pixels=pixels, pictures=pictures)
    return _with_spread([row[f"mse{part}"] for part in ("", " low", " high", " ±")], digits)


def _with_spread(cells: list[str], digits: int, factor: float = 1) -> str:
    middle, low, high, deviation = (factor * float(cell or "nan") for cell in cells)
    interval = "" if math.isnan(high - low) else f" ±\u00a0{number((high - low) / 2, digits)}"
    seeds = "" if math.isnan(deviation) else f" (±\u00a0{number(deviation, digits)})"
    return f"{number(middle, digits)}{interval}{seeds}"


def difference(table: str, setting: str, measure: str, digits: int, factor: float = 1) -> str:
    """The interval of the paired difference from the table's reference, over pictures and seeds."""
    (row,) = rows(table, setting=setting, measure=measure)
    low, high = (number(factor * float(row[f"difference_{end}"]), digits) for end in ("low", "high"))
    return f"{low}\u00a0to\u00a0{high}"


def apart(table: str, setting: str, other: str, measure: str, digits: int, factor: float = 1) -> str:
    """The 95 % interval, over seeds, of how much larger a method's mean is than another's.

    Computed as `Estimate.less` in colourize/measures/intervals.py is, but without the part of the pictures, which the
    tables do not have. It is far smaller, since both methods are tested on the same pictures; see `wider`.
    """
    low, high = _between(*(_over_seeds(*rows(table, setting=name, measure=measure)) for name in (setting, other)))
    return f"{number(factor * low, digits)}\u00a0to\u00a0{number(factor * high, digits)}"


def differing(table: str, measure: str, usual: str) -> list[tuple[str, str, float, float]]:
    """The networks whose `apart` from the usual one excludes zero: what is set, its name, and the interval's ends."""
    reference = _over_seeds(*rows(table, setting=usual, measure=measure))
    found = []
    for row in rows(table, measure=measure, is_baseline="False"):
        low, high = _between(_over_seeds(row), reference)
        if low > 0 or high < 0:
            found.append((row["setting"].partition("(")[2].rstrip(")"), row["setting"], low, high))
    return sorted(found, key=lambda each: -abs(each[2] + each[3]))


def wider() -> str:
    """How much wider F1's intervals over pictures and seeds are at most than those over seeds, in per cent."""
    reference = _over_seeds(*rows("f1_hyperparameters", measure="mse", setting="CNN (usual)"))
    ratios = []
    for row in rows("f1_hyperparameters-ranked"):
        setting = f"CNN ({row['setting']} {row['value']})"
        low, high = _between(_over_seeds(*rows("f1_hyperparameters", measure="mse", setting=setting)), reference)
        ends = [float(end) for end in row["95 % interval"].split(" … ")]
        ratios.append((ends[1] - ends[0]) / (high - low))
    return number(100 * (max(ratios) - 1), 0)


def _over_seeds(row: Row) -> Spread:
    return float(row["mean"]), float(row["seed_deviation"] or 0), int(row["seeds"])


def _between(one: Spread, other: Spread) -> tuple[float, float]:
    """Each adds t·deviation/√n, with n − 1 degrees of freedom for n seeds; the quantiles of all pairs are compared."""
    shares = (np.arange(QUANTILES) + 0.5) / QUANTILES
    first, second = (
        middle + (stats.t.ppf(shares, count - 1) * deviation / math.sqrt(count) if count > 1 else np.zeros(1))
        for middle, deviation, count in (one, other)
    )
    low, high = np.quantile(np.subtract.outer(first, second), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def relative(table: str, setting: str, other: str, measure: str) -> str:
    """How much larger (or smaller) a method's mean is than another's, in per cent."""
    one, two = (float(rows(table, setting=name, measure=measure)[0]["mean"]) for name in (setting, other))
    return number(abs(100 * (one / two - 1)), 0)


def field(table: str, column: str, digits: int, factor: float = 1, **wanted: str) -> str:
    """One cell of any other table."""
    return number(factor * float(rows(table, **wanted)[0][column]), digits)


def decimals(text: str, digits: int) -> str:
    """All numbers of a cell, with three digits that count, but at most so many decimals; a sign stays."""

    def signed(found: re.Match[str]) -> str:
        value = float(found[0])
        places = 2 - math.floor(math.log10(abs(value))) if value else 0
        return ("+" if found[0][0] == "+" else "") + number(value, min(digits, max(places, 0)))

    return re.sub(r"[+-]?\d+\.\d*(e[+-]?\d+)?", signed, text)


def gap(table: str, setting: str, digits: int) -> str:
    """How much higher the validation loss is than the training loss after the last epoch."""
    (row,) = rows(f"{table}-last-epoch", setting=setting)
    return number(float(row["val/loss"]) - float(row["train/loss"]), digits)


def whole(table: str, digits: int, *heads: str) -> str:
    """A whole table, under these headings or its own."""
    every = rows(table)
    lines = [list(heads or every[0]), [":---", *["---:"] * (len(every[0]) - 1)]]
    lines += [[decimals(cell, digits) for cell in row.values()] for row in every]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def zeros(model: str, layer: str) -> str:
    """The share of zeros in a layer's maps, in per cent: the mean over seeds and its standard deviation."""
    middle, deviation, _ = _zeros(model, layer)
    return f"{number(middle, 0)} % (±\u00a0{number(deviation, 0)})"


def zeros_apart(model: str, other: str, layer: str) -> str:
    """The 95 % interval, over seeds, of how much larger one network's share of zeros is, in per cent."""
    low, high = _between(_zeros(model, layer), _zeros(other, layer))
    return f"{number(low, 0)}\u00a0to\u00a0{number(high, 0)}"


def _zeros(model: str, layer: str) -> Spread:
    shares = [100 * float(row["sparsity"]) for row in rows("e_activations-activations", model=model, layer=layer)]
    return mean(shares), stdev(shares), len(shares)


def front() -> str:
    """The README's table."""
    heads = ["accuracy", "cross-entropy", "MSE", "colourfulness gap"]
    lines = [f"| | {' | '.join(heads)} |", "| --- |" + " ---: |" * len(heads)]
    for name, setting in FRONT.items():
        known = {row["measure"] for row in rows("f3_human_judgement", setting=setting)}
        cells = [
            value("f3_human_judgement", setting, measure, digits) if measure in known else ""
            for measure, digits in MEASURES.items()
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def wrapped(text: str) -> str:
    """Paragraphs in lines of at most 120 characters; tables, lists, headings and code stay as they are."""
    parts = re.split(r"(^```.*?^```$|\n\n)", text, flags=re.MULTILINE | re.DOTALL)
    plain = re.compile(r"[^\s|#!`<-]|`(?!``)")
    return (
        "".join(
            textwrap.fill(part, 120, break_long_words=False, break_on_hyphens=False) if plain.match(part) else part
            for part in parts
        ).rstrip("\n")
        + "\n"
    )


def pages() -> dict[Path, str]:
    """What the two pages should say."""
    asked: tuple[Callable[..., object], ...] = (
        *(rows, number, point, value, larger, difference, apart, differing, wider),
        *(relative, field, gap, whole, zeros, zeros_apart),
    )
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    template = environment.from_string((TABLES / "template.md").read_text(encoding="utf-8"))
    text = template.render({each.__name__: each for each in asked})
    readme = MARKER.sub(lambda found: f"{found[1]}\n{front()}\n\n{found[2]}", README.read_text(encoding="utf-8"))
    return {PAGE: wrapped(text), README: readme}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    for folder in map(Path, sys.argv[1:]):
        for path in TABLES.glob("*.csv"):
            shutil.copy(folder / path.name, path)
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")
