"""Losses that add up, and losses on a frozen network's features: by hand, by loops, and by torchvision's VGG-16."""

from __future__ import annotations

from typing import Any

import console
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.models.vgg import cfgs, make_layers

from colourize.answers import RGB, LabChroma
from colourize.build import build_data, build_task
from colourize.data.batches import Pair
from colourize.errors import UsageError
from colourize.losses import FeatureLoss, MeanSquaredError, StyleLoss, TotalVariation, WeightedSum
from colourize.losses.perceptual import frozen_network
from colourize.losses.weighted_sum import build_loss, describe_loss
from colourize.measures.category_classifier import category_classifier

ALL: dict[str, Any] = {
    "_target_": "colourize.losses.MeanSquaredError",
    "features": {"_target_": "colourize.losses.FeatureLoss", "weight": 0.5},
    "style": {"_target_": "colourize.losses.StyleLoss", "weight": 2, "layers": ["full_1", "half_2"]},
    "total_variation": {"_target_": "colourize.losses.TotalVariation", "weight": 0.25},
}


def pair_of(truth: Tensor, inputs: Tensor | None = None) -> Pair:
    return Pair(truth.mean(1, keepdim=True) if inputs is None else inputs, truth, truth, torch.arange(len(truth)))


# ------------------------------------------------------------------------------------- closed forms


def test_total_variation_by_hand():
    picture = torch.tensor([[0.0, 1.0, 1.0], [0.5, 1.0, 0.0]]).expand(1, 3, 2, 3)
    found = TotalVariation()(picture, pair_of(torch.zeros(1, 3, 2, 3)), RGB())
    down, right = (0.5 + 0 + 1) / 3, (1 + 0 + 0.5 + 1) / 4
    assert found.item() == pytest.approx(down + right)
    flat = torch.full((2, 3, 4, 5), 0.3)
    assert TotalVariation()(flat, pair_of(flat), RGB()).item() == 0


def test_features_and_style_by_the_classifiers_own_layers():
    torch.manual_seed(0)
    outputs, truth = torch.rand(3, 3, 16, 16), torch.rand(3, 3, 16, 16)
    body = category_classifier().body
    given, true = (body[:5](each) for each in (outputs, truth))  # the second convolution at half the resolution
    assert given.shape[2:] == (8, 8)
    found = FeatureLoss(["half_2"])(outputs, pair_of(truth), RGB())
    torch.testing.assert_close(found, (given - true).square().sum((1, 2, 3)).mean() / given[0].numel())
    both = FeatureLoss(["half_2", "full_1"])(outputs, pair_of(truth), RGB())
    torch.testing.assert_close(both, found + F.mse_loss(body[:1](outputs), body[:1](truth)))
    grams = [torch.einsum("ncp,ndp->ncd", each.flatten(2), each.flatten(2)) / each[0].numel() for each in (given, true)]
    style = StyleLoss(["half_2"])(outputs, pair_of(truth), RGB())
    torch.testing.assert_close(style, (grams[0] - grams[1]).square().sum((1, 2)).mean())
    for loss in (FeatureLoss(), StyleLoss()):
        assert loss(truth, pair_of(truth), RGB()).item() == 0


# ------------------------------------------------------------------------------------------- VGG-16


@pytest.fixture(scope="module")
def vgg16(tmp_path_factory):
    """A file as torchvision's, of its first three blocks: those have random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "vgg16.pth"
    torch.save({f"features.{name}": each for name, each in make_layers(cfgs["D"])[:16].state_dict().items()}, path)
    return path


def test_a_vgg16_from_a_file_is_torchvisions(vgg16):
    theirs = make_layers(cfgs["D"])[:16]
    theirs.load_state_dict({name.removeprefix("features."): each for name, each in torch.load(vgg16).items()})
    picture = torch.rand(2, 3, 32, 32)
    mean, std = (torch.tensor(row).view(3, 1, 1) for row in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    normalised = (picture - mean) / std
    seen = frozen_network(["relu1_2", "relu2_2", "relu3_3"], str(vgg16))(picture)
    for name, place in (("relu1_2", 3), ("relu2_2", 8), ("relu3_3", 15)):
        torch.testing.assert_close(seen[name], theirs[: place + 1](normalised))


def test_files_that_are_none_are_refused(vgg16, tmp_path):
    with pytest.raises(UsageError, match=r"^task\.loss: vgg16=nowhere\.pth: there is no such file$"):
        FeatureLoss(vgg16="nowhere.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(UsageError, match=r"text\.pth: no weights of torchvision's VGG-16 \(") as error:
        FeatureLoss(vgg16=str(tmp_path / "text.pth"))
    assert "\n" not in str(error.value)
    with pytest.raises(UsageError, match=r"no weights of torchvision's VGG-16 \(KeyError: 'features\.17\.weight'\)"):
        FeatureLoss(["relu4_1"], vgg16=str(vgg16))
    with pytest.raises(UsageError, match=r"layers=relu9: must be some of relu1_1, relu1_2, "):
        FeatureLoss(["relu9"], vgg16=str(vgg16))
    with pytest.raises(UsageError, match=r"layers=relu2_2: must be some of full_1, full_2, half_1, half_2, quarter_1$"):
        StyleLoss(["relu2_2"])


# --------------------------------------------------------------------------------- losses that add up


def test_losses_add_up_by_their_weights(vgg16):
    torch.manual_seed(0)
    outputs, truth = torch.rand(2, 3, 16, 16, requires_grad=True), torch.rand(2, 3, 16, 16)
    config: dict[str, Any] = {**ALL, "vgg": {**ALL["features"], "vgg16": str(vgg16), "weight": 3}}
    loss, pair = build_loss(config), pair_of(truth)
    assert isinstance(loss, WeightedSum)
    singles = {
        "mse": (1, MeanSquaredError()), "features": (0.5, FeatureLoss()), "style": (2, StyleLoss(["full_1", "half_2"])),
        "total_variation": (0.25, TotalVariation()), "vgg": (3, FeatureLoss(vgg16=str(vgg16))),
    }  # fmt: skip
    found = loss(outputs, pair, RGB())
    expected = {name: each(outputs, pair, RGB()) for name, (_, each) in singles.items()}
    torch.testing.assert_close(loss.latest, {name: each.detach() for name, each in expected.items()})
    torch.testing.assert_close(found, sum(weight * expected[name] for name, (weight, _) in singles.items()))
    assert describe_loss(ALL) == "MeanSquaredError + 0.5 FeatureLoss + 2 StyleLoss + 0.25 TotalVariation"


def test_features_and_style_share_a_pass():
    loss = build_loss(ALL)
    assert isinstance(loss, WeightedSum)
    (network,) = {each.network for each in loss.losses.values() if hasattr(each, "network")}
    passes: list[None] = []
    network.register_forward_hook(lambda *args: passes.append(None))
    picture = torch.rand(1, 3, 8, 8)
    loss(picture, pair_of(picture), RGB())
    assert len(passes) == 2  # the picture, and the truth
    assert category_classifier().body is not network.chain and len(network.chain) == 5  # no deeper than half_2


@pytest.mark.parametrize("answer", [RGB(), LabChroma()])
def test_gradients_arrive_at_every_pixel(answer):
    torch.manual_seed(0)
    truth = 0.2 + 0.6 * torch.rand(2, 3, 8, 8)
    outputs = (answer.average_form(truth) * 0.9 + 0.02).requires_grad_()
    loss = build_loss({name: ALL[name] for name in ("features", "style")}).requires_grad_(False).eval()
    loss(outputs, pair_of(truth, truth.mean(1, keepdim=True)), answer).backward()
    assert outputs.grad is not None and outputs.grad.abs().sum(1).gt(0).all()
    assert all(parameter.grad is None for parameter in loss.parameters())


def test_a_picture_of_a_distribution_is_its_mean(tiny_task):
    task = tiny_task("grey", "classification", loss={
        "_target_": "colourize.losses.CrossEntropy", "total_variation": ALL["total_variation"],
    })  # fmt: skip
    pair = task.make_pair(torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8))
    outputs = torch.randn(2, 5, 8, 8, requires_grad=True)
    loss = task.build_loss()
    assert isinstance(loss, WeightedSum)
    loss.losses["total_variation"](outputs, pair, task.answer).backward()
    assert outputs.grad is not None and outputs.grad.any()
    mean = task.pictures(outputs, pair.inputs)["expected"]
    loss(outputs, pair, task.answer)
    torch.testing.assert_close(loss.latest["total_variation"], TotalVariation()(mean, pair_of(mean), RGB()).detach())


def test_each_is_logged_by_its_name(tiny_task, tiny_data, quiet_trainer, tmp_path):
    task, data, trainer = tiny_task("grey", "regression", loss=ALL), tiny_data(), quiet_trainer(max_epochs=2)
    trainer.fit(task, datamodule=data)
    logged = {name: value.item() for name, value in trainer.callback_metrics.items()}
    for stage in ("train", "val"):
        parts = {name: logged[f"{stage}/loss_{name}"] for name in ("mse", "features", "style", "total_variation")}
        total = parts["mse"] + 0.5 * parts["features"] + 2 * parts["style"] + 0.25 * parts["total_variation"]
        assert logged[f"{stage}/loss"] == pytest.approx(total, rel=1e-5)
    (measures,) = trainer.test(task, datamodule=data, verbose=False)
    assert measures["test/loss_style"] > 0


# ---------------------------------------------------------------------------------------- as it is typed


def test_as_it_is_typed(compose):
    small = ("data=synthetic", "data.num_train=8", "data.num_val=4", "data.num_test=4", "data.batch_size=4")
    words = (*small, "task=colour_regression", "model.num_filters=2")
    for typed, weights in (
        (["loss=[mse,features]", "task.loss.features.weight=3"], {"mse": 1, "features": 3}),
        (["loss=style", "task.loss.style.weight=5"], {"style": 5}),
    ):
        config = compose(*words, *typed)
        loss = build_task(config, build_data(config)).build_loss()
        assert isinstance(loss, WeightedSum) and loss.weights == weights


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mse": ALL["features"]}, "task.loss.mse: is a loss already; it must have another name"),
        (
            {"other": {"_target_": "colourize.losses.CrossEntropy", "weight": 1}},
            "task.loss.other=CrossEntropy: is for classes and categories, and the answer RGB is values; ",
        ),
        (
            {"other": {"_target_": "colourize.models.UNet", "weight": 1}},
            "task.loss.other=colourize.models.UNet: must be a Loss of this project's kind",
        ),
    ],
)
def test_what_is_refused(change, expected, tiny_task):
    with pytest.raises(UsageError) as error:
        tiny_task("grey", "regression", loss={**ALL, **change})
    assert str(error.value).startswith(expected)


def test_a_loss_that_takes_the_place_of_another_is_refused(tmp_path):
    outcome = console.run("train", [*console.TINY, "task=colour_regression", "loss=[mse,mae]"], tmp_path)
    assert outcome.code == 2
    assert "loss=[mse,mae]: must name each loss once, and at most one of cross_entropy, " in outcome.stderr
