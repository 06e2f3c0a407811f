"""Which pictures are taken, and where results go: beside them, into a folder, into a file; refused before anything;
results are written whole, in the format of their names, and with nothing of the files they came from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colourize.data.picture_files import Photograph
from colourize.errors import ColourizeError, InputError
from colourize.prediction.places import plan, save_result

RED, GREY = (255, 0, 0), Image.new("RGB", (3, 2), "grey")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("photo.jpg", "photos/a.jpg", "photos/b.PNG", "photos/deep/a.jpg", "photos/notes.txt"):
        touch(name)
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"")


def planned(asked: Any, output: Any = None, ending: str = "png", overwrite: bool = False) -> list[tuple[str, str]]:
    places = plan(asked, output, "coloured", ending, overwrite=overwrite)
    return [(place.source.as_posix(), place.result.as_posix()) for place in places]


@pytest.mark.parametrize(
    ("asked", "output", "expected"),
    [
        ("photo.jpg", None, [("photo.jpg", "photo-coloured.png")]),
        ("photo.jpg", "x/out.webp", [("photo.jpg", "x/out.webp")]),
        ("photo.jpg", "x", [("photo.jpg", "x/photo.png")]),
        ("photo.jpg", "x.d/", [("photo.jpg", "x.d/photo.png")]),
        ("photo.jpg", "photos", [("photo.jpg", "photos/photo.png")]),
        (
            "photos",
            "x",
            [("photos/a.jpg", "x/a.png"), ("photos/b.PNG", "x/b.png"), ("photos/deep/a.jpg", "x/deep/a.png")],
        ),
        ("photos/*.jpg", None, [("photos/a.jpg", "photos/a-coloured.png")]),
        (["photo.jpg", "photo.png"], "x", [("photo.jpg", "x/photo.jpg.png"), ("photo.png", "x/photo.png.png")]),
        ("**/a.jpg", "x", [("photos/a.jpg", "x/photos/a.png"), ("photos/deep/a.jpg", "x/photos/deep/a.png")]),
        (["photo.jpg", "photo.jpg", "photos/a.jpg"], "x", [("photo.jpg", "x/photo.png"), ("photos/a.jpg", "x/a.png")]),
    ],
)
def test_places(asked: Any, output: Any, expected: list[tuple[str, str]], here: Path) -> None:
    touch("photo.png")
    assert planned(asked, output) == expected


def test_results_are_no_pictures_of_the_next_call(here: Path) -> None:
    touch("photos/a-coloured.png", "photos/b-coloured.jpg")
    sources = [source for source, _ in planned("photos", overwrite=True)]
    assert sources == ["photos/a.jpg", "photos/b.PNG", "photos/deep/a.jpg"]
    touch("photos/out/a.png")
    assert "photos/out/a.png" not in [source for source, _ in planned("photos", "photos/out", overwrite=True)]
    assert planned("photos/a-coloured.png") == [("photos/a-coloured.png", "photos/a-coloured-coloured.png")]


@pytest.mark.parametrize(
    ("asked", "output", "message"),
    [
        ("no.jpg", None, "input=no.jpg: there is no such file or folder"),
        ("no*.jpg", None, r"input=no\*.jpg: no picture lies there"),
        ("photos", "x.png", r"output=x.png: is one file for 3 pictures; must be a folder"),
        ("photo.jpg", "x.gif", "output=x.gif: must end with one of png, jpg"),
        ("photo.jpg", "photo.jpg", "output=photo.jpg: is the picture itself"),
        ("photos", "photos", "output=photos: is the folder of the pictures"),
        (["photos/a.jpg", "photos/deep/a.jpg"], "x", "output: .*a.jpg.png would be the result of several pictures"),
        ("photo.jpg", "old.png", "output=old.png: is there already; overwrite=true replaces it"),
    ],
)
def test_what_is_refused(asked: Any, output: Any, message: str, here: Path) -> None:
    touch("old.png")
    with pytest.raises(ColourizeError, match=f"^{message}"):
        planned(asked, output)


def test_existing_results_are_replaced_only_with_overwrite(here: Path) -> None:
    touch("photos/a-coloured.png", "photos/b-coloured.png")
    with pytest.raises(ColourizeError, match=r"a-coloured\.png: is there already \(and 1 more\)"):
        planned("photos")
    assert len(planned("photos", overwrite=True)) == 3
    with pytest.raises(ColourizeError, match="is the picture itself"):  # never
        planned("photo.jpg", "photo.jpg", overwrite=True)


@pytest.mark.parametrize("ending", ["png", "jpg", "JPEG", "webp", "tif", "tiff"])
def test_formats(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{ending}"
    flat = save_result(Photograph(GREY, Image.new("L", (3, 2), 51)), Image.new("RGB", (9, 7), RED), path)
    image = Image.open(path)
    assert flat == (ending.lower() in ("jpg", "jpeg"))
    colour = (255, 204, 204) if flat else (*RED, 51)
    np.testing.assert_allclose(np.asarray(image).astype(int), np.broadcast_to(colour, (7, 9, len(colour))), atol=3)
    assert not image.getexif() or ending.startswith("tif")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_format_that_cannot_hold_it_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(b"old")
    with pytest.raises(InputError, match=r"output=.*a\.webp: cannot be written"):
        save_result(Photograph(GREY), Image.new("RGB", (17000, 1)), tmp_path / "a.webp")
    assert (tmp_path / "a.webp").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
