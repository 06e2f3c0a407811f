"""Palettes: labels against brute force, pictures back from labels, the fit, its cache, files of colours."""

import itertools
import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits

from colourize.colour import palette as module
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


# --------------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("divisor", [None, 255, 256])
def test_labels_are_those_of_brute_force(count, divisor):
    torch.manual_seed(count)
    colours = random_colours(count, seed=count)
    rgb = torch.rand(3, 3, 20, 31)
    if divisor:  # on the grid of uint8 pixels
        rgb = (rgb * 255).round() / divisor
    labels = Palette(colours).labels(rgb)
    assert labels.dtype == torch.int64
    assert torch.equal(labels, brute_force(colours, rgb))
    assert labels.unique().numel() > min(count, 100) // 2  # the comparison is of many classes, not of one


@pytest.mark.parametrize("count", COUNTS)
def test_labels_of_the_colours_themselves(count):
    colours = random_colours(count, seed=1)
    rgb = torch.from_numpy(colours).T.reshape(1, 3, 1, count)
    assert Palette(colours).labels(rgb).flatten().tolist() == list(range(count))


def test_labels_of_extreme_colours():
    corners = np.array(list(itertools.product([0.0, 1.0], repeat=3)))
    rgb = torch.from_numpy(corners).float().T.reshape(1, 3, 2, 4)
    assert Palette(corners).labels(rgb).flatten().tolist() == list(range(8))
    assert Palette(corners[::-1].copy()).labels(rgb).flatten().tolist() == list(range(8))[::-1]


@pytest.mark.parametrize("count", [2, 24, 33, 256])
def test_of_equally_near_colours_the_first(count):
    # Multiples of 1/8: every distance is exact, and so is every tie.
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 9, (count, 3)) / 8
    rgb = torch.from_numpy(rng.integers(0, 9, (2, 3, 16, 16)) / 8).float()
    labels = Palette(colours).labels(rgb)
    assert torch.equal(labels, brute_force(colours, rgb))
    doubled = Palette(np.concatenate([colours, colours])[: max(256, count)])
    assert torch.equal(doubled.labels(rgb), labels)


def test_tells_colours_apart_that_float32_confuses():
    # The distance of two float32 pixels to these differs by 1e-9 of itself.
    colours = [[0.5, 0.5, 0.5 + 1e-9], [0.5, 0.5, 0.5], [0.9, 0.9, 0.9]]
    rgb = torch.full((1, 3, 1, 2), 0.5)
    rgb[0, 2, 0] = torch.tensor([0.4, 0.6])
    assert Palette(colours).labels(rgb).flatten().tolist() == [1, 0]


def test_labels_of_half_precision_pictures():
    colours = random_colours(24)
    for dtype in (torch.float16, torch.bfloat16):
        rgb = torch.rand(1, 3, 8, 8).to(dtype)
        assert torch.equal(Palette(colours).labels(rgb), brute_force(colours, rgb))


@pytest.mark.real_data
def test_labels_of_real_pictures_with_the_courses_palette():
    root = Path(os.environ.get("COLOURIZE_DATA", "data"))
    if not (root / "course-palette-24.npy").is_file() or not (root / "cifar10-horse.npz").is_file():
        pytest.skip("needs COLOURIZE_DATA with course-palette-24.npy and cifar10-horse.npz")
    colours = load_palette(root / "course-palette-24.npy")
    assert colours.shape == (24, 3)
    with np.load(root / "cifar10-horse.npz") as pictures:
        rgb = torch.from_numpy(pictures["test"][:200]).movedim(-1, 1).float() / 256
    assert torch.equal(Palette(colours).labels(rgb), brute_force(colours, rgb))


# ----------------------------------------------------------------------------------- pictures of labels


@pytest.mark.parametrize("count", COUNTS)
def test_pictures_of_labels_have_those_labels(count):
    torch.manual_seed(0)
    palette = Palette(random_colours(count))
    assert len(palette) == count
    labels = torch.randint(0, count, (2, 5, 7))
    picture = palette.picture(labels)
    assert picture.shape == (2, 3, 5, 7) and picture.dtype == torch.float32
    for n, y, x in itertools.product(range(2), range(5), range(7)):
        assert torch.equal(picture[n, :, y, x], palette.colours[labels[n, y, x]].float())
    assert torch.equal(palette.labels(picture), labels)
    assert torch.equal(palette.picture(palette.labels(picture)), picture)


def test_expected_colour_is_the_sum_over_classes():
    torch.manual_seed(0)
    palette = Palette(random_colours(5))
    probabilities = torch.randn(2, 5, 3, 4).softmax(1)
    expected = torch.zeros(2, 3, 3, 4, dtype=torch.float64)
    for n, k, c, y, x in itertools.product(*map(range, (2, 5, 3, 3, 4))):
        expected[n, c, y, x] += probabilities[n, k, y, x].double() * palette.colours[k, c]
    torch.testing.assert_close(palette.expected(probabilities), expected.float())
    certain = torch.nn.functional.one_hot(torch.randint(0, 5, (2, 3, 4)), 5).movedim(-1, 1).float()
    assert torch.equal(palette.expected(certain), palette.picture(certain.argmax(1)))


@pytest.mark.parametrize(
    ("colours", "told"),
    [
        ([[0, 0, 0]], "shape (1, 3)"),
        ([[0, 0], [1, 1]], "shape (2, 2)"),
        ([0, 0.5, 1], "shape (3,)"),
        ([[0, 0, 0], [0, 0, 1.01]], "RGB in [0, 1]"),
        ([[0, 0, 0], [0, 0, -0.01]], "RGB in [0, 1]"),
        ([[0, 0, 0], [0, 0, float("nan")]], "RGB in [0, 1]"),
        ([[0, 0, 0], [0, 0, float("inf")]], "RGB in [0, 1]"),
        ([["red", "green", "blue"]], "table of numbers"),
        ([[0, 0, 0], [1, 1]], "table of numbers"),
    ],
)
def test_what_is_no_palette(colours, told):
    with pytest.raises(UsageError) as error:
        Palette(colours)
    assert str(error.value).startswith("palette: ") and told in str(error.value)


def test_palette_keeps_its_own_colours():
    table = random_colours(3)
    palette = Palette(table)
    table[:] = 0
    assert palette.colours.max() > 0


# ------------------------------------------------------------------------------------------------ fit


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


def test_fit_without_clear_clusters_is_near_sklearns():
    # One start each, from other random numbers: local minima, but of about the same depth.
    pixels = np.random.default_rng(0).integers(0, 32, (4000, 3)).astype(np.uint8) * 8
    reference = KMeans(24, n_init=1, random_state=0).fit(pixels / 255)
    assert inertia(fit_palette(pixels, 24), pixels / 255) < 1.05 * reference.inertia_ / len(pixels)


def test_equal_fits_are_equal():
    pixels = np.random.default_rng(0).integers(0, 256, (3000, 3), dtype=np.uint8)
    assert np.array_equal(fit_palette(pixels, 8, seed=3), fit_palette(pixels.copy(), 8, seed=3))
    assert not np.array_equal(fit_palette(pixels, 8, seed=3), fit_palette(pixels, 8, seed=4))


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


def test_classes_run_from_dark_to_light():
    colours = fit_palette(np.random.default_rng(0).integers(0, 256, (3000, 3), dtype=np.uint8), 24)
    assert (np.diff(colours.sum(1)) > 0).all()


def test_as_many_colours_as_there_are():
    pixels = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9], [9, 0, 0]], np.uint8)
    assert np.allclose(fit_palette(pixels, 4) * 255, [[0, 0, 0], [0, 0, 9], [0, 9, 0], [9, 0, 0]], atol=1e-4)
    with pytest.raises(UsageError, match=r"^data\.palette=5: .* only 4 distinct colours$"):
        fit_palette(pixels, 5)


# ---------------------------------------------------------------------------------------------- cache


@pytest.fixture
def fits(monkeypatch):
    """How often a palette was fitted; counted in the arguments of each fit."""
    calls = []

    def counted(pixels, size, **options):
        calls.append((size, options))
        return fit_palette(pixels, size, **options)

    monkeypatch.setattr(module, "fit_palette", counted)
    return calls


def cached(folder, pixels=None, size=4, divisor=255.0, seed=0):
    pixels = blobs() if pixels is None else pixels
    return cached_palette(pixels, size, divisor=divisor, seed=seed, cache_dir=folder)


def test_second_call_does_not_fit(tmp_path, fits):
    first = cached(tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]  # and no half-written file
    assert np.array_equal(cached(tmp_path), first)
    assert fits == [(4, {"divisor": 255.0, "seed": 0})]
    np.testing.assert_array_equal(first, fit_palette(blobs(), 4))


def test_everything_that_decides_the_palette_names_its_file(tmp_path, fits):
    cached(tmp_path)
    cached(tmp_path, seed=1)
    cached(tmp_path, size=5)
    cached(tmp_path, divisor=256.0)
    cached(tmp_path, blobs(seed=1))
    changed = blobs()
    changed[-1, 2] ^= 1
    cached(tmp_path, changed)
    assert len(fits) == len(list(tmp_path.iterdir())) == 6
    cached(tmp_path, np.asfortranarray(blobs()))  # the same pixels, laid out otherwise
    assert len(fits) == 6


def test_read_only_folder_is_not_written_into(tmp_path, fits):
    folder = tmp_path / "lent"
    folder.mkdir(mode=0o555)
    expected = fit_palette(blobs(), 4)
    assert np.array_equal(cached(folder), expected)
    assert list(folder.iterdir()) == []
    folder.chmod(0o755)
    cached(folder)
    folder.chmod(0o555)
    assert np.array_equal(cached(folder), expected)  # what lies there is read
    assert len(fits) == 2
    folder.chmod(0o755)


def test_folder_is_made_for_the_first_palette(tmp_path, fits):
    first = cached(tmp_path / "new" / "folder")
    assert np.array_equal(cached(tmp_path / "new" / "folder"), first)
    assert len(fits) == 1


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch, fits):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for nowhere in (None, tmp_path / "file"):
        assert len(cached(nowhere)) == 4
    assert len(fits) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_time_of_the_fit_is_logged(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    cached(tmp_path)
    assert "Fitted a palette of 4 colours in" in caplog.text


# ---------------------------------------------------------------------------------------------- files

TABLE = np.array([[0, 0.25, 1], [0.125, 0.5, 0.0625], [1, 1, 1]])
CELLS = "0,0.25,1\n0.125, 0.5, 6.25e-2\n\n1,1,1\n"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_npy(tmp_path, dtype):
    np.save(tmp_path / "own.npy", TABLE.astype(dtype))
    colours = load_palette(str(tmp_path / "own.npy"))
    assert colours.dtype == np.float64
    np.testing.assert_array_equal(colours, TABLE)


@pytest.mark.parametrize("header", ["", "R,G,B\n", "red, green, blue\n", "\nr,g,b\n\n"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv(tmp_path, header, line_end):
    path = tmp_path / "own.csv"
    path.write_bytes((header + CELLS).replace("\n", line_end).encode())
    np.testing.assert_array_equal(load_palette(path), TABLE)


def test_csv_may_begin_with_a_small_number(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("1e-3,0,0\n0.5,0.5,0.5\n")
    np.testing.assert_array_equal(load_palette(path), [[0.001, 0, 0], [0.5, 0.5, 0.5]])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pickled.npy", np.array([[0.1, 0.2, {}], [0.1, 0.2, 0.3]], dtype=object)),
        ("shape.npy", np.zeros((4, 4))),
        ("flat.npy", np.zeros(6)),
        ("single.npy", np.zeros((1, 3))),
        ("bytes.npy", np.array([[0, 128, 255], [1, 2, 3]])),
        ("complex.npy", np.eye(3) + 0.1j),
        ("strings.npy", np.array([["0", "0", "0"], ["1", "1", "1"]])),
        ("flags.npy", np.eye(3) > 0),
        ("equal.npy", np.full((4, 3), 0.5)),
        ("many.npy", np.random.default_rng(0).random((257, 3))),
        ("negative.npy", np.full((2, 3), -0.5)),
        ("nan.npy", np.full((2, 3), np.nan)),
        ("text.npy", "0,0,0\n1,1,1\n"),
        ("empty.csv", ""),
        ("blank.csv", "\n\n"),
        ("header.csv", "R,G,B\n"),
        ("single.csv", "0,0,0\n"),
        ("narrow.csv", "0,0\n1,1\n"),
        ("ragged.csv", "0,0,0\n1,1\n"),
        ("wide.csv", "R,G,B,A\n0,0,0,1\n1,1,1,1\n"),
        ("equal.csv", "0,0,0\n1,1,1\n1,1,1.0\n"),
        ("nul.csv", "0,0,0\n1,1,\0\n"),
        ("words.csv", "R,G,B\n0,0,0\nred,0,0\n"),
        ("semicolons.csv", "0;0;0\n1;1;1\n"),
        ("bytes.csv", "0,128,255\n1,2,3\n"),
        ("nan.csv", "0,0,0\n0.5,nan,0.5\n"),
        ("binary.csv", b"\xff\xfe\x00"),
        ("own.txt", CELLS),
        ("own", CELLS),
    ],
)
def test_files_that_hold_no_palette(tmp_path, name, content):
    path = tmp_path / name
    if isinstance(content, np.ndarray):
        np.save(path, content)
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        load_palette(path)
    assert str(error.value).startswith(f"data.palette={path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a zip file"])
def test_npy_that_numpy_cannot_read(tmp_path, content):
    path = tmp_path / "broken.npy"
    path.write_bytes(content)
    with pytest.raises(InputError):
        load_palette(path)


@pytest.mark.parametrize("first", ["1E-3,0,0", "nan,0,0", "inf,0,0"])
def test_first_colour_of_a_csv_is_never_dropped(tmp_path, first):
    path = tmp_path / "own.csv"
    path.write_text(f"{first}\n0.5,0.5,0.5\n1,1,1\n")
    if first.startswith("1"):
        assert len(load_palette(path)) == 3
    else:
        with pytest.raises(InputError):
            load_palette(path)


def test_missing_file(tmp_path):
    for name in ("none.npy", "none.csv", "n" * 5000 + ".csv"):
        with pytest.raises(InputError, match=r": there is no such file$"):
            load_palette(tmp_path / name)
