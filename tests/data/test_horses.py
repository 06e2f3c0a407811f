"""The drawn horses: one picture per seed and index, varied, in colours that are partly predictable."""

import numpy as np
import pytest

from colourize.data import synthetic
from colourize.data.horses import draw_horses
from colourize.data.synthetic import SyntheticData


@pytest.fixture(scope="module")
def horses():
    return draw_horses(200, seed=5)


def test_a_picture_depends_on_seed_and_index_alone(horses):
    assert horses.shape == (200, 32, 32, 3) and horses.dtype == np.uint8 and draw_horses(0).shape == (0, 32, 32, 3)
    assert np.array_equal(draw_horses(3, seed=5), horses[:3])
    other = draw_horses(20, seed=6)
    across = np.abs(other[:, None].astype(int) - horses[None, :20]).mean(axis=(2, 3, 4))
    assert across.min() > 8


def test_same_scene_at_every_size(horses):
    large = draw_horses(24, size=64, seed=5).astype(float)
    small = large.reshape(24, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    for one, two in zip(small, horses[:24].astype(float), strict=True):
        assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.95
    assert np.corrcoef(small[0].ravel(), horses[1].ravel())[0, 1] < 0.9  # another picture is not so near
    assert draw_horses(1, size=8).shape == (1, 8, 8, 3)


def test_pictures_are_varied(horses):
    pictures = horses.astype(float)
    flat = pictures[:60].reshape(60, -1)
    distance = np.sqrt(((flat[:, None] - flat[None]) ** 2).mean(axis=2))[np.triu_indices(60, 1)]
    assert distance.mean() > 45 and distance.min() > 12
    barrel = pictures[:, 14:20, 12:20].reshape(200, -1, 3).mean(axis=1)
    assert barrel.std(axis=0).min() > 34  # coats run from dark to light; bays alone, in all lights, reach 26
    difference = pictures - pictures[:, :, ::-1]
    # Horses face both ways: if all faced right, this share would be 0.29, not 0.07.
    assert np.abs(difference.mean(axis=0)).mean() < 0.15 * np.abs(difference).mean()
    spread = pictures.std(axis=3).mean(axis=(1, 2))
    assert np.median(spread) > 12 and np.ptp(spread) > 15  # dull days and bright ones
    assert ((horses == 255) | (horses == 0)).mean() < 0.03  # few pixels are clipped


def explained(chroma: np.ndarray, key: np.ndarray) -> float:
    """The share of the variance of colour that the mean colour of each key explains."""
    count = np.maximum(np.bincount(key), 1)
    guess = np.stack([np.bincount(key, channel) / count for channel in chroma.T], axis=1)[key]
    return 1 - ((chroma - guess) ** 2).sum() / ((chroma - chroma.mean(axis=0)) ** 2).sum()


def test_colour_is_partly_predictable(horses):
    grey = horses @ np.array([0.299, 0.587, 0.114])
    chroma = (horses - grey[..., None]).reshape(-1, 3)
    level = (grey // 16).astype(int)
    place = np.broadcast_to(np.arange(32)[:, None] // 4, grey.shape[1:])
    by_grey, by_both = explained(chroma, level.ravel()), explained(chroma, (level * 8 + place).ravel())
    assert 0.05 < by_grey < 0.6 and by_grey + 0.1 < by_both < 0.8
    blueness = horses[..., 2].astype(float) - horses[..., 0]
    upper, lower = blueness[:, :6].mean(axis=(1, 2)), blueness[:, -6:].mean(axis=(1, 2))  # sky and ground
    assert (upper - lower).mean() > 15 and (upper > lower).mean() > 0.75


def test_one_process_draws_the_same_pictures_once(monkeypatch):
    drawn = []
    monkeypatch.setattr(synthetic, "draw_horses", lambda *args: drawn.append(args) or draw_horses(*args))
    synthetic._drawn.cache_clear()
    counts = {"num_train": 5, "num_val": 2, "num_test": 3}
    first = SyntheticData(**counts, size=8, drawing_seed=4, seed=1).load()
    expected = draw_horses(10, 8, 4)
    for part in first[:3]:
        assert part.flags.writeable  # or torch would warn
        part[:] = 0  # which changes the pictures of no later job
    again = SyntheticData(**counts, size=8, drawing_seed=4, seed=2, batch_size=2).load()
    np.testing.assert_array_equal(np.concatenate([again.test, again.val, again.train]), expected)
    assert drawn == [(10, 8, 4)]
    SyntheticData(**counts, size=8, drawing_seed=5).load()
    assert drawn[1:] == [(10, 8, 5)]
