"""The page of a study: one HTML file with everything in it, which opens anywhere and asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from PIL import Image

from colourize.files import write_whole
from colourize.study.trials import Plan, Trial, make_plan

SHOWN_MS = 1000  # how long a pair is shown (Zhang, Isola & Efros 2016)
CROSS_MS = 500  # how long the fixation cross stands before it
PAUSE_EVERY = 25  # trials
TRIAL_S = 3.5  # what a trial takes, with its cross and the choice, for the estimate on the first page


def write_page(
    path: str | Path,
    title: str,
    truth: np.ndarray,
    coloured: Mapping[str, np.ndarray],
    which: Sequence[int] | np.ndarray,
    seed: int = 0,
    **counts: int,
) -> Plan:
    """Write the page of a two-alternative forced choice: which of two pictures is the real photograph?

    Give it more pictures than a participant is to see: it takes those that it needs, at random.

    Args:
        path: the HTML file; its folder exists already.
        title: the heading, for participants.
        truth: the true pictures, (N, H, W, 3) uint8.
        coloured: by the label of a model what it made of each of them, (N, H, W, 3) uint8.
        which: the number of each picture, (N,), each once: those of the column `picture` of `per_picture.csv`, so that
            answers can be compared with measures.
        seed: of the choice of pictures and sides.
        counts: trials_per_model, practice and catch, as `make_plan` has them.

    Returns:
        The trials that the page holds.

    Raises:
        UsageError: too few pictures, or a count that is not allowed.
        ValueError: arrays that do not fit one another.
    """
    for label, pictures in {"truth": truth, **coloured}.items():
        if pictures.dtype != np.uint8 or pictures.shape != truth.shape or pictures.shape[-1:] != (3,):
            raise ValueError(f"{label}: must be uint8, (N, H, W, 3) like the truth, not {pictures.shape}")
    if len(which) != len(truth):
        raise ValueError(f"which: {len(which)} numbers for {len(truth)} pictures")
    plan = make_plan(list(coloured), [int(number) for number in which], seed, **counts)
    write_whole(path, _page(title, _study(plan, truth, coloured, which)))
    return plan


def _study(
    plan: Plan, truth: np.ndarray, coloured: Mapping[str, np.ndarray], which: Sequence[int] | np.ndarray
) -> dict[str, Any]:
    """What the page is about, as its script reads it: trials point into the list of pictures."""
    index = {int(number): place for place, number in enumerate(which)}
    pictures: dict[tuple[bool, str | None, int], tuple[int, np.ndarray]] = {}

    def place(real: bool, trial: Trial) -> int:
        source = truth if real or trial.model is None else coloured[trial.model]
        picture = source[index[trial.picture]]
        key = (real, None if real else trial.model, trial.picture)
        return pictures.setdefault(key, (len(pictures), picture if real or trial.model else 255 - picture))[0]

    def listed(trials: Sequence[Trial]) -> list[dict[str, Any]]:
        return [asdict(trial) | {"real": place(True, trial), "other": place(False, trial)} for trial in trials]

    trials = {
        "practice": listed(plan.practice),
        "catch": listed(plan.catch),
        "versions": [listed(version) for version in plan.versions],
    }
    checksum = hashlib.sha256(json.dumps(trials).encode())
    for _, picture in pictures.values():
        checksum.update(picture.tobytes())
    return {
        "id": checksum.hexdigest()[:12],
        "shown_ms": SHOWN_MS,
        "cross_ms": CROSS_MS,
        "pause_every": PAUSE_EVERY,
        "size": list(truth.shape[1:3]),
        **trials,
        "pictures": [_data_uri(picture) for _, picture in pictures.values()],
    }


def _page(title: str, study: Mapping[str, Any]) -> str:
    parts = {
        part: (Path(__file__).parent / f"page.{part}").read_text(encoding="utf-8") for part in ("html", "css", "js")
    }
    count = len(study["practice"]) + len(study["catch"]) + len(study["versions"][0])
    return Template(parts["html"]).substitute(
        title=html.escape(title),
        style=parts["css"],
        script=parts["js"],
        study=json.dumps(study).replace("<", "\\u003c"),  # else a label could end the script
        count=count,
        minutes=max(1, round(count * TRIAL_S / 60)),
    )


def _data_uri(picture: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
