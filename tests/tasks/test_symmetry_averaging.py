"""Means over symmetric pictures: of values, of distributions, of pieces; a choice that is not saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from colourize.answers import Category
from colourize.errors import UsageError
from colourize.prediction.predictor import Predictor
from colourize.tasks import RestorationTask

TaskMaker = Callable[..., RestorationTask]
# A turn by quarters, and then a mirror image or not: all symmetries of the square, in another way than the package's.
TURNS = {1: [(0, False)], 2: [(0, False), (0, True)], 8: [(n, mirror) for n in range(4) for mirror in (False, True)]}


def turned(pictures: Tensor, quarters: int, mirror: bool) -> Tensor:
    pictures = pictures.rot90(quarters, (2, 3))
    return pictures.flip(3) if mirror else pictures


def turned_back(pictures: Tensor, quarters: int, mirror: bool) -> Tensor:
    return (pictures.flip(3) if mirror else pictures).rot90(-quarters, (2, 3))


@pytest.mark.parametrize("number", [2, 8])
@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_the_mean_of_all_answers(kind: str, number: int, tiny_task: TaskMaker) -> None:
    task = tiny_task("grey", kind).eval()
    inputs = torch.rand(2, 1, 8, 16)
    answers = torch.stack([turned_back(task(turned(inputs, *each)), *each) for each in TURNS[number]])
    task.test_time_symmetries = number
    found = task(inputs)
    if kind == "regression":
        torch.testing.assert_close(found, answers.mean(0))
    else:
        torch.testing.assert_close(found.softmax(1), answers.softmax(2).mean(0))
    for each in TURNS[number]:
        torch.testing.assert_close(task(turned(inputs, *each)), turned(found, *each))
    assert "test_time_symmetries" not in str(dict(task.hparams))


def test_logits_of_whole_pictures_are_not_turned() -> None:
    first, second = torch.randn(2, 3, 10).unbind()
    found = Category().mean_of(iter([first, second]))
    torch.testing.assert_close(found.exp(), (first.softmax(1) + second.softmax(1)) / 2)


@pytest.mark.parametrize("number", [2, 8])
@pytest.mark.parametrize(
    ("given", "model"),
    [
        ("grey", {"_target_": "colourize.models.UNet"}),
        ("grey", {"_target_": "colourize.models.RonnebergerUNet", "padding": "valid"}),
        ("low", {"_target_": "colourize.models.ResidualSR", "scale_factor": 4}),
    ],
)
def test_pieces_are_the_whole_with_symmetries_too(
    given: str, model: dict[str, Any], number: int, tiny_task: TaskMaker
) -> None:
    task = tiny_task(given, "classification", model={**model, "num_filters": 4})
    sides = (61, 107) if given == "grey" else (23, 37)  # neither square nor of whole multiples
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (*sides, 3), dtype=np.uint8))
    made = []
    for tile in (32, 8192):
        method = Predictor(task, "none", "expected", tile=tile, test_time_symmetries=number)
        assert method.halo is not None
        made.append(np.asarray(method(picture)).astype(int))
    assert np.abs(made[0] - made[1]).max() <= 1
    plain = np.asarray(Predictor(task, "none", "expected")(picture)).astype(int)
    assert np.abs(made[0] - plain).max() > 1  # and it was asked for anew


def test_a_table_is_no_network(tiny_task: TaskMaker) -> None:
    task = tiny_task("low", "regression", model={"_target_": "colourize.models.Interpolation"})
    with pytest.raises(UsageError, match=r"^test_time_symmetries=2: Interpolation is no network$"):
        Predictor(task, test_time_symmetries=2)
    for wrong in (4, True):
        with pytest.raises(UsageError, match=rf"^test_time_symmetries={wrong}: must be 1, 2 \(mirror images\) or 8 \("):
            Predictor(tiny_task("grey", "regression", size=[8, 8]), test_time_symmetries=wrong)
