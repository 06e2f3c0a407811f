"""CIFAR-10 from caches and from a small archive in its own format; nothing here leaves the machine."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import os
import pickle
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from filelock import FileLock
from torchvision.datasets import CIFAR10
from torchvision.datasets.utils import extract_archive

import colourize
from colourize.data import cifar10
from colourize.data.cifar10 import ARCHIVE, CATEGORIES, CIFAR10Data, cache_path
from colourize.errors import InputError, UsageError

BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
PER_BATCH = 40


class Tiny(NamedTuple):
    """A small archive, and what is in it."""

    archive: Path
    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    checksums: dict[str, Any]  # torchvision's class attributes that fit this archive

    def part(self, category: str) -> tuple[np.ndarray, np.ndarray]:
        """Its training and test pictures, looked up one by one."""
        label = CATEGORIES.index(category)
        return (
            np.stack([p for p, own in zip(self.train, self.train_labels, strict=True) if own == label]),
            np.stack([p for p, own in zip(self.test, self.test_labels, strict=True) if own == label]),
        )


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    rng = np.random.default_rng(5)
    pictures, labels, sums = [], [], {}
    archive = tmp_path_factory.mktemp("host") / ARCHIVE
    with tarfile.open(archive, "w:gz") as tar:

        def add(name: str, content: object) -> None:
            text = pickle.dumps(content, protocol=2)
            sums[name] = md5(text)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))

        for name in BATCHES:
            own = rng.permutation(np.arange(PER_BATCH) % 10)
            flat = rng.integers(0, 256, (PER_BATCH, 3072), dtype=np.uint8)  # 1024 reds, greens, blues, row by row
            add(name, {"batch_label": name, "labels": own.tolist(), "data": flat})
            labels.append(own)
            pictures.append(
                np.stack([flat[:, i * 1024 : i * 1024 + 1024] for i in range(3)], -1).reshape(-1, 32, 32, 3)
            )
        add("batches.meta", {"label_names": list(CATEGORIES)})
    checksums = {
        "tgz_md5": md5(archive.read_bytes()),
        "train_list": [[name, sums[name]] for name in BATCHES[:5]],
        "test_list": [[name, sums[name]] for name in BATCHES[5:]],
        "meta": {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]},
        "url": "http://127.0.0.1:9/" + ARCHIVE,  # nobody listens there: no test reaches CIFAR-10's host
    }
    train, test = np.concatenate(pictures[:5]), pictures[5]
    return Tiny(archive, train, np.concatenate(labels[:5]), test, labels[5], checksums)


@pytest.fixture
def tiny(made: Tiny, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The small archive, with torchvision's MD5 checks at work on it."""
    for name, value in made.checksums.items():
        monkeypatch.setattr(CIFAR10, name, value)
    monkeypatch.setenv("no_proxy", "*")
    return made


class Requests(list):  # type: ignore[type-arg]
    """The paths that were asked for, and where to ask."""

    url: str


@pytest.fixture
def host(tiny: Tiny) -> Iterator[Requests]:
    requests = Requests()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            requests.append(self.path)

    handler = functools.partial(Handler, directory=str(tiny.archive.parent))
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


CACHES = {f"cifar10-{category}.npz" for category in CATEGORIES}
LOCK = ".cifar10.lock"


def check_content(tiny: Tiny, root: Path, *categories: str) -> None:
    for category in categories:
        pictures = CIFAR10Data(root=root, category=category).load()
        train, test = tiny.part(category)
        assert pictures.train.dtype == pictures.test.dtype == np.uint8
        assert pictures.val is None
        np.testing.assert_array_equal(pictures.train, train)
        np.testing.assert_array_equal(pictures.test, test)


# ------------------------------------------------------------------------------------------ preparing


def test_placed_archive_makes_all_caches_and_stays(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / ARCHIVE).write_bytes(tiny.archive.read_bytes())
    data = CIFAR10Data(root=tmp_path)
    data.prepare_data()
    assert names(tmp_path) == CACHES | {ARCHIVE, LOCK}
    (tmp_path / ARCHIVE).unlink()  # no load needs it any more
    check_content(tiny, tmp_path, *CATEGORIES)


@pytest.mark.parametrize("whole", [True, False])
def test_file_mirror(tiny: Tiny, tmp_path: Path, whole: bool) -> None:
    mirror = (tiny.archive if whole else tiny.archive.parent).as_uri()
    pictures = CIFAR10Data(root=tmp_path / "a" / "b", mirror=mirror).load()
    np.testing.assert_array_equal(pictures.train, tiny.part("horse")[0])
    assert names(tmp_path / "a" / "b") == CACHES | {LOCK}
    assert tiny.archive.exists()


def test_download(tiny: Tiny, host: Requests, tmp_path: Path) -> None:
    before = socket.getdefaulttimeout()
    data = CIFAR10Data(root=tmp_path, mirror=host.url + "/")
    for _ in range(2):
        data.prepare_data()
    assert set(host) == {"/" + ARCHIVE}
    assert names(tmp_path) == CACHES | {LOCK}
    assert socket.getdefaulttimeout() == before
    check_content(tiny, tmp_path, "horse", "airplane", "truck")


def test_batches_extracted_by_torchvision_are_used_and_stay(tiny: Tiny, tmp_path: Path) -> None:
    extract_archive(str(tiny.archive), str(tmp_path))
    check_content(tiny, tmp_path, "deer")
    assert names(tmp_path) == CACHES | {LOCK, CIFAR10.base_folder}


def test_existing_caches_stay_as_they_are(tiny: Tiny, tmp_path: Path) -> None:
    own = np.zeros((2, 32, 32, 3), np.uint8)
    np.savez(tmp_path / "cifar10-deer.npz", train=own, test=own)
    CIFAR10Data(root=tmp_path, mirror=tiny.archive.as_uri()).prepare_data()
    check_content(tiny, tmp_path, "horse")
    assert len(CIFAR10Data(root=tmp_path, category="deer").load().train) == 2


def test_interrupted_writing_leaves_no_half_cache(
    tiny: Tiny, host: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    savez, written = np.savez, []

    def interrupted(path: Path, **arrays: Any) -> None:
        savez(path, **arrays)
        written.append(path)
        if len(written) == 3:
            os.truncate(path, 1000)
            raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupted)
    data = CIFAR10Data(root=tmp_path, mirror=host.url)
    with pytest.raises(KeyboardInterrupt):
        data.prepare_data()
    assert names(tmp_path) == {"cifar10-airplane.npz", "cifar10-automobile.npz", "cifar10.part", LOCK}
    monkeypatch.setattr(np, "savez", savez)
    asked = len(host)
    data.prepare_data()
    assert len(host) == asked  # the archive had come whole
    assert names(tmp_path) == CACHES | {LOCK}
    check_content(tiny, tmp_path, *CATEGORIES)


def test_a_kill_when_all_is_made_leaves_nothing_for_long(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = CIFAR10Data(root=tmp_path, mirror=tiny.archive.as_uri())
    with monkeypatch.context() as patch:
        patch.setattr(cifar10.shutil, "rmtree", lambda folder: None)
        data.prepare_data()
    assert (tmp_path / "cifar10.part" / CIFAR10.base_folder).is_dir()
    with FileLock(tmp_path / LOCK):  # another one is at work there
        data.prepare_data()
    assert (tmp_path / "cifar10.part").is_dir()
    data.prepare_data()
    assert names(tmp_path) == CACHES | {LOCK}


def test_half_a_download_is_replaced(tiny: Tiny, host: Requests, tmp_path: Path) -> None:
    (tmp_path / "cifar10.part").mkdir()
    (tmp_path / "cifar10.part" / ARCHIVE).write_bytes(tiny.archive.read_bytes()[:5000])
    CIFAR10Data(root=tmp_path, mirror=host.url).prepare_data()
    check_content(tiny, tmp_path, "bird")


CHILD = """
import hashlib, json, sys, time
from torchvision.datasets import CIFAR10
from colourize.data import cifar10

root, mirror, checksums = json.loads(sys.argv[1])
for name, value in checksums.items():
    setattr(CIFAR10, name, value)
make_caches = cifar10.make_caches

def slowly(*args):
    print("made", flush=True)
    time.sleep(0.5)
    make_caches(*args)

cifar10.make_caches = slowly
print("ready", flush=True)
sys.stdin.readline()
print(hashlib.sha256(cifar10.CIFAR10Data(root=root, mirror=mirror).load().train.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_two_processes_prepare_once(tiny: Tiny, tmp_path: Path) -> None:
    arguments = json.dumps([str(tmp_path), tiny.archive.as_uri(), tiny.checksums])
    environment = {**os.environ, "PYTHONPATH": str(Path(colourize.__file__).parents[1])}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD, arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )
        for _ in range(2)
    ]  # fmt: skip
    for child in children:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    lines = [child.communicate(timeout=60)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sorted(map(len, lines)) == [1, 2]  # one of them made the caches
    assert {line[-1] for line in lines} == {hashlib.sha256(tiny.part("horse")[0].tobytes()).hexdigest()}
    assert names(tmp_path) == CACHES | {LOCK}


# -------------------------------------------------------------------------------------------- loading


@pytest.fixture
def caches(tmp_path: Path) -> Path:
    """Three categories of 2, 3 and 4 training pictures and one test picture each."""
    for i, category in enumerate(("horse", "deer", "cat")):
        train = np.full((2 + i, 32, 32, 3), i, np.uint8)
        np.savez(cache_path(tmp_path, category), train=train, test=train[:1])
    return tmp_path


def test_loading_needs_neither_torchvision_nor_a_lock_nor_a_writable_folder(
    caches: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    monkeypatch.setattr(cifar10, "FileLock", None)
    before = names(caches)
    caches.chmod(0o555)
    try:
        data = CIFAR10Data(root=caches)
        data.prepare_data()
        assert len(data.load().train) == 2
        assert data.cache_dir == caches
    finally:
        caches.chmod(0o755)
    assert names(caches) == before


def test_several_categories_follow_one_another(caches: Path) -> None:
    pictures = CIFAR10Data(root=caches, category=["cat", "horse", "deer"]).load()
    assert pictures.train[:, 0, 0, 0].tolist() == [2] * 4 + [0] * 2 + [1] * 3
    assert pictures.test[:, 0, 0, 0].tolist() == [2, 0, 1]


def test_all_categories(tiny: Tiny, tmp_path: Path) -> None:
    pictures = CIFAR10Data(root=tmp_path, category="all", mirror=tiny.archive.as_uri()).load()
    np.testing.assert_array_equal(pictures.train, np.concatenate([tiny.part(c)[0] for c in CATEGORIES]))
    np.testing.assert_array_equal(pictures.test, np.concatenate([tiny.part(c)[1] for c in CATEGORIES]))


def test_arguments_are_kept_as_plain_values(caches: Path) -> None:
    data = CIFAR10Data(root=caches, category=("horse", "deer"), batch_size=2)
    assert data.hparams["root"] == str(caches)
    assert data.hparams["category"] == ["horse", "deer"]
    assert type(data.hparams["category"]) is list
    assert data.hparams["batch_size"] == 2


# --------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("category", ["horze", "Horse", "", 7, [], ["horse", "horze"], ["horse", 7], ["all"]])
def test_unknown_category(category: Any) -> None:
    with pytest.raises(
        UsageError, match=r"data\.category=.* must be one of airplane, .*, truck, a list of them, or all"
    ):
        CIFAR10Data(category=category)


def test_category_twice() -> None:
    with pytest.raises(UsageError, match=r"data\.category=.*twice"):
        CIFAR10Data(category=["horse", "deer", "horse"])


@pytest.mark.parametrize("mirror", ["", "somewhere", "/data/cifar-10-python.tar.gz", "ftp://host/folder", 5])
def test_mirror_must_be_a_url(mirror: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.mirror=.*: must be an http, https or file URL"):
        CIFAR10Data(mirror=mirror)


@pytest.mark.parametrize("root", [None, ""])
def test_root_must_be_given(root: Any) -> None:
    with pytest.raises(UsageError, match=r"data\.root=.*: must name a folder"):
        CIFAR10Data(root=root)


@pytest.mark.parametrize(
    "damage",
    ["truncated", "flipped", "empty", "text", "npy", "missing part", "float", "size", "objects", "no pictures", "huge"],
)
def test_damaged_cache(tmp_path: Path, damage: str) -> None:
    path = cache_path(tmp_path, "horse")
    good = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    others: dict[str, dict[str, Any]] = {
        "missing part": {"train": good},
        "float": {"train": good, "test": good / 255},
        "size": {"train": good, "test": good[:, :16]},
        "objects": {"train": good, "test": np.array([{}], dtype=object)},
        "no pictures": {"train": good, "test": good[:0]},
    }
    np.savez(path, **others.get(damage, {"train": good, "test": good}))
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 4] ^= 1
        path.write_bytes(content)
    elif damage == "npy":
        with path.open("wb") as file:
            np.save(file, good)
    elif damage == "huge":  # a header that promises more than there is memory for
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "|u1", "fortran_order": False, "shape": (10**13, 32, 32, 3)}
        )
        with zipfile.ZipFile(path, "w") as archive:
            for part in ("train.npy", "test.npy"):
                archive.writestr(part, header.getvalue() + b"few")
    elif damage in ("empty", "text"):
        path.write_bytes(b"" if damage == "empty" else b"<html>not found</html>")
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path).load()
    lines = str(error.value).splitlines()
    assert str(path) in lines[0]
    assert lines[1:] == ["Delete it to have it made anew"]


def test_caches_of_another_length_are_told(caches: Path, caplog: pytest.LogCaptureFixture) -> None:
    CIFAR10Data(root=caches).load()
    assert "cifar10-horse.npz: holds " in caplog.text and "CIFAR-10's are 5000 and 1000" in caplog.text


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder of the system's own")
def test_a_folder_in_which_no_file_can_be_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.root=/proc: CIFAR-10 cannot be prepared here"):
        CIFAR10Data(root="/proc").load()  # and it does not wait for the lock


def check_unavailable(error: InputError, root: Path, *words: str) -> None:
    lines = str(error).splitlines()
    assert len(lines) == 2
    assert all(word in lines[0] for word in words), lines[0]
    assert lines[1].startswith(f"Put {ARCHIVE} into {root.resolve()}, or set data.mirror=")
    assert lines[1].endswith("; data=synthetic needs no download")
    assert "Traceback" not in str(error)


def test_unreachable_host(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path).load()
    check_unavailable(error.value, tmp_path, tiny.checksums["url"], "refused")
    assert names(tmp_path) == {LOCK}


def test_archive_not_on_the_mirror(host: Requests, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path, mirror=host.url + "/elsewhere").load()
    check_unavailable(error.value, tmp_path, f"{host.url}/elsewhere/{ARCHIVE}", "404")


def test_host_that_says_nothing(tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cifar10, "STALL_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path, mirror=f"http://127.0.0.1:{silent.getsockname()[1]}").load()
    check_unavailable(error.value, tmp_path, "timed out")


def test_wrong_archive_on_the_mirror(
    tiny: Tiny, host: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CIFAR10, "tgz_md5", "0" * 32)
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path, mirror=host.url).load()
    check_unavailable(error.value, tmp_path, host.url, "wrong MD5")
    assert names(tmp_path) == {LOCK}
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path, mirror=tiny.archive.as_uri()).load()
    check_unavailable(error.value, tmp_path, tiny.archive.as_uri(), "wrong MD5")
    assert tiny.archive.exists()


def test_no_archive_at_a_file_mirror(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path, mirror=(tmp_path / "none").as_uri()).load()
    check_unavailable(error.value, tmp_path, f"none/{ARCHIVE}", "no such file")


def test_wrong_placed_archive_is_named_and_left_alone(tiny: Tiny, host: Requests, tmp_path: Path) -> None:
    part = tiny.archive.read_bytes()[:5000]
    (tmp_path / ARCHIVE).write_bytes(part)
    with pytest.raises(InputError) as error:
        CIFAR10Data(root=tmp_path, mirror=host.url).load()
    check_unavailable(error.value, tmp_path, str(tmp_path / ARCHIVE), "wrong MD5", "delete it")
    assert (tmp_path / ARCHIVE).read_bytes() == part
    assert not host


def test_full_disk_keeps_the_download(
    tiny: Tiny, host: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_root_that_is_a_file(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(InputError, match=r"^data\.root=.*data: CIFAR-10 cannot be prepared here"):
        CIFAR10Data(root=tmp_path / "data").load()


# ---------------------------------------------------------------------------------- the real pictures


@pytest.fixture
def real_root() -> Path:
    root = os.environ.get("COLOURIZE_DATA")
    if not root or not cache_path(Path(root), "horse").is_file():
        pytest.skip("COLOURIZE_DATA names no folder that holds cifar10-horse.npz")
    return Path(root)


@pytest.mark.real_data
def test_real_horses(real_root: Path) -> None:
    data = CIFAR10Data(root=real_root)
    pictures = data.load()
    assert pictures.train.shape == (5000, 32, 32, 3)
    assert pictures.test.shape == (1000, 32, 32, 3)
    # Some copies hold five of the 6000 pictures as JPEG decodes, all of them behind those hashed here.
    assert md5(pictures.train[:2000].tobytes()) == "277aef078338fafc862b1f427e621591"
    assert md5(pictures.test[:900].tobytes()) == "ed6b7998331f25837a5edf249ed3c019"
    np.testing.assert_allclose(pictures.train.mean((0, 1, 2)), [128.0, 122.37, 106.31], atol=0.01)
    np.testing.assert_allclose(pictures.test.mean((0, 1, 2)), [128.80, 123.28, 108.51], atol=0.01)
    assert [len(part) for part in data.pictures if part is not None] == [4500, 500, 1000]
