"""CIFAR-10 from caches and from a small archive in its own format; nothing here leaves the machine."""

from __future__ import annotations

import functools
import http.server
import io
import os
import socket
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import extract_archive
from torture.archives import Archive, make_archive, md5

from colourize.data import cifar10
from colourize.data.cifar10 import ARCHIVE, CATEGORIES, CIFAR10Data, cache_path
from colourize.errors import InputError, UsageError

CACHES = {f"cifar10-{category}.npz" for category in CATEGORIES}
LOCK = ".cifar10.lock"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    return make_archive(tmp_path_factory.mktemp("host"), 40)


@pytest.fixture
def tiny(made, monkeypatch):
    """The small archive, with torchvision's MD5 checks at work on it."""
    for name, value in made.attributes.items():
        monkeypatch.setattr(CIFAR10, name, value)
    monkeypatch.setenv("no_proxy", "*")
    return made


class Requests(list):  # type: ignore[type-arg]
    """The paths that were requested, and the host's URL."""

    url: str


@pytest.fixture
def host(tiny):
    requests = Requests()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            requests.append(self.path)

    handler = functools.partial(Handler, directory=str(tiny.path.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    requests.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield requests
    server.shutdown()
    thread.join()
    server.server_close()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def check_content(tiny: Archive, root: Path, *categories: str) -> None:
    for category in categories:
        pictures = CIFAR10Data(root=root, category=category).load()
        assert pictures.train.dtype == pictures.test.dtype == np.uint8 and pictures.val is None
        own = tiny.labels == CATEGORIES.index(category)
        np.testing.assert_array_equal(pictures.train, tiny.pictures[:5][own[:5]])
        np.testing.assert_array_equal(pictures.test, tiny.pictures[5][own[5]])


def test_placed_archive_makes_all_caches_and_stays(tiny, tmp_path):
    (tmp_path / ARCHIVE).write_bytes(tiny.path.read_bytes())
    data = CIFAR10Data(root=tmp_path)
    data.prepare_data()
    assert names(tmp_path) == CACHES | {ARCHIVE, LOCK}
    (tmp_path / ARCHIVE).unlink()  # no load needs it any more
    check_content(tiny, tmp_path, *CATEGORIES)


@pytest.mark.parametrize("whole", [True, False])
def test_file_mirror(tiny, tmp_path, whole):
    root = tmp_path / "a" / "b"
    CIFAR10Data(root=root, mirror=(tiny.path if whole else tiny.path.parent).as_uri()).prepare_data()
    check_content(tiny, root, "horse")
    assert names(root) == CACHES | {LOCK} and tiny.path.exists()


def test_download(tiny, host, tmp_path):
    before = socket.getdefaulttimeout()
    data = CIFAR10Data(root=tmp_path, mirror=host.url + "/")
    for _ in range(2):
        data.prepare_data()
    assert set(host) == {"/" + ARCHIVE}
    assert names(tmp_path) == CACHES | {LOCK}
    assert socket.getdefaulttimeout() == before
    check_content(tiny, tmp_path, "horse", "airplane", "truck")


def test_batches_extracted_by_torchvision_are_used_and_stay(tiny, tmp_path):
    extract_archive(str(tiny.path), str(tmp_path))
    own = np.zeros((2, 32, 32, 3), np.uint8)
    np.savez(cache_path(tmp_path, "cat"), train=own, test=own)
    check_content(tiny, tmp_path, "deer")
    assert len(CIFAR10Data(root=tmp_path, category="cat").load().train) == 2  # an existing cache stays as it is
    assert names(tmp_path) == CACHES | {LOCK, CIFAR10.base_folder}


@pytest.fixture
def caches(tmp_path):
    """Three categories of 2, 3 and 4 training pictures and one test picture each."""
    for i, category in enumerate(("horse", "deer", "cat")):
        train = np.full((2 + i, 32, 32, 3), i, np.uint8)
        np.savez(cache_path(tmp_path, category), train=train, test=train[:1])
    return tmp_path


def test_loading_needs_neither_torchvision_nor_a_lock_nor_a_writable_folder(caches, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    monkeypatch.setattr(cifar10, "FileLock", None)
    before = names(caches)
    caches.chmod(0o555)
    try:
        data = CIFAR10Data(root=caches)
        data.prepare_data()
        assert len(data.load().train) == 2
        assert caches not in (data.training.cache_dir, *data.training.cache_dir.parents)  # fitted palettes go elsewhere
    finally:
        caches.chmod(0o755)
    assert names(caches) == before
    assert "cifar10-horse.npz: holds " in caplog.text and "CIFAR-10's are 5000 and 1000" in caplog.text


def test_several_categories_follow_one_another(caches):
    pictures = CIFAR10Data(root=caches, category=["cat", "horse", "deer"]).load()
    assert pictures.train[:, 0, 0, 0].tolist() == [2] * 4 + [0] * 2 + [1] * 3
    assert pictures.test[:, 0, 0, 0].tolist() == [2, 0, 1]
    assert pictures.labels is not None and pictures.labels.test.tolist() == [3, 7, 4]
    data = CIFAR10Data(root=caches, category=("horse", "deer"))
    assert data.hparams["root"] == str(caches) and type(data.hparams["category"]) is list  # plain, for the checkpoint
    assert CIFAR10Data(category="all").categories == CATEGORIES


def test_training_pictures_of_other_categories(caches: Path) -> None:
    data = CIFAR10Data(root=caches, extra_categories=["deer", "cat"], extra_share=[0.8, 0.4], batch_size=1)
    assert data.hparams["extra_categories"] == ["deer", "cat"] and data.hparams["extra_share"] == [0.8, 0.4]
    pictures, labels = data.load_extra() or ([], [])
    assert pictures[:, 0, 0, 0].tolist() == [2] * 4 + [1] * 3 and labels.tolist() == [3] * 4 + [4] * 3
    assert [np.unique(part).tolist() for part in data.pictures] == [[0], [0], [0]]
    every = CIFAR10Data(root=caches, category=["horse", "cat"], extra_categories="all")
    assert every.extra_categories == tuple(name for name in CATEGORIES if name not in ("horse", "cat"))
    every.setup("test")  # which needs no caches but its own
    for none in (None, []):
        assert CIFAR10Data(root=caches, extra_categories=none).load_extra() is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        *(
            ({"extra_categories": value}, r"data\.extra_categories=.* must be one of airplane, .* or all")
            for value in ("horze", 7, ["deer", 7])
        ),
        ({"extra_categories": ["deer", "deer"]}, r"data\.extra_categories=.*twice"),
        ({"extra_categories": ["deer", "horse"]}, r"data\.extra_categories=.* others than data\.category=horse"),
        ({"category": "all", "extra_categories": "all"}, r"data\.extra_categories=all: must be others than"),
        ({"extra_share": 0.5}, r"data\.extra_share=0\.5: data\.extra_categories names none"),
        ({"extra_categories": "deer", "reshuffle": False}, r"data\.reshuffle=false: .* must be true"),
    ],
)
def test_extra_categories_that_are_not_allowed(settings, message):
    with pytest.raises(UsageError, match=message):
        CIFAR10Data(**settings)


GOOD = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)


def saved(save: Callable[..., None] = np.savez, *arrays: np.ndarray, **named: np.ndarray) -> bytes:
    file = io.BytesIO()
    save(file, *arrays, **named)
    return file.getvalue()


def huge() -> bytes:
    """Headers that promise more than there is memory for."""
    header, file = io.BytesIO(), io.BytesIO()
    shape = {"descr": "|u1", "fortran_order": False, "shape": (10**13, 32, 32, 3)}
    np.lib.format.write_array_header_1_0(header, shape)
    with zipfile.ZipFile(file, "w") as archive:
        for part in ("train.npy", "test.npy"):
            archive.writestr(part, header.getvalue() + b"few")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        saved(train=GOOD), saved(train=GOOD, test=GOOD / 255), saved(train=GOOD, test=GOOD[:, :16]),
        saved(train=GOOD, test=np.array([{}], dtype=object)), saved(train=GOOD, test=GOOD[:0]),
        saved(train=GOOD, test=GOOD)[:9000], saved(np.save, GOOD), huge(), b"<html>not found</html>",
    ],
    ids=["missing part", "float", "size", "objects", "no pictures", "truncated", "npy", "huge", "text"],
)  # fmt: skip
def test_damaged_cache(tmp_path, content):
    path = cache_path(tmp_path, "horse")
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path).load()
    lines = str(error.value).splitlines()
    assert str(path) in lines[0] and lines[1:] == ["Delete it to have it made anew"]


def test_a_folder_in_which_no_file_can_be_made(tiny, tmp_path):
    (tmp_path / "data").write_text("")
    for root in (tmp_path / "data", *([Path("/proc")] if Path("/proc").is_dir() else [])):
        with pytest.raises(InputError, match=rf"^data\.root={root}: CIFAR-10 cannot be prepared here"):
            CIFAR10Data(root=root).load()  # and it does not wait for the lock


def check_unavailable(root: Path, mirror: str | None, *words: str) -> None:
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=root, mirror=mirror).load()
    lines = str(error.value).splitlines()
    assert len(lines) == 2
    assert all(word in lines[0] for word in words), lines[0]
    assert lines[1].startswith(f"Put {ARCHIVE} into {root.resolve()}, or set data.mirror=")
    assert lines[1].endswith("; data=synthetic needs no download")


def test_a_host_that_is_silent_or_not_there_or_lacks_the_archive(tiny, host, tmp_path, monkeypatch):
    none, silent = (tmp_path / "none").as_uri(), socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(cifar10, "STALL_SECONDS", 0.2)
    for mirror, *words in (
        (f"http://127.0.0.1:{silent.getsockname()[1]}", "timed out"),
        (None, tiny.attributes["url"], "refused"),
        (f"{host.url}/elsewhere", f"{host.url}/elsewhere/{ARCHIVE}", "404"),
        (none, f"{none}/{ARCHIVE}", "no such file"),
    ):
        check_unavailable(tmp_path, mirror, *words)
        assert names(tmp_path) == {LOCK}


def test_an_archive_that_is_wrong(tiny, host, tmp_path, monkeypatch):
    part = tiny.path.read_bytes()[:5000]
    (tmp_path / ARCHIVE).write_bytes(part)
    check_unavailable(tmp_path, host.url, str(tmp_path / ARCHIVE), "wrong MD5", "delete it")
    assert (tmp_path / ARCHIVE).read_bytes() == part and not host  # it is left alone, and nothing asked for
    (tmp_path / ARCHIVE).unlink()
    monkeypatch.setattr(CIFAR10, "tgz_md5", "0" * 32)
    for mirror in (host.url, tiny.path.as_uri()):
        check_unavailable(tmp_path, mirror, mirror, "wrong MD5")
        assert names(tmp_path) == {LOCK} and tiny.path.exists()


def test_full_disk_keeps_the_download(tiny, host, tmp_path, monkeypatch):
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("torchvision.datasets.utils.extract_archive", full)
        with pytest.raises(InputError, match=r"^data\.root=.*cannot be prepared here \(No space left on device\)"):
            CIFAR10Data(root=tmp_path, mirror=host.url).load()
    asked = len(host)
    CIFAR10Data(root=tmp_path, mirror=host.url).prepare_data()
    check_content(tiny, tmp_path, "horse")
    assert len(host) == asked


@pytest.fixture
def real_root():
    root = os.environ.get("COLOURIZE_DATA")
    if not root or not cache_path(Path(root), "horse").is_file():
        pytest.skip("COLOURIZE_DATA names no folder that holds cifar10-horse.npz")
    return Path(root)


@pytest.mark.real_data
def test_real_horses(real_root):
    data = CIFAR10Data(root=real_root)
    pictures = data.load()
    assert pictures.train.shape == (5000, 32, 32, 3) and pictures.test.shape == (1000, 32, 32, 3)
    # Some copies hold five of the 6000 pictures as JPEG decodes, all of them behind those hashed here.
    assert md5(pictures.train[:2000].tobytes()) == "277aef078338fafc862b1f427e621591"
    assert md5(pictures.test[:900].tobytes()) == "ed6b7998331f25837a5edf249ed3c019"
    np.testing.assert_allclose(pictures.train.mean((0, 1, 2)), [128.0, 122.37, 106.31], atol=0.01)
    np.testing.assert_allclose(pictures.test.mean((0, 1, 2)), [128.80, 123.28, 108.51], atol=0.01)
    assert [len(part) for part in data.pictures if part is not None] == [4500, 500, 1000]
