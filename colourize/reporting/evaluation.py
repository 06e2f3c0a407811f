"""What an evaluation leaves in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from colourize.data.pictures import PictureData
from colourize.figures.grid import labelled_grid
from colourize.files import whole_file, write_json
from colourize.measures.registry import headlines as headlines_of
from colourize.methods.candidates import Candidate
from colourize.methods.results import Comparison, Evaluated
from colourize.reporting.agreement import FEWEST, rank_correlations, write_agreement
from colourize.reporting.comparison import write_comparison
from colourize.reporting.intervals import draw_intervals
from colourize.reporting.pictures import predictions, sheet_rows, telling_pictures
from colourize.runs.tables import write_table
from colourize.study.page import write_page

MOST_IN_STUDY = 400  # pictures that a study's page chooses from


def write_files(
    folder: Path, evaluated: Sequence[Evaluated], comparison: Comparison, data: PictureData, *, study: bool, seed: int
) -> None:
    """The first method's `metrics.json` and `per_picture.csv`, and those of the others in `methods/<name>/`.

    Of several methods also the comparison: `comparison.csv`, `.md`, `.txt`, `.svg` and `.png`, the pictures that tell
    them apart, `pictures.png`, and of enough of them `agreement.csv`, `.svg` and `.png`.
    """
    for number, each in enumerate(evaluated):
        own = folder / "methods" / each.candidate.folder_name if number else folder
        own.mkdir(parents=True, exist_ok=True)
        columns = [column.tolist() for column in each.table.values()]
        write_table(
            own / "per_picture.csv", [dict(zip(each.table, row, strict=True)) for row in zip(*columns, strict=True)]
        )
        write_json(own / "metrics.json", each.logged)
    if study:
        _write_study(folder, evaluated, data, seed)
    if len(evaluated) < 2:
        return
    write_comparison(folder, comparison)
    headlines = headlines_of(comparison.measures) or comparison.measures[:4]
    if not headlines:  # no measure was asked for
        return
    draw_intervals(comparison, headlines, folder / "comparison")
    shown = _networks_and_references(evaluated, comparison)
    if len(shown) > 1 and all("mse" in each.table for each in shown):
        chosen = telling_pictures(shown)
        which = np.concatenate(list(chosen.values()))
        sheet = labelled_grid(
            sheet_rows({each.candidate.label: each.candidate.task for each in shown}, data, which),
            groups={name: len(each) for name, each in chosen.items()},
        )
        with whole_file(folder / "pictures.png") as part:
            sheet.save(part)
    if len(evaluated) >= FEWEST:
        names, correlations = rank_correlations([each.means for each in evaluated])
        if len(names) > 1:
            write_agreement(folder, names, correlations, len(evaluated))


def study_labels(candidates: Sequence[Candidate]) -> list[str]:
    """The methods that people are asked about: the networks, or all where there is none."""
    networks = [each.label for each in candidates if not each.is_baseline]
    return list(dict.fromkeys(networks or [each.label for each in candidates]))


def _write_study(folder: Path, evaluated: Sequence[Evaluated], data: PictureData, seed: int) -> None:
    """`study.html`: real pictures beside those of each method that people are asked about."""
    labels = study_labels([each.candidate for each in evaluated])
    shown = [each for each in _one_seed_each(evaluated) if each.candidate.label in labels]
    which = np.random.default_rng(seed).permutation(evaluated[0].table["picture"])[:MOST_IN_STUDY]
    coloured = {}
    for each in shown:
        pictures = predictions(each.candidate.task, data, which).clamp(0, 1).movedim(1, -1).cpu().numpy()
        coloured[each.candidate.label] = (255 * pictures).round().astype(np.uint8)
    truth = data.pictures.test[which]
    write_page(folder / "study.html", "Which picture is real?", truth, coloured, which, seed)


def _networks_and_references(evaluated: Sequence[Evaluated], comparison: Comparison) -> list[Evaluated]:
    """Those worth looking at side by side; all where nothing was trained."""
    held_against = set(comparison.reference.values())
    one_each = _one_seed_each(evaluated)
    networks = [each for each in one_each if not each.candidate.is_baseline]
    return (
        [each for each in one_each if each in networks or each.candidate.label in held_against]
        if networks
        else one_each
    )


def _one_seed_each(evaluated: Sequence[Evaluated]) -> list[Evaluated]:
    return list({each.candidate.label: each for each in reversed(evaluated)}.values())[::-1]
