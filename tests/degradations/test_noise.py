"""A degradation that is random: the same picture gets the same noise, so that an evaluation is the same each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from lightning import Callback, Trainer
from PIL import Image
from torch import Tensor

from colourize.callbacks.samples import SamplePictures
from colourize.data.draws import Draws
from colourize.degradations import Degradation
from colourize.figures.grid import labelled_grid

NOISE = {"_target_": f"{__name__}.Noise"}


class Noise(Degradation):
    """Gaussian noise on every value."""

    name = "noise"
    channels = 3

    def forward(self, truth: Tensor, draws: Draws) -> Tensor:
        return truth + 0.2 * draws.normal(*truth.shape[1:])

    def show(self, inputs: Tensor) -> Tensor:
        return inputs.clamp(0, 1)


class Watch(Callback):
    """Takes a note of the noise of each picture, by stage, epoch and picture."""

    def __init__(self) -> None:
        self.noise: dict[tuple[str, int, int], Tensor] = {}

    def keep(self, stage: str, epoch: int, pair: Any) -> None:
        noise = pair.inputs - pair.truth
        self.noise |= {(stage, epoch, which): noise[row] for row, which in enumerate(pair.which.tolist())}

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.keep("train", trainer.current_epoch, pl_module.make_pair(batch))

    def on_validation_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, *_: int) -> None:
        self.keep("val", trainer.current_epoch, pl_module.make_pair(batch))

    def on_test_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, *_: int) -> None:
        self.keep("test", 0, pl_module.make_pair(batch))


def test_noise_belongs_to_the_picture(tiny_task, tiny_data, quiet_trainer):
    seen = []
    for batch_size in (4, 11):
        task, watch = tiny_task("grey", "regression", degradation=NOISE), Watch()
        data = tiny_data(batch_size=batch_size, eval_batch_size=batch_size)
        trainer = quiet_trainer(max_epochs=2, callbacks=[watch])
        trainer.fit(task, datamodule=data)
        trainer.test(task, datamodule=data, verbose=False)
        seen.append(watch.noise)
    few, many = seen
    assert few.keys() == many.keys() and len(few) == 2 * (11 + 7) + 8
    for key, noise in few.items():
        torch.testing.assert_close(noise, many[key], atol=1e-6, rtol=0)
        assert noise.std() == pytest.approx(0.2, rel=0.15)
    for number in range(7):  # the same in every epoch's validation, and in training never again
        assert torch.equal(few["val", 0, number], few["val", 1, number])
        ways = [few["train", 0, number], few["train", 1, number], few["val", 0, number], few["test", 0, number]]
        matrix = torch.corrcoef(torch.stack(ways).flatten(1))
        assert (matrix - torch.eye(4)).abs().max() < 0.15  # 768 numbers each


def test_sample_pictures_are_seen_as_the_validation_sees_them(tiny_task, tiny_data, quiet_trainer, tmp_path):
    task, data, watch = tiny_task("grey", "regression", degradation=NOISE), tiny_data(eval_seed=3), Watch()
    trainer = quiet_trainer(callbacks=[watch, SamplePictures(str(tmp_path), num_pictures=5)])
    trainer.fit(task, datamodule=data)
    truth = torch.from_numpy(data.pictures.val[:5]).movedim(-1, 1).float() / 255
    inputs = truth + torch.stack([watch.noise["val", 0, number] for number in range(5)])
    with torch.no_grad():
        prediction = task.eval()(inputs).clamp(0, 1)
    sheet = labelled_grid({"noise": inputs.clamp(0, 1), "prediction": prediction, "truth": truth})
    shown = np.asarray(Image.open(tmp_path / "epoch-001.png")).astype(int)
    assert np.abs(shown - np.asarray(sheet)).max() <= 1
