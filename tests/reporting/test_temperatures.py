"""Measures against the temperature: those of an evaluation at each, and a drawing of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from colourize.errors import UsageError
from colourize.figures.saving import panels_of
from colourize.measures.base import PictureBatch
from colourize.measures.colour import ColourfulnessGap
from colourize.reporting.parts.temperatures import draw_temperatures, measured_at
from colourize.tasks import RestorationTask


def test_measures_at_each_temperature(tiny_task: Callable[..., RestorationTask], tmp_path: Path) -> None:
    task = tiny_task("grey", "classification").eval()
    pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3), dtype=np.uint8))
    found = measured_at(task, pictures.split(3), ["colourfulness_gap", "delta_e"], [0.0, 1.0])
    assert set(found) == {"colourfulness_gap", "delta_e"}
    pair = task.make_pair(pictures)
    with torch.no_grad():
        read = task.pictures(task(pair.inputs), pair.inputs)
    for place, name in enumerate(("prediction", "expected")):  # of a palette the likeliest colour, and the mean
        gap = ColourfulnessGap().values(PictureBatch(read[name]), PictureBatch(pair.truth)).mean()
        assert found["colourfulness_gap"][place] == pytest.approx(gap.item(), rel=1e-4)
    assert task.answer.temperature == 1.0
    draw_temperatures({"unet": found}, tmp_path / "drawn", [0.0, 1.0])
    assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".svg", ".png"}
    assert len(panels_of(tmp_path / "drawn.svg")) == len(found)


def test_what_is_read_without_a_temperature(tiny_task: Callable[..., RestorationTask]) -> None:
    with pytest.raises(UsageError, match=r"^temperatures: the answer RGB is read without one$"):
        measured_at(tiny_task("grey", "regression"), [], ["delta_e"])
