"""A folder of pictures: what is read as what, the split, and its errors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colourize.answers import PaletteClasses
from colourize.data.folder import FolderData
from colourize.errors import InputError

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def save(path: Path, colour: tuple[int, ...] = RED, size: tuple[int, int] = (40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def data(root: Path, **options: Any) -> FolderData:
    return FolderData(root=root, size=8, batch_size=1, **options)


def test_sub_folders(tmp_path):
    save(tmp_path / "train" / "b.png", RED)
    save(tmp_path / "train" / "a" / "deep" / "z.png", GREEN)
    save(tmp_path / "val" / "a.png", BLUE)
    save(tmp_path / "test" / "a.png", WHITE)
    save(tmp_path / "beside.png", BLUE)
    train, val, test, _ = data(tmp_path).load()
    assert train[:, 0, 0].tolist() == [list(GREEN), list(RED)]  # sorted by path
    assert val is not None and val[:, 0, 0].tolist() == [list(BLUE)]
    assert test[:, 0, 0].tolist() == [list(WHITE)]
    (tmp_path / "val" / "a.png").unlink()
    (tmp_path / "val").rmdir()
    assert data(tmp_path).load().val is None


def numbered(root: Path, count: int) -> None:
    """Pictures whose red tells them apart."""
    for i in range(count):
        save(root / f"{i % 3}" / f"{i}.png", (i, 0, 0), (8, 8))


def reds(pictures: np.ndarray) -> set[int]:
    return set(pictures[:, 0, 0, 0].tolist())


def test_split_is_fixed_complete_and_disjoint(tmp_path):
    numbered(tmp_path, 60)
    first = data(tmp_path, seed=1).load()
    again = data(tmp_path, seed=2, protocol="course").load()
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.test, again.test)
    assert (len(first.train), first.val, len(first.test)) == (54, None, 6)
    assert reds(first.train) | reds(first.test) == set(range(60))
    source, before = data(tmp_path, palette=4), sorted(tmp_path.rglob("*"))
    answer = PaletteClasses()
    answer.prepare(source.palette)
    assert len(answer.fit(source.training)["colours"]) == 4
    assert sorted(tmp_path.rglob("*")) == before  # nothing is written beside the pictures
    assert source.hparams["root"] == str(tmp_path)


def test_split_hardly_changes_when_files_are_added(tmp_path):
    numbered(tmp_path, 60)
    before = reds(data(tmp_path, test_fraction=0.3).load().test)
    numbered(tmp_path, 65)
    after = reds(data(tmp_path, test_fraction=0.3).load().test)
    assert len(before - after) <= 5
    assert len(before & after) >= 13


@pytest.mark.parametrize(("count", "fraction", "test"), [(3, 0.1, 1), (3, 0.9, 1), (10, 0.5, 5), (10, 0.01, 1)])
def test_test_fraction(tmp_path, count, fraction, test):
    numbered(tmp_path, count)
    pictures = data(tmp_path, test_fraction=fraction).load()
    assert (len(pictures.train), len(pictures.test)) == (count - test, test)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (None, ["there is no such folder"]),
        *(([f"{i}.png" for i in range(n)], [f"{n} pictures", "at least 3", "train and test"]) for n in (0, 2)),
        (["train/a.png"], ["has train but no test", "train and test"]),
        (["val/a.png"], ["has val but no train"]),
        (["train/a.png", "val/a.png", "test/a.txt"], ["no pictures in the sub-folder test"]),
        (["train/a.png", "val/a.txt", "test/a.png"], ["no pictures in the sub-folder val"]),
    ],
)
def test_folders_that_are_refused(files, words, tmp_path):
    root = tmp_path / "root"
    for file in files or ():
        save((root / file).with_suffix(".png")).rename(root / file)
    if files is not None:
        root.mkdir(exist_ok=True)
    with pytest.raises(InputError) as error:
        data(root).load()
    text = str(error.value)
    assert "\n" not in text and all(word in text for word in (str(root), *words)), text


def damaged(root: Path, *names: str) -> None:
    for name in names:
        (root / name).write_bytes(b"no picture")


def test_damaged_pictures_can_be_skipped(tmp_path, caplog):
    numbered(tmp_path, 20)
    damaged(tmp_path, "0/3.png", "1/4.png")
    (tmp_path / "labels.csv").write_text("")
    Image.new("L", (9, 9)).save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("L", (9, 9), 9)])
    train, _, test, _ = data(tmp_path, skip_unreadable=True).load()
    assert reds(train) | reds(test) == set(range(20)) - {3, 4} and len(test) == 2
    for words in ("2 of 21 files cannot be read", "0/3.png (no picture", "1/4.png (no", "passed over: labels.csv",
                  "of 1 files not all is read: a.gif (the first of 2)"):  # fmt: skip
        assert words in caplog.text
    damaged(tmp_path, *(f"1/{number:02d}.png" for number in range(13)))
    with pytest.raises(InputError, match=r"^data\.root=.*: 15 of 33 files .*\n.*1/08\.png \(no [^,]*, and 5 more$"):
        data(tmp_path).load()
    damaged(tmp_path, "a.gif", *(f"{number % 3}/{number}.png" for number in range(18)))
    with pytest.raises(InputError, match="2 readable pictures; must"):
        data(tmp_path, skip_unreadable=True).load()


def test_what_is_not_a_file_is_no_picture(tmp_path):
    numbered(tmp_path, 3)
    os.mkfifo(tmp_path / "pipe.png")  # to open it would wait for a writer
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(
        InputError, match=r"2 of 5 files .*\nlost\.png \(No such file.*pipe\.png \(not a regular file\)"
    ):
        data(tmp_path).load()


def test_what_is_only_tested(tmp_path):
    """All pictures, or those of the sub-folder test; one is enough."""
    source = data(tmp_path, only_tested=True)
    with pytest.raises(InputError, match="0 pictures; must hold at least 1 "):
        source.load()
    numbered(tmp_path, 7)
    assert list(map(len, source.pictures)) == [0, 0, 7] and reds(source.pictures.test) == set(range(7))
    assert source.pictures.train.shape == (0, 8, 8, 3)
    save(tmp_path / "test" / "a.png")
    save(tmp_path / "val" / "a.png").write_bytes(b"no picture")
    assert list(map(len, data(tmp_path, only_tested=True).pictures)) == [0, 0, 1]
