"""Optimisers and learning-rate schedules: the shipped options act as torch's own do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning import Callback, Trainer
from omegaconf import OmegaConf
from torch import Tensor
from torch.optim import SGD, lr_scheduler

from colourize.data.batches import Pair
from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.tasks import RestorationTask
from colourize.tasks.muon import Muon
from colourize.tasks.optimisation import check_optimisation

Run = Callable[..., Trainer]


class Rates(Callback):
    """The learning rate of each training step."""

    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        (group,) = trainer.optimizers[0].param_groups
        self.rates.append(group["lr"])


def rates_of(trainer: Run, task: RestorationTask, data: PictureData, epochs: int, **arguments: Any) -> list[float]:
    watch = Rates()
    trainer(max_epochs=epochs, callbacks=[watch], **arguments).fit(task, datamodule=data)
    return watch.rates


@pytest.fixture
def shipped(compose):
    """An option as the composed configuration has it below `task`, for a rate of 0.2."""

    def values(group: str, option: str) -> Any:
        config = compose(f"{group}={option}", *(["task.optimizer.lr=0.2"] if group != "optimizer" else []))
        return OmegaConf.to_container(config.task, resolve=True)[group]  # type: ignore[index, call-overload]

    return values


def reference(rate: float) -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate, momentum=0.5)


@pytest.mark.parametrize(
    ("option", "optimiser"),
    [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("muon", Muon), ("sgd", torch.optim.SGD)],
)
def test_optimisers(tiny_task, shipped, option, optimiser):
    config = shipped("optimizer", option)
    task = tiny_task("grey", "regression", optimizer=config)
    optimizer = task.configure_optimizers()
    assert type(optimizer) is optimiser
    (group,) = optimizer.param_groups
    assert list(map(id, group["params"])) == list(map(id, task.parameters()))
    for key, value in config.items():
        if key != "_target_":
            assert group[key] == value
    assert task.hparams["optimizer"] == config


@pytest.mark.parametrize(
    ("option", "theirs"),
    [
        ("one_cycle", lambda sgd: lr_scheduler.OneCycleLR(sgd, 0.2, total_steps=16, pct_start=0.3)),
        ("cosine", lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, T_max=16)),
    ],
)
def test_rate_by_the_step_is_torchs_own_and_falls_to_zero(tiny_task, tiny_data, quiet_trainer, shipped, option, theirs):
    optimizer = {"_target_": "torch.optim.SGD", "lr": 0.2, "momentum": 0.5}
    task = tiny_task("grey", "regression", optimizer=optimizer, lr_scheduler=shipped("lr_scheduler", option))
    rates = rates_of(quiet_trainer, task, tiny_data(epoch_size=30), 2)

    sgd = reference(0.2)
    schedule = theirs(sgd)
    expected = []
    for _ in range(16):  # two epochs of eight batches, the last of which is smaller
        expected.append(sgd.param_groups[0]["lr"])
        sgd.step()
        schedule.step()
    assert rates == pytest.approx(expected, rel=1e-12)
    assert len(set(expected)) == 16
    assert min(rates[-1], task.trainer.optimizers[0].param_groups[0]["lr"]) < 1e-4 * 0.2
    # The checkpoint keeps the word, not the number.
    assert "total_steps" in task.hparams["lr_scheduler"].values()


def test_rate_by_the_epoch_is_torchs_own(tiny_task, tiny_data, quiet_trainer):
    schedule = {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 2, "gamma": 0.1}
    task = tiny_task("grey", "regression", lr_scheduler=schedule)
    rates = rates_of(quiet_trainer, task, tiny_data(), 3)
    assert rates == pytest.approx([1e-3] * 6 + [1e-4] * 3)


# The training loss takes another way than these. A warning would say that there was no validation loss to look at.
@pytest.mark.filterwarnings("error:ReduceLROnPlateau")
@pytest.mark.parametrize(
    ("every", "losses"),
    [
        (1, [4.0, 3.0, *[3.5] * 5, 2.0, *[2.5] * 5]),
        (2, [4.0, 3.0, *[3.5] * 4]),  # of every second epoch: a rate falls after validated epochs only
    ],
)
def test_rate_on_a_plateau_is_torchs_own(tiny_task, tiny_data, quiet_trainer, shipped, monkeypatch, every, losses):
    task = tiny_task("grey", "regression", lr_scheduler=shipped("lr_scheduler", "plateau"))
    left, loss = list(losses), task.loss

    def planned(outputs: Tensor, pair: Pair) -> Tensor:
        return loss(outputs, pair) if task.training else torch.tensor(left.pop(0))

    monkeypatch.setattr(task, "loss", planned)
    data = tiny_data(batch_size=11, eval_batch_size=7)  # one batch an epoch
    rates = rates_of(quiet_trainer, task, data, every * len(losses), check_val_every_n_epoch=every)
    assert left == []

    sgd = reference(1e-3)
    plateau = lr_scheduler.ReduceLROnPlateau(sgd, factor=0.5, patience=3)
    expected = []
    for loss in losses:
        expected += [sgd.param_groups[0]["lr"]] * every
        sgd.step()
        plateau.step(loss)
    assert rates == pytest.approx(expected)
    assert len(set(expected)) == (3 if every == 1 else 1)
    assert sgd.param_groups[0]["lr"] < 1e-3  # it falls after the last epoch, if not before
    assert task.trainer.optimizers[0].param_groups[0]["lr"] == sgd.param_groups[0]["lr"]


def test_rates_that_a_schedule_comes_to():
    sgd, parameters = {"_target_": "torch.optim.SGD", "lr": 0.1}, [torch.nn.Parameter(torch.zeros(1))]
    for config in (
        {"_target_": "torch.optim.lr_scheduler.ExponentialLR", "gamma": 0.1},
        {"_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau"},
        None,
    ):
        check_optimisation(sgd, config, parameters)
    grows = {"_target_": "torch.optim.lr_scheduler.ExponentialLR", "gamma": 10.0}
    message = (
        r"^task\.lr_scheduler=ExponentialLR: the learning rate becomes 1e\+07 at step 8 of 100; must stay from 0 to"
    )
    with pytest.raises(UsageError, match=message):
        check_optimisation(sgd, grows, parameters)
