"""The benchmark's three paths do the same: in float32 their losses and weights are equal within rounding."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from lightning import Callback, LightningModule, Trainer
from omegaconf import OmegaConf
from torch import Tensor

from colourize.data.pictures import Batches, InMemory, PictureData, Pictures
from colourize.errors import UsageError
from colourize.tasks import RestorationTask
from colourize.timing import bare_loop, course_loop
from colourize.timing.paths import arithmetic, chosen, limited

CPU = torch.device("cpu")
STEPS, BATCH_SIZE = 8, 5
TASKS = [("grey", "regression"), ("grey", "classification"), ("low", "classification")]
# Where a weight's gradient is nought (a bias before batch norm), Adam takes full steps in the direction of the
# rounding error: no loss depends on such a weight, but the weights themselves are only compared under SGD.
ADAM = {"_target_": "torch.optim.Adam", "lr": 1e-3}
SGD = {"_target_": "torch.optim.SGD", "lr": 0.05}
TOLERANCE = 2e-5


class SomePictures(PictureData):
    """The last batch is smaller than the others."""

    def __init__(self) -> None:
        super().__init__(batch_size=BATCH_SIZE, eval_batch_size=4, palette=None)

    def load(self) -> Pictures:
        # Smooth and coarse: noise would leave nothing to learn.
        coarse = np.random.default_rng(0).integers(0, 256, (STEPS * BATCH_SIZE + 8, 4, 4, 3), dtype=np.uint8)
        pictures = coarse.repeat(4, axis=1).repeat(4, axis=2)
        count = STEPS * BATCH_SIZE - 2
        return Pictures(pictures[:count], pictures[count : count + 5], pictures[count + 5 :])


class Losses(Callback):
    """The loss of each step as Lightning sees it."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.losses.append(outputs["loss"].item())


class Trained:
    """The same task trained for one epoch on each of the paths."""

    def __init__(self, task: RestorationTask, trainer: Callable[..., Trainer]) -> None:
        self.start, self.data = task, SomePictures()
        pictures = self.data.pictures.train
        batches = Batches(len(pictures), BATCH_SIZE, self.data.seed)
        self.losses: dict[str, list[float]] = {}

        self.project = copy.deepcopy(task)
        recorder = Losses()
        trainer(callbacks=[recorder], precision="32-true").fit(self.project, datamodule=self.data)
        self.losses["project"] = recorder.losses

        bare = copy.deepcopy(task)
        optimizer = instantiate(task.optimizer_config, bare.parameters())
        losses = bare_loop.train_epoch(bare, optimizer, map(InMemory(pictures).__getitem__, batches), nullcontext())
        self.losses["bare"] = [loss.item() for loss in losses]

        course = course_loop.plain_model(copy.deepcopy(task))
        optimizer = instantiate(task.optimizer_config, course.parameters())
        arrays = course_loop.prepare(task, pictures[np.concatenate(list(batches))])
        self.losses["course"] = course_loop.train_epoch(course, optimizer, arrays, BATCH_SIZE, CPU)
        self.models = {"project": self.project.model, "bare": bare.model, "course": course}


Train = Callable[..., Trained]


@pytest.fixture
def train(tiny_task: Callable[..., RestorationTask], quiet_trainer: Callable[..., Trainer]) -> Train:
    def train(given: str, answer: str, optimizer: dict[str, Any]) -> Trained:
        return Trained(tiny_task(given, answer, optimizer=optimizer), quiet_trainer)

    return train


@pytest.mark.parametrize("optimizer", [ADAM, SGD], ids=["adam", "sgd"])
@pytest.mark.parametrize(("given", "answer"), TASKS)
def test_loss_curves_are_equal_within_rounding(
    given: str, answer: str, optimizer: dict[str, Any], train: Train
) -> None:
    trained = train(given, answer, optimizer)
    project = trained.losses["project"]
    assert len(project) == STEPS
    assert min(project) < 0.98 * project[0]  # something was learned
    for path in ("bare", "course"):
        assert trained.losses[path] == pytest.approx(project, rel=TOLERANCE)
    if optimizer is SGD:
        for path in ("bare", "course"):
            for name, value in trained.models[path].state_dict().items():
                torch.testing.assert_close(value, trained.models["project"].state_dict()[name], rtol=1e-4, atol=1e-6)
    assert_validation_agrees(trained)


def assert_validation_agrees(trained: Trained) -> None:
    """Lightning's measures of the epoch are those of the plain loops."""
    measures = trained.project.trainer.callback_metrics
    val = trained.data.pictures.val
    loss, right = bare_loop.validate(trained.project, InMemory(val), 4, nullcontext())
    arrays = course_loop.prepare(trained.project, val)
    course_loss, course_right = course_loop.validate(trained.project.model, arrays, 3, CPU)
    assert [loss.item(), course_loss] == pytest.approx(2 * [measures["val/loss"].item()], rel=1e-5)
    if right is None:
        assert "val/accuracy" not in measures and course_right == 0
    else:
        assert [right.item(), course_right] == pytest.approx(2 * [measures["val/accuracy"].item()], abs=1e-6)


def test_layouts_differ_and_weights_are_the_same(tiny_task: Callable[..., RestorationTask]) -> None:
    ours = tiny_task("grey", "classification").model
    plain = course_loop.plain_model(tiny_task("grey", "classification"))
    for (name, last), first in zip(ours.named_parameters(), plain.parameters(), strict=True):
        assert torch.equal(last, first)
        if last.ndim == 4 and last.shape[1] > 1:
            assert last.is_contiguous(memory_format=torch.channels_last) and first.is_contiguous(), name
    assert ours.final.folded and not plain.final.folded  # the course's loop doubles pictures before it convolves


def test_reduced_precision_differs_and_stays_near(tiny_task: Callable[..., RestorationTask]) -> None:
    task = tiny_task("grey", "classification")
    pictures = InMemory(SomePictures().pictures.train)
    curves: list[list[Tensor]] = []
    for precision in ("32-true", "bf16-mixed"):
        each = copy.deepcopy(task)
        optimizer = torch.optim.Adam(each.parameters(), lr=1e-3)
        batches = (pictures[indices] for indices in Batches(len(pictures), BATCH_SIZE, 0))
        curves.append(bare_loop.train_epoch(each, optimizer, batches, arithmetic(precision, CPU)))
    full, reduced = (torch.stack(curve) for curve in curves)
    assert not torch.equal(full, reduced)
    torch.testing.assert_close(reduced, full, rtol=0.03, atol=0)


# ------------------------------------------------------------------------------------- limited epochs


@pytest.mark.parametrize(("count", "limit", "expected"), [(10, 1.0, 10), (10, 0.25, 2), (10, 3, 3), (10, 30, 10)])
def test_limits_are_lightnings(count: int, limit: float, expected: int) -> None:
    assert limited(count, limit) == expected


def test_a_limited_epoch_has_the_first_batches() -> None:
    config = OmegaConf.create({"trainer": {"limit_train_batches": 2, "limit_val_batches": 1}})
    data = SomePictures()
    part = chosen(config, data)
    order = list(Batches(len(data.pictures.train), BATCH_SIZE, data.seed))
    assert [list(batch) for batch in part.batches] == [list(batch) for batch in order[:2]]
    assert len(part.val) == 4


def test_other_arithmetic_is_refused() -> None:
    with pytest.raises(UsageError, match=r"trainer\.precision=16-true"):
        arithmetic("16-true", CPU)
