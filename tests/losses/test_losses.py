"""Losses against brute force; which answers they are for; and that a network inside stays frozen and apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import colourize
from colourize.answers import RGB, Answer, PaletteClasses
from colourize.data.batches import Pair
from colourize.errors import UsageError
from colourize.losses import CrossEntropy, Loss, MeanAbsoluteError, MeanSquaredError, PSNRLoss


def pair_of(target: Tensor, truth: Tensor) -> Pair:
    return Pair(truth.mean(1, keepdim=True), target, truth, torch.arange(len(truth)))


@pytest.mark.parametrize(("loss", "distance"), [(MeanSquaredError, np.square), (MeanAbsoluteError, np.abs)])
def test_losses_of_values(loss, distance):
    torch.manual_seed(0)
    outputs, truth = torch.randn(2, 3, 5, 6), torch.rand(2, 3, 5, 6)
    found = loss()(outputs, pair_of(truth, truth), RGB())
    expected = distance(outputs.double().numpy() - truth.double().numpy()).mean()
    assert found.shape == () and found.item() == pytest.approx(expected, rel=1e-6)


def test_minus_the_psnr_of_each_picture() -> None:
    torch.manual_seed(0)
    truth = torch.rand(2, 3, 5, 6)
    outputs = truth + torch.tensor([0.1, 0.01])[:, None, None, None]  # 20 and 40 dB
    assert PSNRLoss()(outputs, pair_of(truth, truth), RGB()).item() == pytest.approx(-30, abs=1e-3)
    same = truth.clone().requires_grad_()
    value = PSNRLoss()(same, pair_of(truth, truth), RGB())
    value.backward()
    assert value.item() == pytest.approx(-80) and same.grad is not None and not same.grad.any()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_cross_entropy(layout):
    torch.manual_seed(0)
    outputs, labels = (3 * torch.randn(2, 5, 4, 6)).to(memory_format=layout), torch.randint(0, 5, (2, 4, 6))
    pair = pair_of(labels, torch.rand(2, 3, 4, 6))
    found = CrossEntropy()(outputs, pair, PaletteClasses())
    likely = np.exp(outputs.double().numpy())
    right = np.take_along_axis(likely / likely.sum(1, keepdims=True), labels.numpy()[:, None], 1)
    assert found.shape == () and found.item() == pytest.approx(-np.log(right).mean(), rel=1e-6)
    # Five equal logits: ln 5, whatever the truth.
    assert CrossEntropy()(0 * outputs, pair, PaletteClasses()).item() == pytest.approx(np.log(5))


# ------------------------------------------------------------------------------- a frozen network inside


class Features(Loss):
    """The distance in a frozen network's features."""

    kinds = ("values",)
    needs_files = True
    built = 0

    def __init__(self, weights: str) -> None:
        super().__init__()
        type(self).built += 1
        self.features = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.features.load_state_dict(torch.load(weights, weights_only=True))

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        return F.mse_loss(self.features(outputs), self.features(pair.truth))


@pytest.fixture
def features(tmp_path, monkeypatch):
    """The configuration of a loss whose network lies in a file."""
    monkeypatch.setattr(Features, "built", 0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
    torch.save(network.state_dict(), tmp_path / "features.pt")
    return {"_target_": f"{__name__}.Features", "weights": str(tmp_path / "features.pt")}


def test_a_network_inside_is_frozen_and_in_no_checkpoint(tiny_task, tiny_data, quiet_trainer, features, tmp_path):
    before = torch.load(features["weights"], weights_only=True)
    task, data = tiny_task("grey", "regression", loss=features), tiny_data()
    assert Features.built == 0  # only where training needs it
    trainer = quiet_trainer(max_epochs=2)
    trainer.fit(task, datamodule=data)
    assert Features.built == 1 and trainer.callback_metrics["val/loss"] > 0
    (loss,) = task._loss
    assert isinstance(loss, Features)
    task.train()
    assert not any(module.training for module in loss.modules())
    assert not any(parameter.requires_grad for parameter in loss.parameters())
    for name, value in loss.features.state_dict().items():
        assert torch.equal(value, before[name]), name
    inside = {id(tensor) for tensor in (*loss.parameters(), *loss.buffers())}
    (optimizer,) = trainer.optimizers
    optimised = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for tensors in (task.parameters(), task.buffers(), optimised):
        assert not inside & {id(tensor) for tensor in tensors}
    assert not any("features" in name for name in task.state_dict())

    trainer.save_checkpoint(tmp_path / "task.ckpt", weights_only=True)
    Path(features["weights"]).unlink()
    loaded = colourize.load(tmp_path / "task.ckpt", trust=[__name__])
    (measures,) = quiet_trainer().test(loaded, datamodule=data, verbose=False)
    assert Features.built == 1
    assert "test/psnr" in measures and "test/loss" not in measures
    (measures,) = trainer.test(task, datamodule=data, verbose=False)
    assert measures["test/loss"] > 0  # after training it is there
    elsewhere = torch.zeros(1, 3, 8, 8, device="meta")
    assert task.loss(elsewhere, pair_of(elsewhere, elsewhere)).is_meta  # and goes where the outputs are


def test_what_cannot_be_built_is_one_line(tiny_task, features):
    with pytest.raises(UsageError, match=r"^task\.loss=MeanAbsoluteError: is for values, and .* is classes; "):
        tiny_task("grey", "classification", loss={"_target_": "colourize.losses.MeanAbsoluteError"})
    wrong = {"_target_": "colourize.losses.MeanSquaredError", "weight": 3}
    with pytest.raises(UsageError, match=r"^task\.loss=MeanSquaredError: .*unexpected keyword argument 'weight'$"):
        tiny_task("grey", "regression", loss=wrong).build_loss()
    Path(features["weights"]).unlink()
    with pytest.raises(UsageError, match=r"^task\.loss=.*Features.*No such file or directory.*features\.pt") as error:
        tiny_task("grey", "regression", loss=features).build_loss()
    assert "\n" not in str(error.value)
