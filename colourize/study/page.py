"""The page of a study: one HTML file that contains everything and needs no network."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

from colourize.figures.saving import data_uri
from colourize.files import write_whole
from colourize.study.trials import Plan, Trial, make_plan

SHOWN_MS = 1000  # how long a pair is shown (Zhang, Isola & Efros 2016)
CROSS_MS = 500  # how long the fixation cross is shown before it
PAUSE_EVERY = 25  # trials between two pauses
TRIAL_S = 3.5  # seconds of a trial, with its cross and the choice, for the estimate on the first page


def write_page(
    path: str | Path, title: str, truth: np.ndarray, coloured: Mapping[str, np.ndarray],
    which: Sequence[int] | np.ndarray, seed: int = 0, **counts: int,
) -> Plan:  # fmt: skip
    """Write the page of a two-alternative forced choice: which of two pictures is the real photograph?

    The pictures of the trials are chosen at random, so there should be more pictures than a participant sees.

    Args:
        path: the HTML file; its folder must exist.
        title: the heading, for participants.
        truth: the true pictures, (N, H, W, 3) uint8.
        coloured: the pictures of each model, (N, H, W, 3) uint8, by the model's label.
        which: the unique index of each picture, (N,), as in the column `picture` of `per_picture.csv`, so that answers
            can be compared with measures.
        seed: the seed of the choice of pictures and sides.
        counts: trials_per_model, practice and catch of `make_plan`.

    Returns:
        The trials on the page.

    Raises:
        UsageError: too few pictures, or a count that is not allowed.
        ValueError: arrays that do not match.
    """
    for label, pictures in {"truth": truth, **coloured}.items():
        if pictures.dtype != np.uint8 or pictures.shape != truth.shape or pictures.shape[-1:] != (3,):
            raise ValueError(f"{label}: must be uint8, (N, H, W, 3) like the truth, not {pictures.shape}")
    if len(which) != len(truth):
        raise ValueError(f"which: {len(which)} numbers for {len(truth)} pictures")
    plan = make_plan(list(coloured), [int(number) for number in which], seed, **counts)
    study = _study(plan, truth, coloured, which)
    page, style, script = (
        (Path(__file__).parent / f"page.{part}").read_text(encoding="utf-8") for part in ("html", "css", "js")
    )
    count = len(plan.practice) + len(plan.catch) + len(plan.versions[0])
    minutes = max(1, round(count * TRIAL_S / 60))
    contents = json.dumps(study).replace("<", "\\u003c")  # otherwise a label could end the script
    values = {"style": style, "script": script, "study": contents, "count": count, "minutes": minutes}
    write_whole(path, Template(page).substitute(values, title=html.escape(title)))
    return plan


def _study(
    plan: Plan, truth: np.ndarray, coloured: Mapping[str, np.ndarray], which: Sequence[int] | np.ndarray
) -> dict[str, Any]:
    """The study in the form that the page's script reads; trials refer to pictures by their index in a list."""
    index = {int(number): place for place, number in enumerate(which)}
    pictures: dict[tuple[str, str | None, int], tuple[int, np.ndarray]] = {}

    def place(trial: Trial, kind: str) -> int:
        model = trial.model if kind == "other" else None
        picture = (truth if model is None else coloured[model])[index[trial.picture]]
        if kind == "other" and model is None:
            picture = 255 - picture  # the negative
        return pictures.setdefault((kind, model, trial.picture), (len(pictures), picture))[0]

    def listed(trials: Sequence[Trial]) -> list[dict[str, Any]]:
        return [asdict(trial) | {kind: place(trial, kind) for kind in ("real", "other")} for trial in trials]

    trials: dict[str, Any] = {"practice": listed(plan.practice), "catch": listed(plan.catch)}
    trials["versions"] = [listed(version) for version in plan.versions]
    checksum = hashlib.sha256(json.dumps(trials).encode())
    for _, picture in pictures.values():
        checksum.update(picture.tobytes())
    about = {"id": checksum.hexdigest()[:12], "shown_ms": SHOWN_MS, "cross_ms": CROSS_MS, "pause_every": PAUSE_EVERY}
    images = [data_uri(Image.fromarray(picture), "png", optimize=True) for _, picture in pictures.values()]
    return {**about, "size": list(truth.shape[1:3]), **trials, "pictures": images}
