"""Chroma over the given lightness as a task: its answer, its input, its training, and what it is not for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import color
from torch import Tensor

from colourize.answers import LabChroma
from colourize.build import build_data, build_task
from colourize.data.batches import Batch
from colourize.degradations import Luminance

NO_BATCH = Batch(torch.zeros(0, 4, 4, 3, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))
SMALL = ("data=synthetic", "data.num_train=20", "data.num_val=5", "data.num_test=5", "data.batch_size=10",
         "task=chroma_regression", "trainer.accelerator=cpu", "trainer.precision=32-true")  # fmt: skip


def random_truth(*shape: int) -> Tensor:
    return torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(0))


def lab_of(truth: Tensor) -> np.ndarray:
    lab: np.ndarray = np.moveaxis(color.rgb2lab(truth.double().movedim(1, -1).numpy()), -1, 1)
    return lab


def test_what_is_given_and_what_is_answered():
    truth, degradation, answer = random_truth(6, 9), Luminance(), LabChroma()
    inputs = degradation(truth)
    assert inputs.shape == (2, 1, 6, 9) and answer.out_channels == 2
    np.testing.assert_allclose(100 * inputs.numpy(), lab_of(truth)[:, :1], atol=0.02)  # its white is rounded
    np.testing.assert_allclose(110 * answer.encode(truth, NO_BATCH).numpy(), lab_of(truth)[:, 1:], atol=0.02)
    outputs = answer.outputs_of(truth)
    torch.testing.assert_close(answer.decode(outputs, inputs), truth, atol=1e-5, rtol=0)
    torch.testing.assert_close(answer.outputs_from(answer.average_form(truth)), outputs)


def test_a_picture_given_and_joined_keeps_its_lightness():
    degradation, photograph = Luminance(), random_truth(12, 8)
    inputs = degradation.inputs_of(photograph)
    shown = degradation.show(inputs)
    assert torch.equal(shown[:, 0], shown[:, 2])
    torch.testing.assert_close(degradation.inputs_of(shown), inputs, atol=1e-6, rtol=0)  # a grey photograph's as well
    joined = degradation.join(random_truth(3, 2), photograph)
    assert joined.shape == photograph.shape
    torch.testing.assert_close(degradation(joined), inputs, atol=1e-6, rtol=0)
    assert (joined - photograph).abs().mean() > 0.05
    torch.testing.assert_close(degradation.join(photograph, photograph), photograph, atol=1e-5, rtol=0)


@pytest.mark.parametrize("words", [["model=grey_copy"], ["model=grey_lookup"], ["model=grey_copy", "answer=rgb"]])
def test_baselines_keep_the_lightness(words, compose):
    config = compose(*SMALL, *words)
    data = build_data(config)
    task = build_task(config, data)
    pair = task.make_pair(torch.from_numpy(data.pictures.test))
    picture = task.pictures(task(pair.inputs), pair.inputs)["prediction"]
    torch.testing.assert_close(task.degradation(picture), pair.inputs, atol=1e-6, rtol=0)
    if words[0] == "model=grey_copy":
        torch.testing.assert_close(picture, task.degradation.show(pair.inputs))
    else:
        levels = (task.make_pair(torch.from_numpy(data.pictures.train)).inputs[:, 0] * 255).round()
        level = int(levels.flatten().mode().values)
        of_level = lab_of(torch.from_numpy(data.pictures.train).movedim(-1, 1) / 255)[:, 1:].swapaxes(0, 1)
        mean = of_level[:, levels.numpy() == level].mean(1) / 110
        np.testing.assert_allclose(task.model.table[level].numpy(), mean, atol=0.01)
