"""The project and the bare loop do the same: in float32 losses and weights are equal within rounding."""

from __future__ import annotations

import pytest
import torch
from console import TINY_DATA
from lightning.pytorch.callbacks import LambdaCallback
from omegaconf import DictConfig

from colourize.build import build_data, build_task
from colourize.timing.loops import BareLoop

CPU = torch.device("cpu")
# The last batch of training and of validation is smaller than the others.
SMALL = (*TINY_DATA, "data.num_train=38", "data.batch_size=5", "data.eval_batch_size=4", "model.num_filters=4")
STEPS = 8
TOLERANCE = 2e-5
# Where a weight's gradient is nought (a bias before batch norm), Adam takes full steps in the direction of the
# rounding error: no loss depends on such a weight, but the weights themselves are only compared under SGD.
OPTIMIZERS = {
    "adam": ["optimizer=adam"],
    "sgd": ["optimizer=sgd", "task.optimizer.lr=0.05", "task.optimizer.momentum=0", "task.optimizer.nesterov=false"],
}


@pytest.fixture
def small(compose):
    def composed(*overrides: str) -> DictConfig:
        return compose(*SMALL, "trainer.precision=32-true", *overrides)

    return composed


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("task", ["colour_regression", "colour_classification", "super_resolution"])
def test_loss_curves_are_equal_within_rounding(task, optimizer, small, quiet_trainer):
    config = small(f"task={task}", *OPTIMIZERS[optimizer])
    data = build_data(config)
    torch.manual_seed(config.seed)
    project, losses = build_task(config, data), []
    note = LambdaCallback(on_train_batch_end=lambda trainer, task, outputs, *_: losses.append(outputs["loss"].item()))
    trainer = quiet_trainer(callbacks=[note], precision="32-true")
    trainer.fit(project, datamodule=data)
    assert len(losses) == STEPS and min(losses) < 0.98 * losses[0]  # something was learned
    loop = BareLoop(config, data, CPU)
    assert [float(loss) for loss in loop.train()] == pytest.approx(losses, rel=TOLERANCE)
    if optimizer == "sgd":
        for name, value in loop.task.state_dict().items():
            torch.testing.assert_close(value, project.state_dict()[name], rtol=1e-3, atol=2e-5)
    loop.task.load_state_dict(project.state_dict())
    assert loop.validate() == pytest.approx(trainer.callback_metrics["val/loss"].item(), rel=1e-5)
