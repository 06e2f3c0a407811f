"""Hints: which pixels they are, what they say, and that they follow from seed and picture alone."""

import pytest
import torch
from scipy import stats

from colourize.colour.chroma import chroma_of, lightness_of
from colourize.data.draws import Draws
from colourize.degradations import Hints


def draws(count, first=0):
    return Draws(torch.arange(first, first + count), seed=3, epoch=0, stage="test", purpose="degradation")


def pictures(count, side=32):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def masks(inputs):
    assert set(inputs[:, 3].unique().tolist()) <= {-0.5, 0.5}
    return inputs[:, 3] > 0


def test_an_input_is_lightness_the_chroma_of_hints_and_a_mask():
    truth = pictures(4)
    inputs = Hints()(truth, draws(4))
    known = masks(inputs)[:, None]
    assert inputs.shape == (4, 4, 32, 32) and 0 < known.float().mean() < 1
    torch.testing.assert_close(inputs[:, :1], lightness_of(truth))
    torch.testing.assert_close(inputs[:, 1:3] * 110, chroma_of(truth) * known)


def test_a_random_share_of_the_pixels_is_uniform_and_everywhere_alike():
    known = masks(Hints()(pictures(1, 8).expand(3000, -1, -1, -1), draws(3000)))
    shares = known.flatten(1).float().mean(1)
    assert stats.kstest(shares.numpy() + 1 / 128, "uniform").pvalue > 1e-3
    assert (known.float().mean(0) - 0.5).abs().max() < 0.05


def test_points_are_as_many_and_lie_where_zhang_et_al_put_them():
    degradation = Hints("points")
    found = torch.cat([masks(degradation(pictures(1).expand(500, -1, -1, -1), draws(500, 500 * i))) for i in range(6)])
    without = (~found).flatten(1).all(1).float().mean()
    assert abs(without - 1 / 8) < 0.02
    # Sides are 1 to 9 pixels of 176, here 1 (up to 5.5) or 2 (above): 1 + 3 · 7/16 = 2.3 pixels of a lone point.
    alone = found.flatten(1).sum(1)
    assert {1, 2, 4} <= set(alone[alone > 0].tolist())
    rows = found.any(2).float().mean(0)
    middle, border = rows[14:18].mean(), rows[[1, 2, 29, 30]].mean()
    assert middle > 2 * border  # a Gaussian of a quarter of the side: 1 against 0.19, without overlaps


@pytest.mark.parametrize(("reveal", "most"), [("share", 1024), ("points", 64)])
def test_a_fixed_number_is_nested_and_follows_from_the_picture(reveal, most):
    truth = pictures(6)
    before = torch.zeros(6, 32, 32, dtype=torch.bool)
    for number in (0, 1, 5, most):
        inputs = Hints(reveal, number)(truth, draws(6))
        known = masks(inputs)
        counts = known.flatten(1).sum(1)
        assert (counts <= number).all() and counts.max() >= number * 0.8  # points may fall onto each other
        assert (known | ~before).all()
        before = known
        torch.testing.assert_close(inputs[2:4], Hints(reveal, number)(truth[2:4], draws(2, 2)))


def test_mixed_hints_are_points_in_half_of_the_pictures_and_a_share_in_the_others():
    found = torch.cat([masks(Hints("mixed")(pictures(400), draws(400, 400 * i))) for i in range(5)]).flatten(1).sum(1)
    few = (found <= 64).float().mean()  # a share is so small in 1 of 16
    assert abs(few - (0.5 + 0.5 / 16)) < 0.06
    assert found.max() > 900


def test_a_picture_without_hints_is_its_lightness():
    truth = pictures(2)
    degradation = Hints(number=0)
    torch.testing.assert_close(degradation.inputs_of(truth), degradation(truth, draws(2)))
    shown = degradation.show(degradation.inputs_of(truth))
    torch.testing.assert_close(lightness_of(shown), lightness_of(truth), atol=1e-4, rtol=0)
    assert (shown[:, :1] == shown[:, 1:]).all()
