"""Photographs of any size: their own grey is kept exactly, colours come from the trained size, sizes are bounded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from colourize.degradations import Grey
from colourize.errors import InputError, UsageError
from colourize.prediction.predictor import Predictor, join, low_size
from colourize.tasks import RestorationTask

TaskMaker = Callable[..., RestorationTask]
LUMA = [0.299, 0.587, 0.114]


def photograph(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("divisor", [255, 256])
@pytest.mark.parametrize("weights", [[1 / 3] * 3, LUMA])
def test_the_grey_that_the_network_saw_is_kept(weights: list[float], divisor: int, tiny_task: TaskMaker) -> None:
    """Of colour photographs as well, also where a predicted colour is too strong for a pixel's grey."""
    degradation = {"_target_": "colourize.degradations.Grey", "weights": weights}
    task = tiny_task("grey", "classification", degradation=degradation, size=[16, 16], divisor=divisor)
    source = photograph(600, 530)  # more than one piece in each direction
    for picture in ("prediction", "expected"):
        result = Predictor(task, picture=picture)(source)
        assert result.size == source.size
        kept, grey = (np.asarray(each).astype(float) @ np.array(weights) for each in (result, source))
        np.testing.assert_allclose(kept, grey, atol=0.51)  # rounded to levels
        assert np.ptp(np.asarray(result).astype(int), axis=2).max() > 5  # and it has colour


def test_colours_that_are_too_strong_are_made_paler_and_keep_their_hue() -> None:
    colours = torch.tensor([0.9, 0.3, 0.0]).view(1, 3, 1, 1)
    for level in (0.0, 0.02, 0.4, 0.97, 1.0):
        joined = join(Grey(), colours, torch.full((1, 3, 1, 1), level))
        assert joined.mean().item() == pytest.approx(level, abs=1e-6)
        strength = (joined - level) / (colours - 0.4)
        assert strength.max() - strength.min() < 1e-5 and strength.min() > -1e-5 and strength.max() < 1 + 1e-5
    assert strength.abs().max() < 1e-5  # white has no colour


def test_sizes_of_inputs_and_results(tiny_task: TaskMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    assert low_size(6000, 4000, 32) == (48, 32)
    assert low_size(8, 16, 32) == (32, 64)
    assert low_size(20000, 7, 32) == (20000, 32)  # and not 91429
    enlarging = Predictor(tiny_task("low", "regression", size=[32, 32]))
    assert enlarging(photograph(9, 7)).size == (36, 28)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(InputError, match=r"would become 36×28 pixels"):
        enlarging(photograph(9, 7))


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (3, 5), (33, 32)])
@pytest.mark.parametrize("join", ["luminance", "none"])
def test_any_size(size: tuple[int, int], join: str, tiny_task: TaskMaker) -> None:
    shares: list[float] = []
    result = Predictor(tiny_task("grey", "regression", size=[16, 16]), join=join, tile=64)(
        photograph(*size), shares.append
    )
    assert result.size == size and result.mode == "RGB"
    assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize("upsampling", ["joint_bilateral", "bilinear"])
def test_several_sizes_give_the_mean_of_their_results(upsampling: str, tiny_task: TaskMaker) -> None:
    task, shares = tiny_task("grey", "regression", size=[16, 16]), []
    several = Predictor(task, size=[8, 16, 24], upsampling=upsampling)(photograph(60, 40), shares.append)
    each = [np.array(Predictor(task, size=size, upsampling=upsampling)(photograph(60, 40))) for size in (8, 16, 24)]
    close = np.abs(np.array(several) - np.mean(each, 0)) <= 1  # each of them is rounded
    assert close.mean() > 0.9  # colours that are too strong are made paler after the mean
    assert np.abs(each[0].astype(int) - each[2]).max() > 2 and sum(shares) == pytest.approx(1)


def test_values_that_are_not_allowed(tiny_task: TaskMaker) -> None:
    task = tiny_task("grey", "regression", size=[16, 16])
    for wrong, message in (
        ({"join": "colour"}, "join=colour: must be one of luminance, none"),
        ({"picture": "expected"}, "picture=expected: must be auto, or what this network gives: prediction"),
        ({"tile": 8}, "tile=8: must be a whole number from 32"),
        ({"size": True}, "size=True: must be"),
        ({"size": [32, 2]}, "size=2: must be a whole number from 4 to 8192"),
        ({"size": []}, r"size=\[\]: must have at least one"),
        ({"upsampling": "cubic"}, "upsampling=cubic: must be one of joint_bilateral, bilinear"),
        ({"device": "tpu"}, "device=tpu: must be auto, cpu"),
        ({"device": "mps"}, "device=mps: Apple's GPU has no double precision, which palettes need; take cpu"),
    ):
        with pytest.raises(UsageError, match=message):
            Predictor(task, **wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="size: missing"):
        Predictor(tiny_task("grey", "regression"))
    Predictor(tiny_task("grey", "regression"), join="none")

    assert Predictor(task).picture == "prediction"
    assert Predictor(tiny_task("grey", "classification", size=[16, 16])).picture == "expected"


def test_tasks_without_pictures_are_refused(tiny_task: TaskMaker) -> None:
    oracle = {"_target_": "colourize.models.PaletteOracle"}
    with pytest.raises(UsageError, match="PaletteOracle answers with the true picture"):
        Predictor(tiny_task("grey", "classification", model=oracle))
    category = RestorationTask(
        model={"_target_": "colourize.models.ResidualClassifier", "num_filters": 2},
        degradation={"_target_": "colourize.degradations.Undegraded"},
        answer={"_target_": "colourize.answers.Category"},
        loss={"_target_": "colourize.losses.CrossEntropy"},
    )
    with pytest.raises(UsageError, match="Category, is no picture"):
        Predictor(category)
