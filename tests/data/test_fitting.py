"""What must be fitted is fitted once, to the training pictures, and kept in the checkpoint; a prior is added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import colourize
from colourize.colour.palette import fit_palette
from colourize.data import fitting as module
from colourize.data.batches import Pair
from colourize.data.fitting import Fitted, Training
from colourize.degradations import Grey
from colourize.errors import UsageError

fits: list[str] = []


@pytest.fixture(autouse=True)
def no_fits_yet():
    fits.clear()


class Centred(Fitted, Grey):
    """Grey, less the training pictures' mean: a degradation that is fitted."""

    mean: Tensor

    def fit(self, training: Training) -> dict[str, Tensor]:
        fits.append("degradation")
        return {"mean": torch.tensor(training.pictures.mean() / training.divisor, dtype=torch.float32)}

    def forward(self, truth: Tensor, draws: Any = None) -> Tensor:
        return super().forward(truth) - self.mean


class Mean(Fitted, nn.Module):
    """One colour or distribution for all pixels: the mean over the training split."""

    mean: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.seen: list[Pair] = []

    def fit(self, training: Training) -> dict[str, Tensor]:
        fits.append("mean")
        self.seen = list(training.pairs())
        said = torch.cat([training.answer.average_form(pair.truth) for pair in self.seen])
        return {"mean": training.answer.outputs_from(said.mean((0, 2, 3))[None])[0]}

    def forward(self, inputs: Tensor) -> Tensor:
        return self.mean[:, None, None].expand(len(inputs), -1, *inputs.shape[2:])


MEAN, CENTRED = ({"_target_": f"{__name__}.{name}"} for name in ("Mean", "Centred"))


def truth_of(pictures: np.ndarray) -> Tensor:
    return torch.from_numpy(pictures).movedim(-1, 1).float() / 255


@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_a_prior_is_fitted_once_and_added(tiny_task, tiny_data, quiet_trainer, tmp_path, answer, monkeypatch):
    monkeypatch.setattr(module, "PICTURES_AT_ONCE", 4)
    data = tiny_data(augmentation={"_target_": "colourize.data.augmentation.FlipsAndShifts", "flip": 1.0})
    fitted = tiny_task("grey", answer).hparams["fitted"]
    task = tiny_task("grey", answer, degradation=CENTRED, prior=MEAN, fitted=fitted)
    assert fits == [] and task.hparams["size"] is None
    given = list(fitted or ())
    task.fit_parts(data.training)
    assert fits == ["degradation", "mean"] and list(fitted or ()) == given
    assert [len(pair.which) for pair in task.prior.seen] == [4, 4, 3]
    truth = truth_of(data.pictures.train)
    assert task.degradation.mean.item() == pytest.approx(truth.mean().item(), rel=1e-6)
    # Each training picture once, as it is and as this task sees it.
    seen = task.prior.seen
    assert torch.equal(torch.cat([pair.which for pair in seen]), torch.arange(11))
    assert torch.equal(torch.cat([pair.truth for pair in seen]), truth)
    torch.testing.assert_close(torch.cat([pair.inputs for pair in seen]), truth.mean(1, keepdim=True) - truth.mean())
    said = task.answer.average_form(truth).double().mean((0, 2, 3))
    torch.testing.assert_close(task.prior.mean.double(), said if answer == "regression" else said.log())

    pair = task.make_pair(torch.from_numpy(data.pictures.test))
    before = task.prior.mean.clone()
    trainer = quiet_trainer()
    trainer.fit(task, datamodule=data)
    trainer.save_checkpoint(tmp_path / "task.ckpt", weights_only=True)
    loaded = colourize.load(tmp_path / "task.ckpt", trust=[__name__])
    for one in (task.eval(), loaded):
        outputs = one(pair.inputs)
        assert torch.equal(outputs, one.model(pair.inputs) + before[:, None, None])
        assert not torch.equal(outputs, one.model(pair.inputs))
        assert not any("prior" in name or "mean" in name for name, _ in one.named_parameters())
    assert torch.equal(loaded(pair.inputs), task(pair.inputs))
    assert fits == ["degradation", "mean"]  # and never again
    contents = torch.load(tmp_path / "task.ckpt", weights_only=True)
    kept = contents["hyper_parameters"]["fitted"]
    assert set(kept) == {"degradation", "prior", *(["answer"] if answer == "classification" else [])}
    assert torch.equal(kept["prior"]["mean"], before)
    assert not any("prior" in name for name in contents["state_dict"])  # one truth is enough


def test_fitted_palettes_take_part(tiny_task, tiny_data):
    """Parts are fitted in turn: a table over a palette's classes needs that palette first."""
    data = tiny_data()
    task = tiny_task("low", "classification", fitted=None, model=MEAN, palette=4)
    assert task.answer.out_channels == 4  # known before anything is fitted
    task.fit_parts(data.training)
    assert task.answer.out_channels == 4 and task.model.mean.shape == (4,)
    np.testing.assert_array_equal(task.answer.palette.colours, fit_palette(data.pictures.train, 4))
    labels = task.answer.palette.labels(truth_of(data.pictures.train))
    expected = np.bincount(labels.flatten(), minlength=4) / labels.numel()
    np.testing.assert_allclose(task.model.mean.exp(), expected, atol=1e-6)


@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_what_is_added_of_a_prior_that_makes_pictures_are_the_outputs_that_say_them(tiny_task, tiny_data, answer):
    prior = {"_target_": "colourize.models.Interpolation", "filter": "bilinear"}
    task = tiny_task("low", answer, prior=prior).eval()
    pair = task.make_pair(torch.from_numpy(tiny_data().pictures.test))
    added = task(pair.inputs) - task.model(pair.inputs)
    bilinear = task.degradation.references(pair.truth)["bilinear"]
    torch.testing.assert_close(task.answer.decode(added, pair.inputs), task.answer.decode(
        task.answer.outputs_of(bilinear), pair.inputs))  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"degradation": CENTRED}, "degradation: Centred"),
        ({"fitted": None, "palette": 4}, "answer: PaletteClasses"),
        ({"model": MEAN}, "model: Mean"),
        ({"prior": MEAN}, "prior: Mean"),
    ],
)
def test_a_task_is_fitted_before_it_is_used(tiny_task, tiny_data, quiet_trainer, arguments, message):
    task = tiny_task("grey", "classification", **arguments)
    with pytest.raises(UsageError) as error:
        quiet_trainer().fit(task, datamodule=tiny_data())
    assert str(error.value) == f"{message} must be fitted to training pictures first (fit_parts)"
