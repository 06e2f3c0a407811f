"""What a network is given, pixel by pixel: grey, block averages, and the references beside them."""

import numpy as np
import pytest
import torch

from colourize.degradations import Grey, LowResolution
from colourize.models.interpolation import enlarge


def pictures(height, width, count=2, seed=0):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def block_means(truth, size):
    """(N, 3, H / size, W / size) in float64."""
    count, channels, height, width = truth.shape
    blocks = truth.double().numpy().reshape(count, channels, height // size, size, width // size, size)
    return blocks.mean(axis=(3, 5))


# ----------------------------------------------------------------------------------------------- grey


@pytest.mark.parametrize("weights", [None, [0.299, 0.587, 0.114], [1, 0, 0]])
def test_grey_is_a_weighted_mean(weights):
    truth = pictures(6, 9)
    inputs = Grey(weights)(truth)
    assert inputs.shape == (2, 1, 6, 9) and inputs.dtype == truth.dtype
    expected = np.average(truth.double().numpy(), axis=1, weights=weights)
    np.testing.assert_allclose(inputs[:, 0].numpy(), expected, atol=1e-6)


def test_grey_of_a_picture_that_is_grey_already():
    picture = pictures(5, 7)[:, :1].expand(-1, 3, -1, -1)
    for weights in (None, [0.299, 0.587, 0.114]):
        torch.testing.assert_close(Grey(weights).inputs_of(picture), picture[:, :1])
    assert torch.equal(Grey().inputs_of(pictures(5, 7)), Grey()(pictures(5, 7)))  # of a coloured one the grey is taken


@pytest.mark.parametrize("weights", [None, [0.299, 0.587, 0.114], [0.0, 1.0, 0.0]])
@pytest.mark.parametrize("size", [(9, 13), (16, 16), (31, 8), (1, 3)])
def test_grey_joins_colours_with_the_pictures_own_grey(weights, size):
    """Of any size, every pixel keeps its grey where nothing is clipped; the colours are the prediction's."""
    degradation = Grey(weights)
    prediction, picture = 0.4 + 0.2 * pictures(16, 16), 0.4 + 0.2 * pictures(*size, seed=1)
    joined = degradation.join(prediction, picture)
    assert joined.shape == picture.shape and joined.min() > 0 and joined.max() < 1
    torch.testing.assert_close(degradation(joined), degradation(picture), atol=1e-6, rtol=0)
    coloured = joined - degradation(joined)
    if size == (16, 16):
        torch.testing.assert_close(coloured, prediction - degradation(prediction), atol=1e-6, rtol=0)
        torch.testing.assert_close(degradation.join(prediction, prediction), prediction)
    even = torch.tensor([0.6, 0.5, 0.4]).view(1, 3, 1, 1).expand(2, 3, 16, 16)  # of one colour all over, at any size
    coloured = degradation.join(even, picture) - degradation(picture)
    expected = (even - degradation(even))[..., :1, :1].expand_as(picture)
    torch.testing.assert_close(coloured, expected, atol=1e-6, rtol=0)


def test_joined_colours_are_resized_without_overshooting():
    edge = torch.full((1, 3, 8, 8), 0.5)
    edge[:, 0, :, 4:] = 0.8
    joined = Grey().join(edge, torch.full((1, 3, 24, 24), 0.5))
    colours = joined - Grey()(joined)
    assert colours[:, 0].min() >= -1e-6 and colours[:, 0].max() <= 0.2 + 1e-6
    between = (colours[:, 0, 0] > 0.01) & (colours[:, 0, 0] < 0.19)
    assert 1 < between.sum() <= 3  # smooth, and only from one pixel to the next


def test_joined_pictures_are_clipped():
    black, white = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    for picture, expected in ((black, [2 / 3, 0, 0]), (white, [1, 2 / 3, 2 / 3])):
        np.testing.assert_allclose(Grey().join(red, picture)[0, :, 0, 0], expected, atol=1e-6)


# ----------------------------------------------------------------------------------------------- low


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
@pytest.mark.parametrize("size", [(32, 32), (16, 24)])
def test_low_resolution_is_the_mean_of_each_block(scale_factor, size):
    truth = pictures(*size)
    degradation = LowResolution(scale_factor)
    inputs = degradation(truth)
    assert inputs.shape == truth.shape and inputs.dtype == truth.dtype
    expected = block_means(truth, scale_factor).repeat(scale_factor, axis=2).repeat(scale_factor, axis=3)
    np.testing.assert_allclose(inputs.numpy(), expected, atol=1e-6)
    assert degradation.show(inputs) is inputs
    assert (degradation.name, degradation.channels) == ("low", 3)


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
def test_the_reference_is_the_small_picture_enlarged(scale_factor):
    truth = pictures(16, 24)
    low = torch.from_numpy(block_means(truth, scale_factor)).float()
    (reference,) = LowResolution(scale_factor).references(truth).values()
    torch.testing.assert_close(reference, enlarge(low, scale_factor, "bilinear"))  # Pillow's, says test_baselines


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
def test_a_small_picture_is_the_input_of_what_it_was_averaged_from(scale_factor):
    truth = pictures(16, 24)
    small = torch.from_numpy(block_means(truth, scale_factor)).float()
    degradation = LowResolution(scale_factor)
    torch.testing.assert_close(degradation.inputs_of(small), degradation(truth))
    assert torch.equal(degradation.join(truth, small), truth)  # nothing of the small picture stands beside it
    assert degradation.inputs_of(pictures(5, 7)).shape == (2, 3, 5 * scale_factor, 7 * scale_factor)
