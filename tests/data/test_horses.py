"""The drawn horses: one picture per seed and index, varied, in colours that can be half guessed."""

import numpy as np
import pytest

from colourize.data.horses import draw_horses
from colourize.errors import UsageError

GREY_WEIGHTS = np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def horses() -> np.ndarray:
    return draw_horses(200, seed=5)


@pytest.mark.parametrize("size", [8, 32, 50, 64, 128])
def test_shape_and_type(size):
    pictures = draw_horses(2, size=size)
    assert pictures.shape == (2, size, size, 3)
    assert pictures.dtype == np.uint8


def test_none_at_all():
    assert draw_horses(0).shape == (0, 32, 32, 3)


def test_same_seed_same_pictures(horses):
    assert np.array_equal(draw_horses(20, seed=5), horses[:20])


def test_picture_does_not_depend_on_count_or_start(horses):
    assert np.array_equal(draw_horses(3, seed=5, start=7), horses[7:10])


def test_seeds_and_indices_differ(horses):
    other = draw_horses(20, seed=6)
    across = np.abs(other[:, None].astype(int) - horses[None, :20]).mean(axis=(2, 3, 4))
    assert across.min() > 8


@pytest.mark.parametrize("size", [64, 128])
def test_same_scene_at_every_size(horses, size):
    large = draw_horses(24, size=size, seed=5).astype(float)
    step = size // 32
    small = large.reshape(24, 32, step, 32, step, 3).mean(axis=(2, 4))
    for one, two in zip(small, horses[:24].astype(float), strict=True):
        assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.95
    assert np.corrcoef(small[0].ravel(), horses[1].ravel())[0, 1] < 0.9  # another picture is not so near


def test_pictures_are_varied(horses):
    flat = horses[:60].reshape(60, -1).astype(float)
    distance = np.sqrt(((flat[:, None] - flat[None]) ** 2).mean(axis=2))[np.triu_indices(60, 1)]
    assert distance.mean() > 45
    assert distance.min() > 12


def test_coats_run_from_dark_to_light(horses):
    barrel = horses[:, 14:20, 12:20].reshape(200, -1, 3).mean(axis=1)
    assert barrel.std(axis=0).min() > 34  # bays alone, in all lights, reach 26


def test_horses_face_both_ways(horses):
    pictures = horses.astype(float)
    difference = pictures - pictures[:, :, ::-1]
    # The mean picture is nearly symmetric: with all horses facing right this share is 0.29, not 0.07.
    assert np.abs(difference.mean(axis=0)).mean() < 0.15 * np.abs(difference).mean()


def test_sky_is_bluer_than_ground(horses):
    blueness = horses[..., 2].astype(float) - horses[..., 0]
    upper, lower = blueness[:, :6].mean(axis=(1, 2)), blueness[:, -6:].mean(axis=(1, 2))
    assert (upper - lower).mean() > 15
    assert (upper > lower).mean() > 0.75


def test_pictures_have_colour(horses):
    spread = horses.astype(float).std(axis=3).mean(axis=(1, 2))
    assert np.median(spread) > 12
    assert np.ptp(spread) > 15  # dull days and bright ones


def test_few_pixels_are_clipped(horses):
    assert ((horses == 255) | (horses == 0)).mean() < 0.03


def explained(chroma: np.ndarray, key: np.ndarray) -> float:
    """The share of the variance of colour that the mean colour of each key explains."""
    count = np.maximum(np.bincount(key), 1)
    guess = np.stack([np.bincount(key, channel) / count for channel in chroma.T], axis=1)[key]
    return 1 - ((chroma - guess) ** 2).sum() / ((chroma - chroma.mean(axis=0)) ** 2).sum()


def test_colour_is_partly_predictable(horses):
    grey = horses @ GREY_WEIGHTS
    chroma = (horses - grey[..., None]).reshape(-1, 3)
    level = (grey // 16).astype(int)
    place = np.broadcast_to(np.arange(32)[:, None] // 4, grey.shape[1:])
    by_grey = explained(chroma, level.ravel())
    by_grey_and_place = explained(chroma, (level * 8 + place).ravel())
    assert 0.05 < by_grey < 0.6
    assert by_grey + 0.1 < by_grey_and_place < 0.8


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"count": -1}, "count"),
        ({"count": 1, "size": 7}, "size"),
        ({"count": 1, "seed": -1}, "seed"),
        ({"count": 1, "start": -1}, "start"),
    ],
)
def test_errors_name_the_argument_on_one_line(arguments, name):
    with pytest.raises(UsageError, match=rf"{name} is -?\d+; it must be at least \d+\.$") as caught:
        draw_horses(**arguments)
    assert "\n" not in str(caught.value)
