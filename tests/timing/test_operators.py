"""Part `operators`: a profile of steps, in which the time of all operators is found again."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from console import TINY_DATA
from omegaconf import DictConfig

from colourize.errors import UsageError
from colourize.timing import operators

CASE = "unet/colour_classification"


@pytest.fixture
def settings(compose: Callable[..., DictConfig]) -> Any:
    config = compose(*TINY_DATA, "model.num_filters=4", "data.batch_size=5", "trainer.precision=32-true")
    return SimpleNamespace(node=SimpleNamespace(cases=[CASE]), device=torch.device("cpu"), case=lambda name: config)


def test_the_slowest_come_first_and_nothing_is_lost(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    times = {f"operator {number}": float(number) for number in range(1, 21)}
    monkeypatch.setattr(operators, "milliseconds_a_step", lambda *arguments: times)
    part = operators.measure(settings)
    names = [row["operator"] for row in part.rows]
    assert names == [f"operator {number}" for number in range(20, 8, -1)] + ["everything else"]
    assert part.rows[-1]["ms"] == sum(range(1, 9))
    assert sum(row["share"] for row in part.rows) == pytest.approx(1)


def test_a_step_is_made_of_its_operators(settings: Any) -> None:
    times = operators.milliseconds_a_step(settings, CASE)
    assert {"mkldnn_convolution", "convolution_backward", "_log_softmax", operators.PYTHON} <= set(times)
    assert all(time >= 0 for time in times.values())


def test_too_short_an_epoch(settings: Any) -> None:
    settings.case(CASE).trainer.limit_train_batches = operators.WARM_UP
    with pytest.raises(UsageError, match=r"benchmark\.pictures: 5 steps an epoch"):
        operators.measure(settings)
