"""Writes the files of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from colourize.data.pictures import PictureData
from colourize.figures.grid import labelled_grid
from colourize.figures.saving import save_sheet
from colourize.files import write_json
from colourize.measures.registry import headlines as headlines_of
from colourize.methods.candidates import Candidate
from colourize.methods.comparison import Comparison, Evaluated
from colourize.reporting.agreement import FEWEST, rank_correlations, write_agreement
from colourize.reporting.comparison_tables import write_comparison
from colourize.reporting.picture_sheets import contrasting_pictures, predictions, sheet_rows
from colourize.reporting.plots import draw_intervals
from colourize.runs.tables import write_columns
from colourize.study.page import write_page

MOST_IN_STUDY = 400  # maximum number of pictures from which a study's page chooses


def write_files(
    folder: Path, evaluated: Sequence[Evaluated], comparison: Comparison, data: PictureData, *, study: bool, seed: int
) -> None:
    """Write the first method's `metrics.json` and `per_picture.csv`, and those of the others in `methods/<name>/`.

    With several methods, also write the comparison (`comparison.csv`, `.md`, `.txt`, `.svg`, `.png`), the pictures on
    which they differ most (`pictures.png`), and, with enough methods, `agreement.csv`, `.svg` and `.png`.
    """
    for place, each in enumerate(evaluated):
        own = folder / "methods" / each.candidate.folder_name if place else folder
        own.mkdir(parents=True, exist_ok=True)
        write_columns(own / "per_picture.csv", each.table)
        write_json(own / "metrics.json", each.logged)
    one_seed = list({each.label: each for each in reversed(evaluated)}.values())[::-1]
    asked = study_labels([each.candidate for each in evaluated])
    if study:
        which = np.random.default_rng(seed).permutation(evaluated[0].table["picture"])[:MOST_IN_STUDY]
        coloured = {}
        for each in one_seed:
            if each.label in asked:
                made = predictions(each.candidate.task, data, which).clamp(0, 1).movedim(1, -1).cpu().numpy()
                coloured[each.label] = (255 * made).round().astype(np.uint8)
        write_page(folder / "study.html", "Which picture is real?", data.pictures.test[which], coloured, which, seed)
    if len(evaluated) < 2:
        return
    write_comparison(folder, comparison)
    headlines = headlines_of(comparison.measures) or comparison.measures[:4]
    if not headlines:  # no measure was requested
        return
    draw_intervals(comparison, headlines, folder / "comparison")
    shown = [each for each in one_seed if each.label in asked or each.label in comparison.reference.values()]
    if len(shown) > 1 and all("mse" in each.table for each in shown):
        chosen = contrasting_pictures(shown)
        rows = sheet_rows({each.label: each.candidate.task for each in shown}, data, np.concatenate([*chosen.values()]))
        groups = {name: len(each) for name, each in chosen.items()}
        save_sheet(folder / "pictures.png", labelled_grid(rows, groups))
    if len(evaluated) >= FEWEST:
        names, correlations = rank_correlations([each.means for each in evaluated])
        if len(names) > 1:
            write_agreement(folder, names, correlations, len(evaluated))


def study_labels(candidates: Sequence[Candidate]) -> list[str]:
    """The methods of a study: the networks, or all methods if there is no network."""
    networks = [each.label for each in candidates if not each.is_baseline]
    return list(dict.fromkeys(networks or [each.label for each in candidates]))
