"""Generated pictures, palettes, caches and settings, whole and damaged, are read or refused in one or two lines.

No other error, no hang, and no code of a file is run.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from PIL import Image
from torture.generating import Trap, check_message, counted, damaged, trap, trying, values  # noqa: F401

from colourize.colour.palette import load_palette
from colourize.data.cifar10 import CIFAR10Data, cache_path, read_cache
from colourize.data.folder import FolderData
from colourize.data.picture_files import middle_square, open_photograph
from colourize.data.synthetic import SyntheticData
from colourize.errors import InputError, UsageError

pytestmark = pytest.mark.slow

FORMATS = {  # and modes that they can be written with
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), "JPEG": ("L", "RGB", "CMYK"), "GIF": ("L", "P", "RGB"),
    "BMP": ("1", "L", "P", "RGB"), "WEBP": ("RGB", "RGBA"), "PPM": ("1", "L", "RGB", "I;16"), "ICO": ("RGBA",),
    "TIFF": ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "F", "LAB"), "TGA": ("L", "RGB", "RGBA"), "SGI": ("L", "RGB"),
}  # fmt: skip


@st.composite
def picture_files(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()) and draw(st.booleans()):
        return draw(st.binary(max_size=200))
    kind = draw(st.sampled_from(sorted(FORMATS)))
    mode = draw(st.sampled_from(FORMATS[kind]))
    size = draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    picture = Image.new(mode, size, draw(st.integers(0, 255)) if len(mode) == 1 or mode == "I;16" else 0)
    more: dict[str, Any] = {}
    if kind in ("JPEG", "PNG", "TIFF", "WEBP") and draw(st.booleans()):
        exif = Image.Exif()
        exif[0x0112] = draw(st.integers(0, 9))  # orientation, also those that there are not
        more["exif"] = exif
    if kind == "GIF" and draw(st.booleans()):
        more |= {"save_all": True, "append_images": [picture.copy()], "transparency": 0}
    file = io.BytesIO()
    picture.save(file, kind, **more)
    return draw(damaged(file.getvalue()))


def read_or_refused(read: Callable[[Path], Any], path: Path) -> Any:
    """What a reader returns of a file, or None where it refuses the file as it should."""
    try:
        return read(path)
    except InputError as error:
        check_message(error)
        assert str(path) in str(error)
        return None


@trying(content=picture_files(), extension=st.sampled_from(["png", "jpg", "gif", "tif", "webp", "bmp"]))
def test_pictures(content: bytes, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{extension}"
    path.write_bytes(content)
    photograph = read_or_refused(lambda path: open_photograph(path, 16), path)
    if photograph is not None:
        picture = photograph.over_white()
        assert picture.mode == "RGB" and middle_square(picture, 8).shape == (8, 8, 3)


@trying(contents=st.lists(picture_files(), max_size=6), skip=st.booleans(), tested=st.booleans())
def test_folders(contents: list[bytes], skip: bool, tested: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("folder")
    for number, content in enumerate(contents):
        (root / f"{number}.png").write_bytes(content)
    options: dict[str, Any] = {"size": 8, "skip_unreadable": skip, "only_tested": tested}
    pictures = read_or_refused(lambda root: FolderData(root=root, **options).load(), root)
    if pictures is not None:
        count = len(pictures.train) + len(pictures.test)
        assert count <= len(contents) if skip else count == len(contents)
        assert len(pictures.test) > 0 and (tested or len(pictures.train) > 0)


def check_palette(path: Path) -> None:
    colours = read_or_refused(load_palette, path)
    if colours is not None:
        assert colours.dtype == np.float64 and colours.ndim == 2 and colours.shape[1] == 3 and 2 <= len(colours) <= 256
        assert colours.min() >= 0 and colours.max() <= 1  # and so no NaN
        assert len({tuple(colour) for colour in colours.tolist()}) == len(colours)


shapes = st.one_of(st.tuples(st.integers(0, 5), st.just(3)), arrays_of.array_shapes(min_dims=0, max_dims=3, max_side=4))
dtypes = st.one_of(
    st.just(np.dtype(np.float64)), arrays_of.scalar_dtypes(), arrays_of.array_dtypes(max_size=2),
    arrays_of.unicode_string_dtypes(max_len=3),
)  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    if draw(st.booleans()):
        return draw(arrays_of.arrays(np.float64, st.tuples(st.integers(2, 5), st.just(3)), elements=st.floats(0, 1)))
    return draw(arrays_of.arrays(draw(dtypes), draw(shapes)))


@trying(table=st.one_of(tables(), st.builds(lambda: np.array([Trap()]))), data=st.data())
def test_palettes(table: np.ndarray, data: st.DataObject, tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, table, allow_pickle=True)
    path = tmp_path / "own.npy"
    path.write_bytes(data.draw(damaged(file.getvalue())))
    check_palette(path)


cells = st.one_of(st.floats(0, 1).map(repr), st.floats().map(repr), st.integers().map(str), st.text(max_size=4))
lines = st.one_of(st.lists(cells, min_size=3, max_size=3), st.lists(cells, max_size=5)).map(",".join)


@trying(content=st.one_of(st.lists(lines, max_size=6).map("\n".join), st.binary(max_size=60)))
def test_palette_tables(content: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    check_palette(path)


@st.composite
def parts(draw: st.DrawFn) -> np.ndarray:
    if draw(st.booleans()):
        return np.full((draw(st.integers(0, 3)), 32, 32, 3), draw(st.integers(0, 255)), np.uint8)
    if draw(st.integers(0, 9)) == 0:
        return np.array([Trap()])
    return draw(arrays_of.arrays(draw(dtypes), draw(shapes)))


@trying(
    contents=st.dictionaries(st.sampled_from(["train", "test", "other"]), parts(), max_size=3),
    packed=st.booleans(), data=st.data(),
)  # fmt: skip
def test_caches(contents: dict[str, np.ndarray], packed: bool, data: st.DataObject, tmp_path: Path) -> None:
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, **contents)
    path = cache_path(tmp_path, "horse")
    path.write_bytes(data.draw(damaged(file.getvalue())))
    for part in read_or_refused(read_cache, path) or ():
        assert part.dtype == np.uint8 and part.shape[1:] == (32, 32, 3) and len(part)


COMMON = (
    "root", "batch_size", "eval_batch_size", "protocol", "divisor", "validation", "palette", "reshuffle", "seed",
    "eval_seed", "epoch_size",
)  # fmt: skip
KEYS: dict[type[Any], tuple[str, ...]] = {
    SyntheticData: (*COMMON, "num_train", "num_val", "num_test", "size", "drawing_seed"),
    FolderData: (*COMMON, "size", "test_fraction", "split_seed", "skip_unreadable", "num_train", "subset_seed"),
    CIFAR10Data: (*COMMON, "category", "mirror", "num_train", "subset_seed", "extra_categories", "extra_share"),
}


@trying(data=st.data(), source=st.sampled_from(sorted(KEYS, key=str)))
def test_settings(data: st.DataObject, source: type[Any], tmp_path: Path) -> None:
    key, value = data.draw(st.sampled_from(KEYS[source])), data.draw(values)
    try:
        source(**{"root": str(tmp_path), key: value})
    except UsageError as error:
        assert str(error).startswith(f"data.{key}")
