"""Rebalancing: its weights by closed forms, its gradient by hand, and its value, which is another loss's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from colourize.answers import AbBins, PaletteClasses, SoftClasses
from colourize.data.batches import Pair
from colourize.data.fitting import Training
from colourize.losses import CrossEntropy, RebalancedCrossEntropy
from colourize.losses.rebalanced import class_weights, smoothed_shares


def random_pair(kind: str, classes: int = 6) -> Pair:
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(3, 3, 4, 5, generator=generator)
    target: Tensor | SoftClasses = torch.randint(0, classes, (3, 4, 5), generator=generator)
    if kind == "soft":
        numbers = torch.rand(3, classes, 4, 5, generator=generator).topk(3, dim=1).indices
        shares = torch.rand(3, 3, 4, 5, generator=generator).sort(1, descending=True).values
        target = SoftClasses(numbers, shares / shares.sum(1, keepdim=True))
    return Pair(truth.mean(1, keepdim=True), target, truth, torch.arange(3))


def dense(target: Tensor | SoftClasses, classes: int = 6) -> Tensor:
    """The target's distribution over all classes, (N, K, H, W) float64."""
    if not isinstance(target, SoftClasses):
        target = SoftClasses(target[:, None], torch.ones(len(target), 1, *target.shape[1:]))
    return torch.zeros(3, classes, 4, 5, dtype=torch.float64).scatter_(1, target.classes, target.shares.double())


# ------------------------------------------------------------------------------------------------ weights


@pytest.mark.parametrize("uniform_weight", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("sigma", [0.0, 5.0])
def test_weights(uniform_weight, sigma):
    rng = np.random.default_rng(0)
    shares, places = rng.dirichlet(np.ones(8)), rng.uniform(-20, 20, (8, 2))
    smoothed = shares
    if sigma:
        near = np.exp(-np.square(places[:, None] - places).sum(-1) / (2 * sigma**2))
        smoothed = (shares[:, None] * near / near.sum(1, keepdims=True)).sum(0)
    found = smoothed_shares(torch.from_numpy(shares), torch.from_numpy(places), sigma).numpy()
    np.testing.assert_allclose(found, smoothed, rtol=1e-9)
    assert found.sum() == pytest.approx(1)
    weights = class_weights(torch.from_numpy(shares), torch.from_numpy(places), uniform_weight, sigma).numpy()
    assert (smoothed * weights).sum() == pytest.approx(1)
    products = weights * ((1 - uniform_weight) * smoothed + uniform_weight / 8)
    np.testing.assert_allclose(products, products[0], rtol=1e-9)
    if uniform_weight == 1:
        np.testing.assert_allclose(weights, 1)


def test_a_class_that_never_occurs_has_no_infinite_weight():
    weights = class_weights(torch.tensor([0.75, 0.25, 0.0]), torch.zeros(3, 2), 0.0, 0.0)
    np.testing.assert_allclose(weights, [2 / 3, 2, 2])  # 1/p, normalised to 1 over the pixels


@pytest.mark.parametrize("answer", [AbBins(25), PaletteClasses()])
def test_weights_are_fitted_to_the_training_pictures(answer, palette, caplog):
    caplog.set_level("INFO")
    if isinstance(answer, PaletteClasses):
        answer.take({"colours": torch.tensor(palette, dtype=torch.float64)})
    pictures = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3), dtype=np.uint8)

    def make_pair(batch: object) -> Pair:
        truth = torch.from_numpy(pictures).movedim(-1, 1).float() / 255
        return Pair(truth, answer.encode(truth, batch), truth, torch.arange(4))  # type: ignore[arg-type]

    class Plain:
        cache = None

    loss = RebalancedCrossEntropy()
    found = loss.fit(Training(pictures, answer=answer, make_pair=lambda batch: make_pair(Plain())))["weights"]
    labels = answer.labels(make_pair(Plain()).target).flatten()
    shares = torch.bincount(labels, minlength=answer.out_channels) / len(labels)
    torch.testing.assert_close(found, class_weights(shares, answer.class_places(), 0.5, 5.0).float())
    told = f"the weights are {found.min():.3g} to {found.max():.3g}, with a mean of {found.mean():.3g}"
    assert f"{answer.out_channels} classes: {told}" in caplog.text


# ------------------------------------------------------------------------------------ the value and the gradient


@pytest.mark.parametrize("kind", ["hard", "soft"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_gradient_is_weighted_and_the_value_is_not(kind, layout):
    pair, answer = random_pair(kind), PaletteClasses()
    logits = (2 * torch.randn(3, 6, 4, 5, generator=torch.Generator().manual_seed(1))).to(memory_format=layout)
    outputs, plain = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss = RebalancedCrossEntropy()
    loss.take({"weights": torch.tensor([0.1, 0.5, 1.0, 2.0, 3.0, 4.0])})
    value, usual = loss(outputs, pair, answer), CrossEntropy()(plain, pair, answer)
    wanted = dense(pair.target)
    by_hand = -(wanted * logits.double().log_softmax(1)).sum(1).mean()
    assert value.item() == pytest.approx(by_hand.item(), rel=1e-6)
    assert usual.item() == pytest.approx(by_hand.item(), rel=1e-6)
    value.backward()
    usual.backward()
    difference = logits.double().softmax(1) - wanted
    weights = loss.weights[answer.labels(pair.target)][:, None]
    assert outputs.grad is not None and plain.grad is not None
    torch.testing.assert_close(outputs.grad.double(), weights * difference / 60, atol=1e-7, rtol=1e-4)
    torch.testing.assert_close(plain.grad.double(), difference / 60, atol=1e-7, rtol=1e-4)
    with torch.no_grad():  # an evaluation's, also of a baseline that was fitted to no weights
        assert RebalancedCrossEntropy()(logits, pair, answer).item() == pytest.approx(by_hand.item(), rel=1e-6)


@pytest.mark.parametrize(("name", "teaching"), [("caffe", [0, 1, 1]), ("pytorch", [0, 0, 1]), (None, [1, 1, 1])])
def test_grey_filters(name, teaching):
    """Grey, an even sepia, and two colours."""
    truth = torch.tensor([0.5, 0.5, 0.5]).repeat(3, 4, 4, 1).movedim(-1, 1).clone()
    truth[1] = torch.tensor([0.6, 0.5, 0.35])[:, None, None]
    truth[2, :, :2] = torch.tensor([0.6, 0.5, 0.35])[:, None, None]
    pair = Pair(truth[:, :1], torch.zeros(3, 4, 4, dtype=torch.int64), truth, torch.arange(3))
    loss = RebalancedCrossEntropy(uniform_weight=1, grey_filter=name)
    loss.take({"weights": torch.ones(6)})
    assert loss.of_gradient(pair, PaletteClasses()).amax((1, 2)).tolist() == teaching
