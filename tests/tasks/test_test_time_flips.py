"""Means over a picture and its mirror image: of values, of distributions, of pieces; a choice that is not saved."""

import numpy as np
import pytest
import torch
from PIL import Image

from colourize.errors import UsageError
from colourize.prediction.predictor import Predictor


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_the_mean_of_both_answers(kind, tiny_task):
    task = tiny_task("grey", kind).eval()
    inputs = torch.rand(2, 1, 8, 16)
    straight, turned = task(inputs), task(inputs.flip(3)).flip(3)
    task.test_time_flips = True
    found = task(inputs)
    if kind == "regression":
        torch.testing.assert_close(found, (straight + turned) / 2)
    else:
        torch.testing.assert_close(found.softmax(1), (straight.softmax(1) + turned.softmax(1)) / 2)
    torch.testing.assert_close(task(inputs.flip(3)), found.flip(3))  # which knows no left and right
    assert "test_time_flips" not in str(dict(task.hparams))


@pytest.mark.parametrize(
    "model",
    [
        {"_target_": "colourize.models.UNet", "num_filters": 4},
        {"_target_": "colourize.models.RonnebergerUNet", "num_filters": 4, "padding": "valid"},
    ],
)
def test_pieces_are_the_whole_with_flips_too(model, tiny_task):
    task = tiny_task("grey", "classification", model=model)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (61, 107, 3), dtype=np.uint8))
    made = []
    for tile in (32, 8192):
        method = Predictor(task, "none", "expected", tile=tile, test_time_flips=True)
        assert method.halo is not None
        made.append(np.asarray(method(picture)).astype(int))
    assert np.abs(made[0] - made[1]).max() <= 1
    plain = np.asarray(Predictor(task, "none", "expected")(picture)).astype(int)
    assert np.abs(made[0] - plain).max() > 1  # and it was asked for anew


def test_a_table_is_no_network(tiny_task):
    task = tiny_task("low", "regression", model={"_target_": "colourize.models.Interpolation"})
    with pytest.raises(UsageError, match=r"^test_time_flips=true: Interpolation is no network$"):
        Predictor(task, test_time_flips=True)
    with pytest.raises(UsageError, match=r"^test_time_flips=1: must be true or false$"):
        Predictor(tiny_task("grey", "regression", size=[8, 8]), test_time_flips=1)  # type: ignore[arg-type]
