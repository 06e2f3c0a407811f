"""docs/papers/temperatures.svg: what λ and the decoding temperature do, from an evaluation at several temperatures.

colourize-evaluate checkpoint=multirun/zhang-lambda 'temperature=[0,0.2,0.38,0.6,1]' hydra.run.dir=outputs/lambda
python docs/papers.py outputs/lambda
"""

from __future__ import annotations

import csv
import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from colourize.reporting.parts.temperatures import draw_temperatures

MEASURES = ("colourfulness_gap", "auc_balanced", "delta_e")
METHOD = re.compile(r"zhang \(uniform_weight=(?P<weight>[\d.]+), temperature=(?P<temperature>[\d.]+)\)")


def main(folder: Path) -> None:
    """Draw the means of an evaluation's `comparison.csv`."""
    found: dict[str, dict[str, dict[float, float]]] = {}
    with (folder / "comparison.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            named = METHOD.fullmatch(row["method"])
            if named and row["measure"] in MEASURES:
                values = found.setdefault(f"λ = {named['weight']}", {}).setdefault(row["measure"], {})
                values[float(named["temperature"])] = float(row["mean"])
    temperatures = sorted(next(iter(found.values()))[MEASURES[0]])
    methods = {
        name: {each: np.array([measures[each][t] for t in temperatures]) for each in MEASURES}
        for name, measures in sorted(found.items())
    }
    with tempfile.TemporaryDirectory() as place:  # it also makes a PNG and a file for each panel
        draw_temperatures(methods, Path(place) / "temperatures", temperatures)
        shutil.copy(Path(place) / "temperatures.svg", Path(__file__).parent / "papers")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
