"""Chroma over the given lightness as a task: its answer, its input, its training, and what it is not for."""

from __future__ import annotations

import numpy as np
import torch
from skimage import color
from torch import Tensor

from colourize.answers import LabChroma
from colourize.build import build_data, build_task
from colourize.data.batches import Batch
from colourize.degradations import Luminance
from colourize.measures.registry import choose
from colourize.models import GreyCopy, GreyLookup

NO_BATCH = Batch(torch.zeros(0, 4, 4, 3, dtype=torch.uint8), torch.zeros(0, dtype=torch.int64))
SMALL = ("data=synthetic", "data.num_train=20", "data.num_val=5", "data.num_test=5", "data.batch_size=10",
         "model.num_filters=4")  # fmt: skip
CHROMA = ("task=chroma_regression", "trainer.accelerator=cpu", "trainer.precision=32-true")


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


def test_baselines(compose, quiet_trainer):
    losses = {}
    for model in ("grey_copy", "grey_lookup"):
        config = compose(*SMALL[:-1], *CHROMA, f"model={model}")
        data = build_data(config)
        task = build_task(config, data)
        truth = torch.from_numpy(data.pictures.test).movedim(-1, 1).float() / 255
        inputs = task.degradation(truth)
        picture = task.pictures(task(inputs), inputs)["prediction"]
        torch.testing.assert_close(task.degradation(picture), inputs, atol=1e-6, rtol=0)
        if isinstance(task.model, GreyCopy):
            assert torch.equal(picture, task.degradation.show(inputs))
        else:
            assert isinstance(task.model, GreyLookup)
            levels = (task.make_pair(torch.from_numpy(data.pictures.train)).inputs[:, 0] * 255).round()
            level = int(levels.flatten().mode().values)
            of_level = lab_of(torch.from_numpy(data.pictures.train).movedim(-1, 1) / 255)[:, 1:].swapaxes(0, 1)
            mean = of_level[:, levels.numpy() == level].mean(1) / 110
            np.testing.assert_allclose(task.model.table[level].numpy(), mean, atol=0.01)
        pair = task.make_pair(torch.from_numpy(data.pictures.train))
        losses[model] = task.loss(task(pair.inputs), pair)
        task.measures = choose(["mse", "delta_e"])
        found = quiet_trainer().test(task, data, verbose=False)[0]
        assert 0 < found["test/mse"] < 0.1 and 1 < found["test/delta_e"] < 40
    assert losses["grey_lookup"] < 0.9 * losses["grey_copy"]


def test_a_grey_copy_is_of_the_same_lightness_whatever_is_answered(compose):
    config = compose(*SMALL[:-1], *CHROMA[1:], "model=grey_copy", "degradation=luminance", "answer=rgb")
    data = build_data(config)
    task = build_task(config, data)
    pair = task.make_pair(torch.from_numpy(data.pictures.test))
    torch.testing.assert_close(task.degradation(task(pair.inputs)), pair.inputs, atol=1e-6, rtol=0)
