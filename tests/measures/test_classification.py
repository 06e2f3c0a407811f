"""Measures of classifiers by brute force."""

import itertools

import numpy as np
import pytest
import torch

from colourize.measures.classification import CalibrationError, reliability
from colourize.measures.registry import MEASURES


def measured(name, outputs, labels):
    return MEASURES[name].value(MEASURES[name].vectors(outputs, labels).numpy())(np.ones(len(outputs)))


@pytest.fixture
def answers():
    generator = torch.Generator().manual_seed(0)
    outputs = 2 * torch.randn(5, 4, 6, 6, generator=generator)
    return outputs, torch.randint(0, 4, (5, 6, 6), generator=generator)


def test_accuracy_and_cross_entropy_are_of_each_picture(answers) -> None:
    outputs, labels = answers
    accuracy, entropy = (MEASURES[name].values(outputs, labels) for name in ("accuracy", "cross_entropy"))
    logits = outputs.double().movedim(1, -1).numpy()
    chosen = np.take_along_axis(logits, labels.numpy()[..., None], -1)[..., 0]
    expected = (np.log(np.exp(logits).sum(-1)) - chosen).mean((1, 2))
    np.testing.assert_allclose(entropy.numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(accuracy.numpy(), (logits.argmax(-1) == labels.numpy()).mean((1, 2)), rtol=1e-6)
    whole = MEASURES["accuracy"].values(outputs[:, :, 0, 0], labels[:, 0, 0])  # a class for each picture
    assert set(whole.tolist()) == {0, 1}


def test_calibration_error_by_brute_force(answers) -> None:
    outputs, labels = answers
    probabilities = outputs.double().softmax(1).movedim(1, -1).reshape(-1, 4).numpy()
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels.flatten().numpy()
    edges = np.linspace(0, 1, 16)
    expected = 0.0
    diagram = reliability(CalibrationError().vectors(outputs, labels).numpy())
    for place, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = (confidence >= low) & (confidence < high)
        assert diagram["share"][place] == pytest.approx(inside.mean())
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
            assert diagram["confidence"][place] == pytest.approx(confidence[inside].mean())
            assert diagram["accuracy"][place] == pytest.approx(right[inside].mean())
    assert measured("calibration_error", outputs, labels) == pytest.approx(expected, abs=1e-6)


def test_who_says_what_happens_is_calibrated() -> None:
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(20, 3, 64, 64, generator=generator)
    chances = outputs.softmax(1).movedim(1, -1).reshape(-1, 3)
    labels = torch.multinomial(chances, 1, generator=generator).view(20, 64, 64)
    assert measured("calibration_error", outputs, labels) < 0.01
    assert measured("calibration_error", 10 * outputs, labels) > 0.2  # far too sure of itself
    table = reliability(CalibrationError().vectors(outputs, labels).numpy())
    often = table["share"] > 0.02
    np.testing.assert_allclose(table["accuracy"][often], table["confidence"][often], atol=0.03)


def test_entropy_and_error_correlate_as_numpy_says(answers) -> None:
    outputs, labels = answers
    p = outputs.double().softmax(1).movedim(1, -1).reshape(-1, 4).numpy()
    entropy, wrong = -(p * np.log(p)).sum(1), p.argmax(1) != labels.flatten().numpy()
    expected = np.corrcoef(entropy, wrong)[0, 1]
    assert measured("entropy_error_correlation", outputs, labels) == pytest.approx(expected, abs=1e-5)
    # A classifier that never errs, or never differs, has no correlation.
    assert np.isnan(measured("entropy_error_correlation", outputs, outputs.argmax(1)))
    same = torch.zeros(2, 3, 4, 4)
    assert np.isnan(measured("entropy_error_correlation", same, torch.randint(0, 3, (2, 4, 4))))
