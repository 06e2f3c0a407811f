"""Learning from teachers: what the loss is, that it needs their files in training alone, and which are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from lightning import Trainer
from omegaconf import DictConfig

import colourize
from colourize.build import build_data, build_task, make_task
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, UsageError
from colourize.losses import Distillation
from colourize.tasks import RestorationTask

Compose = Callable[..., DictConfig]
SMALL = (
    *("data=synthetic", "data.size=16", "data.num_train=8", "data.num_val=4", "data.num_test=4", "data.batch_size=4"),
    *("data.palette=5", "model=unet", "model.num_filters=2", "callbacks=default"),
)


def distilled(*teachers: Path | str) -> list[str]:
    return [*SMALL, "loss=distillation", f"task.loss.teachers=[{','.join(map(str, teachers))}]"]


@pytest.fixture
def saved(compose: Compose, quiet_trainer: Callable[..., Trainer], tmp_path: Path) -> Callable[..., Path]:
    """A checkpoint of a teacher with these words, trained for one step."""

    def save(name: str, *words: str, seed: int = 0) -> Path:
        torch.manual_seed(seed)
        config = compose(*SMALL, *words)
        data = build_data(config)
        trainer = quiet_trainer(limit_train_batches=1, limit_val_batches=0)
        trainer.fit(build_task(config, data), datamodule=data)
        trainer.save_checkpoint(tmp_path / f"{name}.ckpt", weights_only=True)
        return tmp_path / f"{name}.ckpt"

    return save


def built(config: DictConfig) -> tuple[RestorationTask, PictureData]:
    data = build_data(config)
    return build_task(config, data), data


@pytest.mark.parametrize("task_name", ["colour_classification", "chroma_regression"])
def test_the_target_is_the_teachers_mean(task_name: str, saved: Callable[..., Path], compose: Compose) -> None:
    words = [f"task={task_name}"]
    paths = [saved(name, *words, seed=seed) for name, seed in (("a", 1), ("b", 2))]
    task, data = built(compose(*distilled(*paths), *words))
    pair = task.make_pair(torch.from_numpy(data.pictures.train[:3]))
    outputs = torch.randn(3, task.answer.out_channels, 16, 16, requires_grad=True)
    with torch.no_grad():
        answers = torch.stack([colourize.load(path)(pair.inputs) for path in paths])
    if task_name == "colour_classification":
        expected = F.cross_entropy(outputs, answers.softmax(2).mean(0))  # of soft targets
    else:
        expected = F.mse_loss(outputs, answers.mean(0))
    found = task.loss(outputs, pair)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(*(torch.autograd.grad(each, outputs)[0] for each in (found, expected)))


def test_teachers_are_frozen_and_needed_in_training_alone(
    saved: Callable[..., Path], compose: Compose, quiet_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    path = saved("teacher")
    task, data = built(compose(*distilled(path)))
    trainer = quiet_trainer(max_epochs=2)
    trainer.fit(task, datamodule=data)
    loss = task.build_loss()
    assert isinstance(loss, Distillation)
    before = colourize.load(path).state_dict()
    assert all(torch.equal(before[name], each) for name, each in loss.networks[0].state_dict().items())
    assert not any(module.training for module in loss.modules())
    trainer.save_checkpoint(tmp_path / "student.ckpt", weights_only=True)
    path.unlink()
    student = colourize.load(tmp_path / "student.ckpt")
    (measures,) = quiet_trainer().test(student, datamodule=data, verbose=False)
    assert "test/psnr" in measures and "test/loss" not in measures
    with pytest.raises(
        UsageError, match=r"^task\.loss=Distillation: its teachers are not read; learn_from takes them$"
    ):
        quiet_trainer().fit(student.train(), datamodule=data)


def test_teachers_of_other_questions_are_refused(saved: Callable[..., Path], compose: Compose) -> None:
    def refused(*words: str, by: Callable[[DictConfig], Any] = built) -> str:
        with pytest.raises(ColourizeError) as error:
            by(compose(*words))
        assert "\n" not in str(error.value)
        return str(error.value)

    def unread(config: DictConfig) -> None:
        make_task(config, PictureData(palette=5))

    path = saved("teacher")
    luma = [*distilled(path), "task.degradation.weights=[0.299,0.587,0.114]"]
    told = refused(*luma, by=unread)
    assert told.startswith(
        f"task.loss.teachers: {path} has another degradation.weights than this task (None there, [0.2"
    )
    assert "another answer._target_" in refused(
        *distilled(path), "task=colour_regression", "loss=distillation", by=unread
    )
    assert "another divisor" in refused(*distilled(path), "data.divisor=256")
    assert refused(*distilled(path), "data.palette=4").endswith("another fitted.answer.colours than this task")
    told = refused(*distilled("nowhere.ckpt"), by=unread)
    assert told == "task.loss.teachers: checkpoint=nowhere.ckpt: there is no such file"
    told = refused(*distilled(), by=unread)
    assert told == "task.loss.teachers=[]: must be a list of checkpoints, [a.ckpt,b.ckpt]"
    told = refused(*distilled()[:-1], by=unread)
    assert told == "task.loss.teachers=null: must be a list of checkpoints, [a.ckpt,b.ckpt]"
    chroma = saved("chroma", "task=chroma_regression")
    told = refused(*distilled(chroma), "task=chroma_regression", "loss=distillation", "model=zhang", by=unread)
    assert told == "task.loss=Distillation: needs every pixel; in training ZhangNet answers one in 2"
