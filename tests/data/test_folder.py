"""A folder of pictures: what is read as what, the split, and its errors."""

from __future__ import annotations

import os
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
    train, val, test, _ = data(tmp_path).load()
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
    answer = PaletteClasses()
    answer.prepare(source.palette)
    assert len(answer.fit(source.training)["colours"]) == 4
    assert sorted(tmp_path.rglob("*")) == before


def test_arguments_are_kept_as_plain_values(tmp_path: Path) -> None:
    assert data(tmp_path).hparams["root"] == str(tmp_path)


# --------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("root", [None, "", "???"])
def test_root_must_be_given(root: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.root: must name a folder"):
        FolderData(root=root)


@pytest.mark.parametrize("size", [0, -8, 7, 4097, 32.0, "32", None])
def test_size(size: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.size=.*: must be a whole number from 8 to 4096"):
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


def damaged(root: Path, *names: str) -> None:
    for name in names:
        (root / name).write_bytes(b"no picture")


def test_all_damaged_pictures_are_named_at_once(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for i in range(3):
            save(tmp_path / part / f"{i}.png")
    damaged(tmp_path, "train/1.png", "test/0.png")
    with pytest.raises(InputError) as error:
        data(tmp_path).load()
    found, named = str(error.value).splitlines()
    assert found.startswith(f"data.root={tmp_path}: 2 of 6 files cannot be read as pictures; data.skip_unreadable=true")
    assert named == "train/1.png (no picture format that is known), test/0.png (no picture format that is known)"


def test_of_many_damaged_pictures_ten_are_named(tmp_path: Path) -> None:
    damaged(tmp_path, *(f"{i:02d}.png" for i in range(13)))
    with pytest.raises(InputError) as error:
        data(tmp_path).load()
    named = str(error.value).splitlines()[1].split(", ")
    assert [name[:6] for name in named[:-1]] == [f"{i:02d}.png" for i in range(10)]
    assert named[-1] == "and 3 more"


def test_damaged_pictures_can_be_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    numbered(tmp_path, 20)
    damaged(tmp_path, "0/3.png", "1/4.png")
    train, _, test, _ = data(tmp_path, skip_unreadable=True).load()
    assert reds(train) | reds(test) == set(range(20)) - {3, 4}
    assert len(test) == 2
    (warning,) = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert all(word in warning for word in ("2 of 20 files", "0/3.png", "1/4.png"))


def test_what_is_not_read_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    numbered(tmp_path, 6)
    (tmp_path / "labels.csv").write_text("")
    Image.new("L", (9, 9)).save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("L", (9, 9), 9)])
    data(tmp_path).load()
    assert "1 without the extension of a picture format that is read, passed over: labels.csv" in caplog.text
    assert "of 1 files not all is read: a.gif (the first of 2)" in caplog.text


@pytest.mark.parametrize("part", ["", "test"])
def test_too_few_remain_of_damaged_ones(tmp_path: Path, part: str) -> None:
    save(tmp_path / "train" / "a.png") if part else numbered(tmp_path, 2)
    save(tmp_path / part / "x.png")
    damaged(tmp_path / part, "x.png")
    with pytest.raises(InputError, match=r"2 readable pictures; must|no readable pictures in the sub-folder test"):
        data(tmp_path, skip_unreadable=True).load()


def test_what_is_not_a_file_is_no_picture(tmp_path: Path) -> None:
    numbered(tmp_path, 3)
    os.mkfifo(tmp_path / "pipe.png")  # to open it would wait for a writer
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(
        InputError, match=r"2 of 5 files .*\nlost\.png \(No such file.*pipe\.png \(not a regular file\)"
    ):
        data(tmp_path).load()


# ------------------------------------------------------------------------------------- only for a test


def test_without_sub_folders_all_are_tested(tmp_path: Path) -> None:
    numbered(tmp_path, 7)
    source = data(tmp_path, only_tested=True)
    assert list(map(len, source.pictures)) == [0, 0, 7]
    assert reds(source.pictures.test) == set(range(7))
    assert source.pictures.train.shape == (0, 8, 8, 3)


def test_of_sub_folders_the_test_one_alone_is_read(tmp_path: Path) -> None:
    save(tmp_path / "test" / "a.png")
    save(tmp_path / "val" / "a.png")
    damaged(tmp_path, "val/a.png")
    source = data(tmp_path, only_tested=True)
    assert list(map(len, source.pictures)) == [0, 0, 1]


def test_one_picture_is_enough_for_a_test(tmp_path: Path) -> None:
    source = data(tmp_path, only_tested=True)
    with pytest.raises(InputError, match="0 pictures; must hold at least 1 "):
        source.load()
    save(tmp_path / "a.png")
    assert len(source.load().test) == 1


@pytest.mark.parametrize("key", ["skip_unreadable", "reshuffle"])
def test_flags(tmp_path: Path, key: str) -> None:
    with pytest.raises(UsageError, match=rf"data\.{key}=2: must be true or false"):
        data(tmp_path, **{key: 2})


@pytest.mark.parametrize("root", [True, ["a"], "~nobody-of-this-name/x"])
def test_root_is_a_path(root: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.root=.*: must name a folder"):
        FolderData(root=root)


def test_more_pictures_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbered(tmp_path, 3)
    monkeypatch.setattr("os.sysconf", lambda name: 10)  # 100 bytes
    with pytest.raises(UsageError, match=r"data\.size=8: 3 pictures of 8×8 pixels take"):
        data(tmp_path).load()
