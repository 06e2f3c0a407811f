"""The tables of docs/evaluation.md and their figures, from the folders of the evaluations that it names.

    python docs/evaluation.py multirun/evaluation/tables

Reads `<folder>/<name>/comparison.csv` of each evaluation, copies it and the plots that the page shows to
docs/evaluation/, and writes the tables between the markers `<!-- name -->` and `<!-- end -->` of docs/evaluation.md
and README.md. A pattern in the marker takes one row from each folder that it names: `<!-- category-* unet -->`.
"""

from __future__ import annotations

import math
import re
import shutil
import sys
from pathlib import Path

from colourize.runs.tables import read_table

HERE = Path(__file__).parent
TABLES, PAGES = HERE / "evaluation", (HERE / "evaluation.md", HERE.parent / "README.md")
COLUMNS = {
    "accuracy": "accuracy", "cross_entropy": "cross-entropy", "mse": "MSE", "psnr": "PSNR, dB", "ssim": "SSIM",
    "delta_e": "ΔE2000", "colourfulness_gap": "colourfulness gap", "category_accuracy": "category accuracy",
}  # fmt: skip
MARKER = re.compile(r"(<!-- ([\w*-]+)((?: [\w().=, ]+)?) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(folder: Path) -> None:
    """Copy the tables of all evaluations in a folder, and fill the page."""
    TABLES.mkdir(exist_ok=True)
    for path in sorted(folder.glob("*/comparison.csv")):
        shutil.copy(path, TABLES / f"{path.parent.name}.csv")
        for figure, name in (("comparison", path.parent.name), ("agreement", f"{path.parent.name}-agreement")):
            if f"evaluation/{name}.svg" in PAGES[0].read_text():
                shutil.copy(path.with_name(f"{figure}.svg"), TABLES / f"{name}.svg")
    for page in PAGES:
        page.write_text(MARKER.sub(with_table, page.read_text()))


def with_table(match: re.Match[str]) -> str:
    """A marker with its table."""
    return f"{match[1]}\n{filled(match[2], match[3].strip())}\n{match[4]}"


def filled(name: str, method: str) -> str:
    """The Markdown of one table: all methods of an evaluation, or one method over several."""
    paths = sorted(TABLES.glob(f"{name}.csv"))
    rows = [{**row, "table": path.stem} for path in paths for row in read_table(path)]
    if method:
        rows = [{**row, "method": row["table"].partition("-")[2]} for row in rows if row["method"] == method]
    measures = [measure for measure in COLUMNS if any(row["measure"] == measure for row in rows)]
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
    half = (float(row["high"]) - float(row["low"])) / 2 if row["high"] else 0.0
    digits = 4 if half < 1e-9 else max(0, min(5, 1 - math.floor(math.log10(half))))  # two of the interval
    mark = {"better": " ▲", "worse": " ▼"}.get(row["mark"], "")
    seeds = f" (± {float(row['seed_deviation']):.{digits}f})" if row["seed_deviation"] else ""
    return f"{float(row['mean']):.{digits}f} ± {half:.{digits}f}{seeds}{mark}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
