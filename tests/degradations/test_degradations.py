"""What a network is given, pixel by pixel: grey, block averages, and the references beside them."""

import numpy as np
import pytest
import torch
from PIL import Image

from colourize.degradations import Degradation, Grey, LowResolution
from colourize.errors import UsageError


def pictures(height, width, count=2, seed=0):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def block_means(truth, size):
    """(N, 3, H / size, W / size) in float64, block by block."""
    values = truth.double().numpy()
    count, channels, height, width = values.shape
    means = np.empty((count, channels, height // size, width // size))
    for y in range(height // size):
        for x in range(width // size):
            block = values[:, :, y * size : (y + 1) * size, x * size : (x + 1) * size]
            means[:, :, y, x] = block.mean(axis=(2, 3))
    return means


# ----------------------------------------------------------------------------------------------- grey


def test_grey_is_the_plain_mean():
    truth = pictures(6, 9)
    inputs = Grey()(truth)
    assert inputs.shape == (2, 1, 6, 9) and inputs.dtype == truth.dtype
    expected = truth.double().numpy().mean(axis=1, keepdims=True)
    np.testing.assert_allclose(inputs.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("weights", [[0.299, 0.587, 0.114], [1, 0, 0], [0.5, 0.5, 0.0]])
def test_grey_with_weights(weights):
    truth = pictures(4, 4)
    red, green, blue = truth.double().numpy().swapaxes(0, 1)
    expected = weights[0] * red + weights[1] * green + weights[2] * blue
    np.testing.assert_allclose(Grey(weights)(truth)[:, 0].numpy(), expected, atol=1e-7)


def test_grey_stays_within_black_and_white():
    extremes = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 3, 2, 2)
    np.testing.assert_allclose(Grey()(extremes).flatten(1).numpy(), [[0] * 4, [1] * 4], atol=1e-7)


def test_grey_is_shown_in_three_channels():
    degradation = Grey()
    inputs = degradation(pictures(4, 4))
    shown = degradation.show(inputs)
    assert shown.shape == (2, 3, 4, 4)
    assert all(torch.equal(shown[:, [channel]], inputs) for channel in range(3))
    assert degradation.references(pictures(4, 4)) == {}
    assert (degradation.name, degradation.channels) == ("grey", 1)
    degradation.check_size(5, 7)
    assert degradation.state_dict() == {}  # the hyperparameters carry the weights


@pytest.mark.parametrize(
    "weights", [[], [1.0], [0.5, 0.5], [0.25] * 4, [0.3, 0.3, 0.3], [1, 1, 1], [1.5, -0.25, -0.25]]
)
def test_grey_weights_that_are_no_shares(weights):
    with pytest.raises(UsageError, match=r"^task\.degradation\.weights=.*must be three shares"):
        Grey(weights)


def test_grey_weights_that_are_no_numbers():
    with pytest.raises(UsageError):
        Grey([float("nan"), 0.5, 0.5])


def test_grey_of_a_picture_that_is_grey_already():
    picture = pictures(5, 7)[:, :1].expand(-1, 3, -1, -1)
    for weights in (None, [0.299, 0.587, 0.114]):
        torch.testing.assert_close(Grey(weights).given(picture), picture[:, :1])
    assert torch.equal(Grey().given(pictures(5, 7)), Grey()(pictures(5, 7)))  # of a coloured one the grey is taken


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


def test_the_course_takes_squares_of_four():
    assert LowResolution().scale_factor == 4


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
@pytest.mark.parametrize("size", [(32, 32), (16, 24)])
def test_bilinear_reference_is_pillows(scale_factor, size):
    truth = pictures(*size)
    references = LowResolution(scale_factor).references(truth)
    assert list(references) == ["bilinear"]
    for picture, mean in zip(references["bilinear"].numpy(), block_means(truth, scale_factor), strict=True):
        for channel, low in zip(picture, mean, strict=True):
            # Pillow's "F" pictures hold float32: nothing is rounded to 8 bits on either side.
            image = Image.fromarray(low.astype(np.float32))
            expected = image.resize(size[::-1], Image.Resampling.BILINEAR)
            np.testing.assert_allclose(channel, np.asarray(expected), atol=1e-5)


def test_bilinear_reference_is_that_of_the_8_bit_picture_but_for_rounding():
    truth = pictures(32, 32, count=1)
    bilinear = LowResolution(4).references(truth)["bilinear"][0].movedim(0, -1).numpy()
    low = Image.fromarray((block_means(truth, 4)[0] * 255).round().astype(np.uint8).transpose(1, 2, 0))
    expected = np.asarray(low.resize((32, 32), Image.Resampling.BILINEAR)) / 255
    # Half a step for the small picture and up to one for the large one, whose two passes round one by one.
    assert np.abs(bilinear - expected).max() < 1.5 / 255


def test_bilinear_reference_knows_no_more_than_the_input():
    truth, other = pictures(16, 16), pictures(16, 16, seed=1)
    degradation = LowResolution(4)
    same_blocks = other - degradation(other) + degradation(truth)
    torch.testing.assert_close(degradation(same_blocks), degradation(truth))
    for name, picture in degradation.references(truth).items():
        torch.testing.assert_close(degradation.references(same_blocks)[name], picture)


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
def test_a_small_picture_is_the_input_of_what_it_was_averaged_from(scale_factor):
    truth = pictures(16, 24)
    small = torch.from_numpy(block_means(truth, scale_factor)).float()
    degradation = LowResolution(scale_factor)
    torch.testing.assert_close(degradation.given(small), degradation(truth))
    assert torch.equal(degradation.join(truth, small), truth)  # nothing of the small picture stands beside it
    assert degradation.given(pictures(5, 7)).shape == (2, 3, 5 * scale_factor, 7 * scale_factor)


def test_other_degradations_refuse_what_they_cannot_do():
    with pytest.raises(TypeError, match=r"^Degradation cannot be handed a picture that is degraded already$"):
        Degradation().given(pictures(4, 4))
    assert Degradation().references(pictures(4, 4)) == {}
    Degradation().check_size(1, 1)


@pytest.mark.parametrize(
    "scale_factor",
    [0, 1, 3, 16, -4, 2.5, "4", None, 4.0],
)
def test_scale_factors_that_are_not_offered(scale_factor):
    with pytest.raises(UsageError, match=rf"\.scale_factor={scale_factor}: must be 2, 4 or 8$"):
        LowResolution(scale_factor)


@pytest.mark.parametrize(
    ("scale_factor", "size", "fits"),
    [
        (4, (32, 32), True),
        (4, (8, 12), True),
        (4, (30, 32), False),
        (4, (32, 30), False),
        (8, (12, 12), False),
    ],
)
def test_sizes_that_do_not_divide(scale_factor, size, fits):
    degradation: Degradation = LowResolution(scale_factor)
    if fits:
        degradation.check_size(*size)
    else:
        with pytest.raises(UsageError, match=rf"={scale_factor}: .* pictures' size, {size[0]}×{size[1]}$"):
            degradation.check_size(*size)
