"""Palettes: labels against brute force, pictures back from labels, the fit, its cache, files of colours."""

import errno
import logging
import os

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits

from colourize.colour.palette import Palette, cached_palette, fit_palette, load_palette
from colourize.errors import InputError, UsageError

# Around a power of two the class numbers need one bit more.
COUNTS = [2, 3, 24, 31, 32, 33, 256]


def brute_force(colours, rgb):
    """(N, H, W) labels in float64: the first of the least squared distances."""
    pixels = rgb.double().movedim(1, -1)[..., None, :]
    return (pixels - torch.as_tensor(np.asarray(colours), dtype=torch.float64)).square().sum(-1).argmin(-1)


def random_colours(count, seed=0):
    return np.random.default_rng(seed).random((count, 3))


def blobs(seed=0):
    """uint8 pixels (5000, 3) in six clear clusters, most of them several times over."""
    rng = np.random.default_rng(seed)
    centres = np.array([[40] * 3, [200, 60, 50], [60, 190, 70], [50, 70, 210], [220, 210, 80], [230] * 3])
    pixels = centres[rng.choice(6, 5000, p=[0.4, 0.2, 0.2, 0.1, 0.05, 0.05])] + rng.normal(0, 6, (5000, 3))
    return pixels.round().clip(0, 255).astype(np.uint8)


def inertia(colours, pixels):
    return (np.square(pixels[:, None] - colours).sum(-1)).min(1).mean()


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("divisor", [None, 255, 256])
def test_labels_are_those_of_brute_force(count, divisor):
    torch.manual_seed(count)
    colours = random_colours(count, seed=count)
    rgb = torch.rand(3, 3, 20, 31)
    if divisor:  # on the grid of uint8 pixels
        rgb = (rgb * 255).round() / divisor
    for pictures in (rgb, rgb.half(), rgb.bfloat16()):
        labels = Palette(colours).labels(pictures)
        assert labels.dtype == torch.int64
        assert torch.equal(labels, brute_force(colours, pictures))
    assert labels.unique().numel() > min(count, 100) // 2  # the comparison is of many classes, not of one
    # Two float32 distances to the first two colours differ by 1e-9 of themselves.
    near = Palette([[0.5, 0.5, 0.5 + 1e-9], [0.5, 0.5, 0.5], [0.9, 0.9, 0.9]])
    pixels = torch.tensor([[0.5, 0.5, 0.4], [0.5, 0.5, 0.6]]).T.reshape(1, 3, 1, 2)
    assert near.labels(pixels).flatten().tolist() == [1, 0]


@pytest.mark.parametrize("count", COUNTS)
def test_pictures_of_labels_have_those_labels(count):
    palette = Palette(random_colours(count))
    labels = torch.randint(0, count, (2, 5, 7), generator=torch.Generator().manual_seed(0))
    picture = palette.picture(labels)
    assert len(palette) == count and picture.shape == (2, 3, 5, 7) and picture.dtype == torch.float32
    assert torch.equal(picture[1, :, 4, 6], palette.colours[labels[1, 4, 6]].float())
    assert torch.equal(palette.labels(picture), labels)


def test_expected_colour_is_the_sum_over_classes():
    torch.manual_seed(0)
    palette = Palette(random_colours(5))
    probabilities = torch.randn(2, 5, 3, 4).softmax(1)
    expected = (probabilities.double()[:, :, None] * palette.colours[None, :, :, None, None]).sum(1)
    torch.testing.assert_close(palette.expected(probabilities), expected.float())
    certain = torch.nn.functional.one_hot(torch.randint(0, 5, (2, 3, 4)), 5).movedim(-1, 1).float()
    assert torch.equal(palette.expected(certain), palette.picture(certain.argmax(1)))


@pytest.mark.parametrize("divisor", [255, 256])
def test_fit_is_as_good_as_on_every_single_pixel(divisor):
    pixels = blobs()
    assert len(np.unique(pixels, axis=0)) < len(pixels)  # some are counted more than once
    colours = fit_palette(pixels.reshape(50, 10, 10, 3), 6, divisor=divisor)
    assert colours.shape == (6, 3) and colours.dtype == np.float64
    every = pixels / divisor
    reference = KMeans(6, n_init=5, random_state=0).fit(every)
    ordered = reference.cluster_centers_[np.argsort(reference.cluster_centers_.sum(1))]
    np.testing.assert_allclose(colours, ordered, atol=1e-3)
    assert inertia(colours, every) <= 1.0001 * reference.inertia_ / len(every)


def test_fit_weights_colours_by_how_often_they_occur():
    # Unweighted, the mean of the two dark colours would lie half-way between them.
    pixels = np.repeat(np.array([[0, 0, 0], [40, 40, 40], [255, 255, 255]], np.uint8), [300, 100, 50], axis=0)
    np.testing.assert_allclose(fit_palette(pixels, 2), [[10 / 255] * 3, [1, 1, 1]], atol=1e-6)


def test_equal_fits_are_equal():
    pixels = np.random.default_rng(0).integers(0, 256, (3000, 3), dtype=np.uint8)
    assert np.array_equal(fit_palette(pixels, 8, seed=3), fit_palette(pixels.copy(), 8, seed=3))
    assert not np.array_equal(fit_palette(pixels, 8, seed=3), fit_palette(pixels, 8, seed=4))
    assert (np.diff(fit_palette(pixels, 24).sum(1)) > 0).all()  # from dark to light


def test_one_thread_fits_whatever_the_machine_has(monkeypatch):
    """Several add their sums up in the order in which they end: no two fits would be equal."""
    threads = []

    def fit(self, *args, **kwargs):
        threads.extend(each["num_threads"] for each in threadpool_info())
        return original(self, *args, **kwargs)

    original = KMeans.fit
    monkeypatch.setattr(KMeans, "fit", fit)
    with threadpool_limits(4):
        fit_palette(blobs(), 4)
    assert set(threads) == {1}


def test_as_many_colours_as_there_are():
    pixels = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9], [9, 0, 0]], np.uint8)
    assert np.allclose(fit_palette(pixels, 4) * 255, [[0, 0, 0], [0, 0, 9], [0, 9, 0], [9, 0, 0]], atol=1e-4)
    with pytest.raises(UsageError, match=r"^data\.palette=5: .* only 4 distinct colours$"):
        fit_palette(pixels, 5)


def cached(folder, pixels=None, size=4, divisor=255.0, seed=0):
    pixels = blobs() if pixels is None else pixels
    return cached_palette(pixels, size, divisor=divisor, seed=seed, cache_dir=folder)


def test_second_call_does_not_fit(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    folder = tmp_path / "new" / "folder"
    first = cached(folder)
    assert [path.suffix for path in folder.iterdir()] == [".npy"]  # and no half-written file
    assert np.array_equal(cached(folder), first)
    assert caplog.text.count("Fitted a palette of 4 colours in") == 1
    np.testing.assert_array_equal(first, fit_palette(blobs(), 4))
    (tmp_path / "file").touch()
    for nowhere in (None, tmp_path / "file"):
        assert len(cached(nowhere)) == 4
    assert len(list(tmp_path.iterdir())) == 2


def test_everything_that_decides_the_palette_names_its_file(tmp_path):
    changed = blobs()
    changed[-1, 2] ^= 1
    for change in ({}, {"seed": 1}, {"size": 5}, {"divisor": 256.0}, {"pixels": blobs(seed=1)}, {"pixels": changed}):
        cached(tmp_path, **change)
    assert len(list(tmp_path.iterdir())) == 6
    cached(tmp_path, np.asfortranarray(blobs()))  # the same pixels in another memory layout
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_folder_that_cannot_be_written_into(tmp_path, monkeypatch, number):
    """A palette is fitted each time; only a full disk is an error."""

    def refuse(*args):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(np, "save", refuse)
    if number == errno.ENOSPC:
        with pytest.raises(OSError, match="No space left"):
            cached(tmp_path)
    else:
        assert len(cached(tmp_path)) == 4
    assert list(tmp_path.iterdir()) == []


TABLE = np.array([[0, 0.25, 1], [0.125, 0.5, 0.0625], [1, 1, 1]])
CELLS = "0,0.25,1\n0.125, 0.5, 6.25e-2\n\n1,1,1\n"


@pytest.mark.parametrize("header", ["", "R,G,B\n", "red, green, blue\n", "\nr,g,b\n\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_tables(tmp_path, header, line_end):
    path = tmp_path / "own.csv"
    path.write_bytes((header + CELLS).replace("\n", line_end).encode())
    np.testing.assert_array_equal(load_palette(path), TABLE)
    path.write_text("1E-3,0,0\n0.5,0.5,0.5\n")  # its first colour is no header
    np.testing.assert_array_equal(load_palette(path), [[0.001, 0, 0], [0.5, 0.5, 0.5]])
    for dtype in (np.float64, np.float32):
        np.save(tmp_path / "own.npy", TABLE.astype(dtype))
        colours = load_palette(str(tmp_path / "own.npy"))
        assert colours.dtype == np.float64 and np.array_equal(colours, TABLE)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pickled.npy", np.array([[0.1, 0.2, {}], [0.1, 0.2, 0.3]], dtype=object)),
        ("bytes.npy", np.array([[0, 128, 255], [1, 2, 3]])),
        ("complex.npy", np.eye(3) + 0.1j),
        ("equal.npy", np.full((4, 3), 0.5)),
        ("many.npy", np.random.default_rng(0).random((257, 3))),
        ("header.csv", "R,G,B\n"),
        ("narrow.csv", "0,0\n1,1\n"),
        ("equal.csv", "0,0,0\n1,1,1\n1,1,1.0\n"),
        ("nul.csv", "0,0,0\n1,1,\0\n"),
        ("words.csv", "R,G,B\n0,0,0\nred,0,0\n"),
        ("binary.csv", b"\xff\xfe\x00"),
        *((f"first-{cell}.csv", f"{cell},0,0\n0.5,0.5,0.5\n1,1,1\n") for cell in ("nan", "inf")),
        *((name, None) for name in ("none.npy", "none.csv", "n" * 5000 + ".csv")),
        ("own.txt", CELLS),
    ],
)
def test_files_that_hold_no_palette(tmp_path, name, content):
    path = tmp_path / name
    if isinstance(content, np.ndarray):
        np.save(path, content)
    elif content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        load_palette(path)
    assert str(error.value).startswith(f"data.palette={path}: ")
    assert "\n" not in str(error.value)
    assert content is not None or str(error.value).endswith(": there is no such file")
