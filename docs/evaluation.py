"""The tables of evaluations in docs/, and their figures, from the folders of the evaluations that it names.

    python docs/evaluation.py multirun/evaluation/tables

Reads `<folder>/<name>/comparison.csv` of each evaluation, copies it and the plots that the page shows to
docs/evaluation/, and writes the tables between the markers `<!-- name -->` and `<!-- end -->` of docs/evaluation.md,
docs/papers.md and docs/best.md. A pattern in the marker takes one row from each folder that it names: `<!-- category-*
unet -->`. `<!-- name | delta_e, ssim -->` shows these measures in place of the usual ones.
"""

from __future__ import annotations

import math
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from colourize.errors import InputError
from colourize.runs.tables import read_table

HERE = Path(__file__).parent
TABLES, PAGES = HERE / "evaluation", tuple(HERE / f"{name}.md" for name in ("evaluation", "papers", "best"))
USUAL = ("accuracy", "cross_entropy", "mse", "psnr", "ssim", "delta_e", "colourfulness_gap", "category_accuracy")
COLUMNS = {
    "accuracy": "accuracy", "cross_entropy": "cross-entropy", "mse": "MSE", "psnr": "PSNR, dB", "ssim": "SSIM",
    "delta_e": "ΔE2000", "colourfulness_gap": "colourfulness gap", "category_accuracy": "category accuracy",
    "auc_balanced": "balanced AuC", "mdsi": "MDSI", "haarpsi": "HaarPSI", "feature_distance": "feature distance",
    "mse_expected": "MSE of the mean",
}  # fmt: skip
MARKER = re.compile(r"(<!-- ([\w*-]+)((?: [\w().=, ]+)?)(?: \| ([\w, ]+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def main(folder: Path) -> None:
    """Copy the tables of all evaluations in a folder, and fill the pages: all of them, or none.

    Raises:
        InputError: a table, a figure or a method that the pages name is not there.
    """
    pages = {page: page.read_text(encoding="utf-8") for page in PAGES}
    paths = sorted(folder.glob("*/comparison.csv"))
    if not paths:
        raise InputError(f"{folder}: no evaluation lies in this folder (<name>/comparison.csv)")
    TABLES.mkdir(exist_ok=True)
    for path in paths:
        shutil.copy(path, TABLES / f"{path.parent.name}.csv")
        for figure, name in (("comparison", path.parent.name), ("agreement", f"{path.parent.name}-agreement")):
            if f"evaluation/{name}.svg" in pages[PAGES[0]]:
                drawn = path.with_name(f"{figure}.svg")
                if not drawn.is_file():
                    raise InputError(f"{drawn}: there is no such file, and {PAGES[0].name} shows it")
                shutil.copy(drawn, TABLES / f"{name}.svg")
    filled_in = {page: MARKER.sub(with_table, text) for page, text in pages.items()}
    for page, text in filled_in.items():
        page.write_text(text, encoding="utf-8")


def with_table(match: re.Match[str]) -> str:
    """A marker with its table."""
    measures = match[4].replace(" ", "").split(",") if match[4] else USUAL
    return f"{match[1]}\n{filled(match[2], match[3].strip(), measures)}\n{match[5]}"


def filled(name: str, method: str, shown: Sequence[str] = USUAL) -> str:
    """The Markdown of one table: all methods of an evaluation, or one method over several.

    Raises:
        InputError: there is no such table, or one has not the method.
    """
    paths = sorted(TABLES.glob(f"{name}.csv"))
    marker = f"<!-- {f'{name} {method}'.strip()} -->"
    if not paths:
        raise InputError(f"{marker}: there is no table {TABLES.name}/{name}.csv")
    rows = [{**row, "table": path.stem} for path in paths for row in read_table(path)]
    for path in paths if method else []:
        methods = dict.fromkeys(row["method"] for row in rows if row["table"] == path.stem)
        if method not in methods:
            raise InputError(f"{marker}: {TABLES.name}/{path.name} has only {', '.join(methods)}")
    if method:
        rows = [{**row, "method": row["table"].partition("-")[2]} for row in rows if row["method"] == method]
    measures = [measure for measure in shown if any(row["measure"] == measure for row in rows)]
    # Networks below what needs none, and the better ones first, as the rows come.
    lines = ["| | " + " | ".join(COLUMNS[each] for each in measures) + " |", "| --- |" + " ---: |" * len(measures)]
    for label in dict.fromkeys(row["method"] for row in sorted(rows, key=lambda row: row["seeds"] != "0")):
        own = {row["measure"]: row for row in rows if row["method"] == label}
        lines.append(f"| {label} | " + " | ".join(cell(own.get(measure)) for measure in measures) + " |")
    return "\n".join(lines) + "\n"


def cell(row: dict[str, str] | None) -> str:
    """A mean, half of its interval over pictures, the deviation over seeds, and the mark of the difference."""
    if row is None or not row["mean"]:
        return ""
    has_interval = bool(row["low"] and row["high"]) and math.isfinite(float(row["mean"]))
    half = (float(row["high"]) - float(row["low"])) / 2 if has_interval else 0.0
    digits = 4 if half < 1e-9 else max(0, min(5, 1 - math.floor(math.log10(half))))  # two of the interval
    interval = f" ± {half:.{digits}f}" if has_interval else ""
    mark = {"better": " ▲", "worse": " ▼"}.get(row["mark"], "")
    seeds = f" (± {float(row['seed_deviation']):.{digits}f})" if row["seed_deviation"] else ""
    return f"{float(row['mean']):.{digits}f}{interval}{seeds}{mark}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        main(Path(sys.argv[1]))
    except InputError as error:
        sys.exit(f"error: {error}")
