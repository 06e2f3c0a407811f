"""Rates and agreement against closed forms, independent implementations, and people who behave as is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from people import participants
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from colourize.study.analysis import RESAMPLES, Choices, agreements, fooling_rates

MODELS = ("cnn", "grey", "unet")
ITEMS = [(model, picture) for model in MODELS for picture in range(20)]


def people(count: int, seed: int = 0, share: float = 0.3, of_people: float = 0.0, of_pictures: float = 0.0) -> Choices:
    """People whose chance to be fooled differs by participant and picture, with these standard deviations."""
    rng = np.random.default_rng(seed)
    own, pictures = rng.normal(0, of_people, count), rng.normal(0, of_pictures, len(ITEMS))
    chances = {item: share + each for item, each in zip(ITEMS, pictures, strict=True)}
    return Choices(participants(count, ITEMS, lambda who, *item: rng.random() < chances[item] + own[who]), seed)


def test_one_participants_interval_is_wilsons() -> None:
    choices = Choices(participants(1, ITEMS, lambda _, model, picture: model == "cnn" and picture < 5))
    cnn, grey, unet = fooling_rates(choices)
    assert (cnn.model, cnn.participants, cnn.pictures, cnn.trials, cnn.fooled, cnn.rate) == ("cnn", 1, 20, 20, 5, 0.25)
    z, n, p = 1.959964, 20, 0.25
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert (cnn.low, cnn.high) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert grey.rate == unet.rate == 0 and grey.low == 0 and grey.high == pytest.approx(0.1611, abs=1e-4)


def test_a_rate_of_zero_is_not_certain_and_people_and_pictures_that_differ_widen_the_interval() -> None:
    rate = fooling_rates(Choices(participants(4, ITEMS, lambda *_: False)))[0]
    assert rate.trials == 80 and rate.low == 0 and rate.high == pytest.approx(3.8415 / (80 + 3.8415), abs=1e-4)
    # 10 participants of whom 5 are always fooled, then 20 pictures of which 10 always fool.
    for count, is_fooled in ((10, lambda who, *_: who % 2 == 0), (20, lambda _, __, picture: picture % 2 == 0)):
        rate = fooling_rates(Choices(participants(10, ITEMS, is_fooled)))[0]
        assert rate.high - rate.low == pytest.approx(2 * 1.96 * math.sqrt(0.25 / count), rel=0.1)


@pytest.mark.parametrize(("of_people", "of_pictures"), [(0.0, 0.0), (0.12, 0.0), (0.1, 0.15)])
def test_intervals_hold_the_true_rate(of_people: float, of_pictures: float) -> None:
    rates = [fooling_rates(people(10, seed, 0.4, of_people, of_pictures))[0] for seed in range(60)]
    assert sum(rate.low <= 0.4 <= rate.high for rate in rates) >= 54
    assert np.mean([rate.rate for rate in rates]) == pytest.approx(0.4, abs=0.02)


def test_agreement_is_that_of_scipy_and_scikit_learn() -> None:
    choices = people(7, of_pictures=0.2)
    rng = np.random.default_rng(1)
    measure = np.round(choices.fooled.mean(0) + rng.normal(0, 0.2, len(ITEMS)), 1)  # rounded: ties
    measure[3] = np.inf  # what a measure of one's own may have
    everything, cnn, *_, models = agreements({"psnr": measure}, choices)
    rates = choices.fooled.mean(0)
    assert everything.spearman == pytest.approx(spearmanr(measure, rates)[0])
    assert cnn.spearman == pytest.approx(spearmanr(measure[:20], rates[:20])[0])
    answers, scores = choices.fooled.ravel(), np.tile(np.nan_to_num(measure, posinf=99), 7)
    assert everything.auc == pytest.approx(roc_auc_score(answers, scores))
    assert everything.auc_low < everything.auc < everything.auc_high
    assert everything.spearman_low < everything.spearman < everything.spearman_high
    assert (everything.count, cnn.count, models.over, models.count) == (60, 20, "models", 3)


def test_models_are_ranked_by_their_means_and_what_never_varies_has_no_agreement() -> None:
    choices = Choices(participants(6, ITEMS, lambda who, model, picture: (picture + who) % 4 <= MODELS.index(model)))
    order = np.array([float(MODELS.index(model)) for model, _ in choices.items])
    *_, over_models = agreements({"psnr": order}, choices)
    assert (over_models.spearman, over_models.spearman_low, over_models.spearman_high) == (1, 1, 1)
    nobody = agreements({"psnr": np.arange(60.0)}, Choices(participants(3, ITEMS, lambda *_: False)))[0]
    assert math.isnan(nobody.spearman) and math.isnan(nobody.auc) and math.isnan(nobody.auc_low)


def test_pictures_that_some_did_not_see() -> None:
    """Half of the items a participant: the rates are those of who saw them."""
    seen = participants(2, ITEMS, lambda who, model, picture: picture < 4)
    choices = Choices([replace(one, answers=one.answers[number::2]) for number, one in enumerate(seen)])
    assert choices.shown.sum(0).max() == 1 and len(choices.picture_weights) == RESAMPLES
    assert [rate.rate for rate in fooling_rates(choices)] == [0.2] * 3
    assert agreements({"number": np.array([float(number) for _, number in choices.items])}, choices)[0].auc == 0
