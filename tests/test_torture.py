"""Generated pictures, palettes, caches, checkpoints and settings, whole and damaged: what is wrong is told, and nothing
else comes: no other error, no file left behind, no endless wait, and no code of a file is run.

COLOURIZE_TORTURE multiplies how many of each are tried; above 1 they are new ones every time. COLOURIZE_TRIED names a
file that is told how many were.
"""

from __future__ import annotations

import copy
import functools
import io
import json
import os
import pickle
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import console
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from PIL import Image

from colourize.checkpoints import data_from, read, task_from
from colourize.colour.palette import load_palette
from colourize.data.cifar10 import CIFAR10Data, cache_path, read_cache
from colourize.data.folder import FolderData
from colourize.data.picture_files import middle_square, open_picture
from colourize.data.synthetic import SyntheticData
from colourize.errors import ColourizeError, InputError, UsageError

TIMES = int(os.environ.get("COLOURIZE_TORTURE", "1"))
PATIENCE = 60  # seconds after which something hangs
tried: Counter[str] = Counter()


def trying(examples: int = 50, **strategies: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """A test of generated values: it counts them, and ends one that hangs."""

    def decorated(test: Any) -> Any:
        @functools.wraps(test)
        def timed(*arguments: Any, **values: Any) -> None:
            tried[test.__name__] += 1
            before = signal.signal(signal.SIGALRM, _hangs)
            signal.alarm(PATIENCE)
            try:
                test(*arguments, **values)
            finally:
                signal.alarm(0)
                signal.signal(signal.SIGALRM, before)

        checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
        thorough = settings(
            max_examples=examples * TIMES, deadline=None, derandomize=TIMES == 1, database=None,
            suppress_health_check=checks,
        )  # fmt: skip
        return thorough(given(**strategies)(timed))

    return decorated


def _hangs(*_: object) -> None:
    raise AssertionError(f"hangs for {PATIENCE} s")


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    yield
    if "COLOURIZE_TRIED" in os.environ:
        Path(os.environ["COLOURIZE_TRIED"]).write_text(json.dumps(tried))


class Trap:
    """Whoever unpickles it makes a file."""

    sprung: Path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (str(self.sprung), "w")


@pytest.fixture(scope="module", autouse=True)
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    Trap.sprung = tmp_path_factory.mktemp("trap") / "sprung"
    yield
    assert not Trap.sprung.exists()


FORMATS = {  # and modes that they can be written with
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"), "JPEG": ("L", "RGB", "CMYK"), "GIF": ("L", "P", "RGB"),
    "BMP": ("1", "L", "P", "RGB"), "WEBP": ("RGB", "RGBA"), "PPM": ("1", "L", "RGB", "I;16"), "ICO": ("RGBA",),
    "TIFF": ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "F", "LAB"), "TGA": ("L", "RGB", "RGBA"), "SGI": ("L", "RGB"),
}  # fmt: skip


def check_told(error: ColourizeError) -> None:
    lines = str(error).splitlines()
    assert 1 <= len(lines) <= 2 and all(lines), lines


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file's contents as they are, cut off, overwritten here and there, or with something put in."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)))
        match draw(st.sampled_from(["cut", "overwrite", "insert"])):
            case "cut":
                del content[place:]
            case "overwrite":
                piece = draw(st.binary(min_size=1, max_size=8))
                content[place : place + len(piece)] = piece
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=8))
    return bytes(content)


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


@trying(content=picture_files(), extension=st.sampled_from(["png", "jpg", "gif", "tif", "webp", "bmp"]))
def test_pictures(content: bytes, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{extension}"
    path.write_bytes(content)
    try:
        picture = open_picture(path, 16)
    except InputError as error:
        check_told(error)
        assert str(path) in str(error)
    else:
        assert picture.mode == "RGB"
        assert middle_square(picture, 8).shape == (8, 8, 3)


@trying(contents=st.lists(picture_files(), max_size=6), skip=st.booleans(), tested=st.booleans())
def test_folders(contents: list[bytes], skip: bool, tested: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("folder")
    for number, content in enumerate(contents):
        (root / f"{number}.png").write_bytes(content)
    data = FolderData(root=root, size=8, skip_unreadable=skip)
    data.only_tested = tested
    try:
        pictures = data.load()
    except InputError as error:
        check_told(error)
        assert str(root) in str(error)
    else:
        count = len(pictures.train) + len(pictures.test)
        assert count <= len(contents) if skip else count == len(contents)
        assert len(pictures.test) > 0 and (tested or len(pictures.train) > 0)


def check_palette(path: Path) -> None:
    try:
        colours = load_palette(path)
    except InputError as error:
        check_told(error)
        assert f"data.palette={path}" in str(error)
    else:
        assert colours.dtype == np.float64 and colours.ndim == 2 and colours.shape[1] == 3 and 2 <= len(colours) <= 256
        assert colours.min() >= 0 and colours.max() <= 1  # and so no NaN
        assert len({tuple(colour) for colour in colours.tolist()}) == len(colours)


shapes = st.one_of(st.tuples(st.integers(0, 5), st.just(3)), arrays_of.array_shapes(min_dims=0, max_dims=3, max_side=4))
dtypes = st.one_of(
    st.just(np.dtype(np.float64)),
    arrays_of.scalar_dtypes(),
    arrays_of.array_dtypes(max_size=2),
    arrays_of.unicode_string_dtypes(max_len=3),
)


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
    try:
        cache = read_cache(path)
    except InputError as error:
        check_told(error)
        assert str(path) in str(error)
    else:
        for part in cache:
            assert part.dtype == np.uint8 and part.shape[1:] == (32, 32, 3) and len(part)


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip
COMMON = (
    "root", "batch_size", "eval_batch_size", "protocol", "divisor", "validation", "palette", "reshuffle", "seed",
    "eval_seed",
)  # fmt: skip
KEYS: dict[type[Any], tuple[str, ...]] = {
    SyntheticData: (*COMMON, "num_train", "num_val", "num_test", "size", "drawing_seed"),
    FolderData: (*COMMON, "size", "test_fraction", "split_seed", "skip_unreadable"),
    CIFAR10Data: (*COMMON, "category", "mirror"),
}


@trying(data=st.data(), source=st.sampled_from(sorted(KEYS, key=str)))
def test_settings(data: st.DataObject, source: type[Any], tmp_path: Path) -> None:
    key, value = data.draw(st.sampled_from(KEYS[source])), data.draw(values)
    try:
        source(**{"root": str(tmp_path), key: value})
    except UsageError as error:
        assert str(error).startswith(f"data.{key}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = console.trained(tmp_path_factory.getbasetemp(), console.TASKS[0]).folder
    return folder / "checkpoints" / "best.ckpt"


NAMES = (
    "os.system", "subprocess.Popen", "builtins.eval", "torch.load", "torch.nn.Linear", "torch.optim.SGD",
    "colourize.models.UNet", "colourize.models.CNN", "colourize.data.synthetic.SyntheticData", "", "${oc.env:HOME}",
    "colourize.tasks.restoration.RestorationTask", "torch.nn.functional.torch.os.system",
)  # fmt: skip
others = st.one_of(
    values, st.sampled_from(NAMES), st.builds(Trap), st.builds(lambda name: {"_target_": name}, st.sampled_from(NAMES)),
    arrays_of.arrays(np.float32, arrays_of.array_shapes(max_dims=2, max_side=3)).map(torch.from_numpy),
)  # fmt: skip


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in nested contents: what holds it, and its key."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from places(node[key])


def check_checkpoint(path: Path) -> None:
    try:
        contents = read(path)
        task_from(contents, path)
        data_from(contents, path)
    except ColourizeError as error:
        check_told(error)
        assert isinstance(error, UsageError) or f"checkpoint={path}" in str(error)


@trying(data=st.data())
def test_checkpoints(data: st.DataObject, whole: Path, tmp_path: Path) -> None:
    """Something else stands where it was, or nothing."""
    contents = copy.deepcopy(torch.load(whole, weights_only=True))
    for part in ("callbacks", "loops", "optimizer_states", "lr_schedulers", "training_state", "events"):
        contents.pop(part, None)  # those belong to a run that goes on
    for _ in range(data.draw(st.integers(1, 3))):
        node, key = data.draw(st.sampled_from(list(places(contents))))
        if isinstance(node, dict) and key in node and data.draw(st.integers(0, 4)) == 0:
            del node[key]
        elif not isinstance(node, dict) or key in node:
            node[key] = data.draw(others)
    path = tmp_path / "other.ckpt"
    torch.save(contents, path)
    check_checkpoint(path)


@trying(data=st.data(), kind=st.sampled_from(["checkpoint", "pickle", "trap"]))
def test_damaged_checkpoints(data: st.DataObject, kind: str, whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes() if kind == "checkpoint" else pickle.dumps(Trap() if kind == "trap" else {"a": 1})
    path = tmp_path / "other.ckpt"
    path.write_bytes(data.draw(damaged(content)))
    check_checkpoint(path)


TYPED = (
    "data.batch_size", "data.num_train", "data.num_val", "data.size", "data.palette", "data.protocol", "data.divisor",
    "data.validation", "data.root", "model", "model.num_filters", "model.kernel_size", "model._target_", "task",
    "task.optimizer.lr", "task.degradation._target_", "optimizer", "lr_scheduler", "loss", "augmentation", "measures", "trainer", "trainer.max_epochs", "trainer.precision", "trainer.accelerator", "trainer.devices",
    "trainer.limit_val_batches", "seed", "checkpoint", "resume", "callbacks.samples.num_pictures", "callbacks.finite",
    "callbacks.checkpoints.monitor", "callbacks.checkpoints.every_n_steps", "hydra.run.dir", "experiment", "launcher",
    "nobody", "+trainer.nobody", "~data", "~callbacks.progress", "+model.nobody", "data.nobody",
)  # fmt: skip
# No surrogates, which no command line has, and no NUL.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.one_of(
    st.text(letters, max_size=6), st.integers().map(str), st.floats().map(repr), st.sampled_from(NAMES),
    st.sampled_from([
        "null", "true", "[]", "{}", "[1,2]", "{a:1}", "'", '"', "\\", "${", "${seed}", "${nobody}", "${oc.env:NOBODY}",
        "???", "a b", "~", "/", "..", "0", "-1", "1e999", "nan", "a,b", "1,2", "range(0,2)", "glob(*)", "x" * 300,
    ]),
)  # fmt: skip


@pytest.mark.slow
@trying(20, key=st.sampled_from(TYPED), word=words, door=st.sampled_from(["train", "train", "evaluate", "study"]))
def test_command_lines(key: str, word: str, door: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A run whose training would begin is good; any other ends with one or two lines, and leaves nothing."""
    here = tmp_path_factory.mktemp("here")
    given = [*console.TINY, "trainer.max_epochs=1", "trainer.enable_progress_bar=false"] if door == "train" else []
    typed = f"{key}={word}" if not key.startswith("~") else key
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lightning.Trainer.fit", _begins)
        try:
            outcome = console.run(door, [*given, typed], here)
        except BeginsError:
            outcome = None
    if outcome is not None and outcome.code:
        lines = outcome.stderr.splitlines()
        assert outcome.code in (1, 2) and 1 <= len(lines) <= 2 and lines[0].startswith("error: "), (typed, outcome)
        assert "Traceback" not in outcome.stdout + outcome.stderr
        assert outcome.left == [], (typed, outcome.left)
    shutil.rmtree(here)


class BeginsError(Exception):
    """A training begins."""


def _begins(*_: object, **__: object) -> None:
    raise BeginsError
