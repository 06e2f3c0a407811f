"""A folder of pictures: what is read as what, the split, and its errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colourize.answers import PaletteClasses
from colourize.data import folder
from colourize.data.folder import FolderData
from colourize.errors import InputError, UsageError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def save(path: Path, colour: tuple[int, ...] = RED, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def data(root: Path, **options: Any) -> FolderData:
    return FolderData(root=root, size=8, batch_size=1, **options)


# ---------------------------------------------------------------------------------------------- parts


def test_pictures_are_opened_and_made_into_squares(tmp_path: Path) -> None:
    wide = np.zeros((16, 40, 3), np.uint8)
    wide[:, 12:28] = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8).repeat(2, 0).repeat(2, 1)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide[:, 12:28]).save(tmp_path / "square.png")
    turned = Image.Exif()
    turned[0x0112] = 3
    Image.fromarray(wide[::-1, ::-1].copy()).save(tmp_path / "turned.png", exif=turned)
    pictures = data(tmp_path).load()
    everything = np.concatenate([pictures.train, pictures.test])
    expected = np.asarray(Image.fromarray(wide[:, 12:28]).resize((8, 8), Image.Resampling.LANCZOS)).astype(int)
    assert everything.shape == (3, 8, 8, 3) and everything.dtype == np.uint8
    # The black beside the square lies within the filter's reach, but not within the square.
    assert np.abs(everything[:, :, 2:-2] - expected[:, 2:-2]).max() <= 3


def test_sub_folders(tmp_path: Path) -> None:
    save(tmp_path / "train" / "b.png", RED)
    save(tmp_path / "train" / "a" / "deep" / "z.png", GREEN)
    save(tmp_path / "val" / "a.png", BLUE)
    save(tmp_path / "test" / "a.png", WHITE)
    save(tmp_path / "beside.png", BLUE)
    train, val, test = data(tmp_path).load()
    assert train[:, 0, 0].tolist() == [list(GREEN), list(RED)]  # sorted by path
    assert val is not None and val[:, 0, 0].tolist() == [list(BLUE)]
    assert test[:, 0, 0].tolist() == [list(WHITE)]


def test_val_may_be_missing(tmp_path: Path) -> None:
    for i in range(10):
        save(tmp_path / "train" / f"{i}.png")
    save(tmp_path / "test" / "a.png")
    assert data(tmp_path).load().val is None
    assert [len(part) for part in data(tmp_path).pictures if part is not None] == [9, 1, 1]


def numbered(root: Path, count: int) -> None:
    """Pictures whose red tells them apart."""
    for i in range(count):
        save(root / f"{i % 3}" / f"{i}.png", (i, 0, 0), (8, 8))


def reds(pictures: np.ndarray) -> set[int]:
    return set(pictures[:, 0, 0, 0].tolist())


def test_split_is_fixed_complete_and_disjoint(tmp_path: Path) -> None:
    numbered(tmp_path, 60)
    first = data(tmp_path, seed=1).load()
    again = data(tmp_path, seed=2, protocol="course").load()
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.test, again.test)
    assert (len(first.train), first.val, len(first.test)) == (54, None, 6)
    assert reds(first.train) | reds(first.test) == set(range(60))


def test_split_hardly_changes_when_files_are_added(tmp_path: Path) -> None:
    numbered(tmp_path, 60)
    before = reds(data(tmp_path, test_fraction=0.3).load().test)
    numbered(tmp_path, 65)
    after = reds(data(tmp_path, test_fraction=0.3).load().test)
    assert len(before - after) <= 5
    assert len(before & after) >= 13


@pytest.mark.parametrize(("count", "fraction", "test"), [(3, 0.1, 1), (3, 0.9, 1), (10, 0.5, 5), (10, 0.01, 1)])
def test_test_fraction(tmp_path: Path, count: int, fraction: float, test: int) -> None:
    numbered(tmp_path, count)
    pictures = data(tmp_path, test_fraction=fraction).load()
    assert (len(pictures.train), len(pictures.test)) == (count - test, test)


def test_progress_is_shown_for_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    numbered(tmp_path, 12)
    quiet = data(tmp_path).load()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(folder, "PROGRESS_FROM", 5)
    np.testing.assert_array_equal(data(tmp_path).load().train, quiet.train)
    shown = capsys.readouterr()
    assert "Reading pictures" in shown.err
    assert shown.out == ""


def test_nothing_is_written_beside_the_pictures(tmp_path: Path) -> None:
    numbered(tmp_path, 12)
    source = data(tmp_path, palette=4)
    before = sorted(tmp_path.rglob("*"))
    assert len(PaletteClasses().fit(source.training)["colours"]) == 4
    assert sorted(tmp_path.rglob("*")) == before


def test_arguments_are_kept_as_plain_values(tmp_path: Path) -> None:
    assert data(tmp_path).hparams["root"] == str(tmp_path)


# --------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("root", [None, "", "???"])
def test_root_must_be_given(root: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.root: must name a folder"):
        FolderData(root=root)


@pytest.mark.parametrize("size", [0, -8, 7, 32.0, "32", None])
def test_size(size: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.size=.*: must be a whole number of at least 8"):
        FolderData(root="pictures", size=size)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, "0.1", None, float("nan")])
def test_fraction(fraction: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.test_fraction=.*: must be above 0 and below 1"):
        FolderData(root="pictures", test_fraction=fraction)


def check_refused(root: Path, *words: str) -> None:
    with pytest.raises(InputError) as error:
        data(root).load()
    text = str(error.value)
    assert "\n" not in text
    assert all(word in text for word in (str(root), *words)), text


def test_missing_folder(tmp_path: Path) -> None:
    check_refused(tmp_path / "none", "there is no such folder")
    check_refused(save(tmp_path / "a.png"), "there is no such folder")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_pictures(tmp_path: Path, count: int) -> None:
    numbered(tmp_path, count)
    check_refused(tmp_path, f"{count} pictures", "at least 3", "train and test")


@pytest.mark.parametrize(("there", "missing"), [("train", "test"), ("test", "train"), ("val", "train")])
def test_missing_sub_folder(tmp_path: Path, there: str, missing: str) -> None:
    save(tmp_path / there / "a.png")
    check_refused(tmp_path, f"has {there} but no {missing}", "train and test")


@pytest.mark.parametrize("empty", ["train", "val", "test"])
def test_empty_sub_folder(tmp_path: Path, empty: str) -> None:
    for name in ("train", "val", "test"):
        save(tmp_path / name / ("a.txt.png" if name != empty else "a.png"))
    (tmp_path / empty / "a.png").unlink()
    check_refused(tmp_path, f"no pictures in the sub-folder {empty}")


def test_a_damaged_picture_is_named_when_loading(tmp_path: Path) -> None:
    numbered(tmp_path, 5)
    (tmp_path / "0" / "3.png").write_bytes(b"")
    check_refused(tmp_path, "3.png", "cannot be read as a picture")
