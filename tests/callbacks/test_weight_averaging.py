"""Averaged weights: their formula, and that validation, test and files have them, and a training goes on from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

import colourize
from colourize.callbacks.checkpoints import Checkpoints
from colourize.callbacks.weight_averaging import ExponentialMovingAverage, check_alike
from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.methods.identity import settings_of_checkpoint
from colourize.tasks import RestorationTask

DECAY = 0.5  # (1 + n) / (10 + n) reaches it after eight steps


class Watch(Callback):
    """The trained weights after each step; and an error in a validation, if it is wanted."""

    def __init__(self, fails: bool = False) -> None:
        self.weights: list[dict[str, Tensor]] = []
        self.fails = fails

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *more: Any) -> None:
        self.weights.append({name: value.clone() for name, value in pl_module.state_dict().items()})

    def on_validation_batch_end(self, *arguments: Any) -> None:
        if self.fails:
            raise RuntimeError("in a validation")


def average_of(steps: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    average = dict(steps[0])
    for number, weights in enumerate(steps[1:], 1):
        decay = min(DECAY, (1 + number) / (10 + number))
        for name, value in weights.items():
            average[name] = decay * average[name] + (1 - decay) * value if value.is_floating_point() else value
    return average


@pytest.fixture
def fitted(
    tmp_path: Path, tiny_task: Callable[..., RestorationTask], tiny_data: type[PictureData],
    quiet_trainer: Callable[..., Trainer],
) -> Callable[..., tuple[Trainer, RestorationTask, Watch]]:  # fmt: skip
    def fit(averaging: bool = True, fails: bool = False, epochs: int = 4, **more: Any) -> Any:
        task = tiny_task("grey", "classification")
        files = Checkpoints(str(tmp_path / "checkpoints"), keep_epochs=[2], save_on_exception=fails)
        callbacks = [ExponentialMovingAverage(DECAY)] if averaging else []
        trainer = quiet_trainer(
            max_epochs=epochs, callbacks=[*callbacks, watch := Watch(fails), files], enable_checkpointing=True
        )
        try:
            trainer.fit(task, datamodule=tiny_data(), weights_only=True, **more)
        except RuntimeError:
            assert fails
        return trainer, task, watch

    return fit


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


def test_files_validation_and_test_have_the_average(fitted: Any, tiny_data: type[PictureData], tmp_path: Path) -> None:
    trainer, task, watch = fitted()
    saved = {path.stem: torch.load(path, weights_only=True) for path in (tmp_path / "checkpoints").iterdir()}
    steps = len(watch.weights)
    assert steps == 12
    same(saved["last"]["state_dict"], average_of(watch.weights))
    same(saved["last"]["current_model_state"], watch.weights[-1])
    same(saved["epoch-002"]["state_dict"], average_of(watch.weights[: steps // 2]))
    same(task.state_dict(), saved["last"]["state_dict"])  # the trained weights are given up at the end
    best = (tmp_path / "checkpoints" / "best.ckpt").rename(tmp_path / "best.ckpt")
    settings = settings_of_checkpoint(best, saved["best"])  # from the file alone
    assert settings["callbacks.averaging"] == "ema" and settings["callbacks.averaging.decay"] == DECAY
    same(saved["best"]["state_dict"], average_of(watch.weights[: saved["best"]["global_step"]]))
    loaded = colourize.load(best)
    for name, buffer in loaded.named_buffers():
        assert torch.equal(buffer, task.get_buffer(name)) or name in saved["best"]["state_dict"], name  # the palette
    quiet = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path)
    (alone,) = quiet.validate(loaded, datamodule=tiny_data(), verbose=False)
    assert alone["val/loss"] == pytest.approx(float(trainer.checkpoint_callback.best_model_score))
    (of_best,) = trainer.test(task, datamodule=tiny_data(), ckpt_path=best, verbose=False, weights_only=True)
    same(task.state_dict(), saved["best"]["state_dict"])
    (alone,) = quiet.test(loaded, datamodule=tiny_data(), verbose=False)
    assert of_best == pytest.approx(alone)


def test_an_error_in_a_validation_leaves_the_two_where_they_belong(fitted: Any, tmp_path: Path) -> None:
    _, task, watch = fitted(fails=True)
    same(dict(task.state_dict()), watch.weights[-1])
    for name in ("best", "last"):
        saved = torch.load(tmp_path / "checkpoints" / f"{name}.ckpt", weights_only=True)
        same(saved["state_dict"], average_of(watch.weights))
        same(saved["current_model_state"], watch.weights[-1])


def test_a_training_goes_on_with_averaged_weights_or_without_as_it_began(fitted: Any, tmp_path: Path) -> None:
    last = tmp_path / "checkpoints" / "last.ckpt"
    (with_average, *_), averaged = fitted(epochs=1), torch.load(last, weights_only=True)
    (without, *_), plain = fitted(averaging=False, epochs=1), torch.load(last, weights_only=True)
    for trainer, own, other, message in (
        (without, plain, averaged, "^averaging=none: checkpoint=last.ckpt was trained with averaging=ema, decay 0.5"),
        (with_average, averaged, plain, "^averaging=ema, decay 0.5: checkpoint=last.ckpt was trained with .*=none"),
    ):
        check_alike(trainer, "last.ckpt", own)
        with pytest.raises(UsageError, match=message):
            check_alike(trainer, "last.ckpt", other)
