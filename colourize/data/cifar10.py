"""CIFAR-10's pictures by category, read from small caches that are made once from the official archive."""

from __future__ import annotations

import http.client
import logging
import os
import shutil
import socket
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
from filelock import FileLock, Timeout

from colourize.data.pictures import Labels, PictureData, Pictures, check_folder
from colourize.errors import InputError, UsageError
from colourize.files import whole_file

log = logging.getLogger(__name__)

# In the order of CIFAR-10's labels.
CATEGORIES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
PER_CATEGORY = (5000, 1000)  # training and test pictures
ARCHIVE = "cifar-10-python.tar.gz"
WORK, LOCK = "cifar10.part", ".cifar10.lock"  # in the folder of the caches
STALL_SECONDS = 60.0  # a download fails after this time without data


class CIFAR10Data(PictureData):
    """CIFAR-10's horses, or other categories, each with 5000 training and 1000 test pictures of 32×32, in its order.

    Labels are CIFAR-10's own, 0 … 9 in the order of `CATEGORIES`. Pictures are read from the caches
    `<root>/cifar10-<category>.npz` (`train` and `test`, uint8 RGB, (N, 32, 32, 3)). If a cache is missing, the caches
    of all ten categories are made from the archive: from a copy in `root`, or else from `mirror`, or else from
    CIFAR-10's own host. Its MD5 is always checked.
    Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.

    Args:
        root: the folder of the caches or the archive; if it has the caches, it may be read-only.
        category: one of the ten names, a list of them (their pictures are concatenated), or "all".
        extra_categories: other categories whose 5000 training pictures are used for training as well, but never for
            validation or test: a name, a list, or "all" for all others; None or []: no others. `extra_share` sets their
            share of a batch.
        mirror: the URL (http, https or file) of `cifar-10-python.tar.gz` or of its folder; None: CIFAR-10's own host.
        common: the arguments of `PictureData`.

    Raises:
        UsageError: a value that is not allowed.
        InputError: the archive is unavailable or not CIFAR-10's, a cache is damaged, or `root` is read-only.
    """

    def __init__(
        self, root: str | Path = "data", category: str | Sequence[str] = "horse", mirror: str | None = None,
        extra_categories: str | Sequence[str] | None = None, **common: Any,
    ) -> None:  # fmt: skip
        root = str(check_folder(root))  # a plain, absolute path: Lightning keeps it for the checkpoint
        category, extra_categories = _plain(category), _plain(extra_categories)
        super().__init__(**common)
        self.root = Path(root)
        self.categories = _categories("category", category)
        self.extra_categories = _extra(extra_categories, self.categories)
        if not self.extra_categories and common.get("extra_share") is not None:
            raise UsageError(f"data.extra_share={common['extra_share']}: data.extra_categories names none")
        if self.extra_categories and not self.reshuffle:
            raise UsageError("data.reshuffle=false: batches with extra pictures change; must be true")
        self.mirror = None if mirror is None else _archive_url(mirror)

    def prepare_data(self) -> None:
        """Make the caches if one is missing; several processes may call this at once."""
        self._prepare(self.categories)

    def _prepare(self, categories: Sequence[str]) -> None:
        def has_caches() -> bool:
            return all(cache_path(self.root, category).is_file() for category in categories)

        if has_caches():
            _remove_work(self.root)
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with _locked(self.root):
                if not has_caches():
                    make_caches(self.root, self.mirror)
        except OSError as error:
            raise InputError(
                f"data.root={self.root.resolve()}: CIFAR-10 cannot be prepared here ({_reason(error)})\n"
                f"Name another folder, one that can be written or holds cifar10-<category>.npz"
            ) from None

    def load(self) -> Pictures:
        self.prepare_data()
        parts = [read_cache(cache_path(self.root, category)) for category in self.categories]
        numbers = [CATEGORIES.index(category) for category in self.categories]
        train, test = (np.concatenate(part) for part in zip(*parts, strict=True))
        labels = (np.repeat(numbers, [len(each) for each in part]) for part in zip(*parts, strict=True))
        return Pictures(train, None, test, Labels(next(labels), None, next(labels)))

    def load_extra(self) -> tuple[np.ndarray, np.ndarray] | None:
        if not self.extra_categories:
            return None
        self._prepare(self.extra_categories)
        parts = [read_cache(cache_path(self.root, category))[0] for category in self.extra_categories]
        numbers = [CATEGORIES.index(category) for category in self.extra_categories]
        return np.concatenate(parts), np.repeat(numbers, [len(part) for part in parts])


def cache_path(root: Path, category: str) -> Path:
    """The cache of a category's pictures."""
    return root / f"cifar10-{category}.npz"


def read_cache(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The training and test pictures of a cache, uint8 (N, 32, 32, 3); nothing is unpickled.

    Raises:
        InputError: the file is damaged or holds something else.
    """
    try:
        with zipfile.ZipFile(path):
            pass  # np.load would accept other kinds of files
        with np.load(path, allow_pickle=False) as cache:
            train, test = cache["train"], cache["test"]
        for pictures in (train, test):
            if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[1:] != (32, 32, 3):
                raise ValueError(f"{pictures.dtype} {pictures.shape}")
            if not len(pictures):
                raise ValueError("no pictures")
    except Exception as error:  # damaged files make zip and numpy raise almost anything
        raise InputError(
            f"{path.resolve()}: not a whole cache of CIFAR-10 pictures ({_reason(error)})\n"
            f"Delete it to have it made anew"
        ) from None
    if (len(train), len(test)) != PER_CATEGORY:
        log.warning("%s: holds %d training and %d test pictures; CIFAR-10's are %d and %d",
                    path, len(train), len(test), *PER_CATEGORY)  # fmt: skip
    return train, test


def make_caches(root: Path, mirror: str | None = None) -> None:
    """Make the caches of all ten categories from the archive; existing ones stay as they are.

    Unfinished files, such as a download, are in a folder of their own, which is removed at the end. An archive or
    batches in `root` are read in place and stay. After a kill the next call continues, and a complete download is used
    again. The caller makes sure that only one process does this.

    Raises:
        InputError: the archive is unavailable, or not CIFAR-10's.
    """
    work = root / WORK
    parts = _read_archive(root, work, mirror)
    work.mkdir(exist_ok=True)
    for label, category in enumerate(CATEGORIES):
        path = cache_path(root, category)
        if not path.exists():
            train, test = (pictures[labels == label] for pictures, labels in parts)
            # A cache gets its name once it is complete and on the disk.
            with whole_file(work / path.name) as part:
                np.savez(part, train=train, test=test)
            os.replace(work / path.name, path)
    shutil.rmtree(work)
    log.info("CIFAR-10's pictures are saved as %s", cache_path(root.resolve(), "<category>"))


def _remove_work(root: Path) -> None:
    """Remove the folder of a process that was killed after all ten caches were made."""
    work = root / WORK
    if work.exists() and all(cache_path(root, category).is_file() for category in CATEGORIES):
        with suppress(OSError, Timeout), FileLock(root / LOCK, timeout=0):
            shutil.rmtree(work)


def _read_archive(root: Path, work: Path, mirror: str | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pictures (N, 32, 32, 3) and labels (N,) of the training and of the test part."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity, extract_archive

    class Archive(CIFAR10):  # type: ignore[misc]
        url = mirror or CIFAR10.url

    def read(folder: Path, download: bool) -> list[tuple[np.ndarray, np.ndarray]]:
        parts = [Archive(str(folder), train=train, download=download) for train in (True, False)]
        return [(part.data, np.asarray(part.targets)) for part in parts]

    try:
        return read(root, download=False)
    except RuntimeError:
        pass  # the usual case: no batches, or not all of them, were extracted there before

    # torchvision would overwrite a wrong archive in `root` by a download, and cannot read file:// URLs.
    placed = root / ARCHIVE
    if placed.exists():
        if not check_integrity(str(placed), Archive.tgz_md5):
            what = f"{placed.resolve()}: not CIFAR-10's archive or only a part of it (wrong MD5); delete it"
            raise _unavailable(what, root)
    elif urlsplit(Archive.url).scheme == "file":
        placed = Path(url2pathname(urlsplit(Archive.url).path))
        if not check_integrity(str(placed), Archive.tgz_md5):
            reason = "wrong MD5, so not CIFAR-10's archive" if placed.is_file() else "there is no such file"
            raise _unavailable(f"CIFAR-10 cannot be had from {Archive.url}: {reason}", root)
    if placed.exists():
        extract_archive(str(placed), str(work))
        return read(work, download=False)

    log.info("Downloading CIFAR-10 (170 MB) from %s", Archive.url)
    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        return read(work, download=True)
    except (OSError, RuntimeError, ValueError, http.client.HTTPException) as error:
        if check_integrity(str(work / ARCHIVE), Archive.tgz_md5):
            raise  # the download is whole but cannot be unpacked: keep it
        wrong = type(error) is RuntimeError  # torchvision's own error
        reason = "wrong MD5, so not CIFAR-10's archive" if wrong else _reason(error)
        shutil.rmtree(work, ignore_errors=True)
        raise _unavailable(f"CIFAR-10 cannot be had from {Archive.url}: {reason}", root) from None
    finally:
        socket.setdefaulttimeout(timeout)


def _unavailable(what: str, root: Path) -> InputError:
    return InputError(
        f"{what}\n"
        f"Put {ARCHIVE} into {root.resolve()}, or set data.mirror=<URL of it or of its folder>; "
        f"data=synthetic needs no download"
    )


def _locked(root: Path) -> AbstractContextManager[Any]:
    """The lock of `root`, held; the system frees it when the process dies. Its file stays, as removal would race."""
    path = root / LOCK
    path.touch()  # fails at once where FileLock would wait for ever (/proc)
    lock = FileLock(path)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        log.info("Waiting for another process that prepares CIFAR-10 in %s", root.resolve())
        return lock.acquire()


def _plain(value: Any) -> Any:
    """The value with any sequence of names as a list, as checkpoints store it."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _categories(key: str, asked: Any) -> tuple[str, ...]:
    if asked == "all":
        return CATEGORIES
    names = tuple(asked) if isinstance(asked, list) else (asked,)
    if not names or any(name not in CATEGORIES for name in names):
        allowed = f"one of {', '.join(CATEGORIES)}, a list of them, or all"
        raise UsageError(f"data.{key}={asked}: must be {allowed}")
    if len(set(names)) < len(names):
        raise UsageError(f"data.{key}={asked}: names a category twice")
    return names


def _extra(asked: Any, own: tuple[str, ...]) -> tuple[str, ...]:
    """The extra categories in the order of CIFAR-10's labels, so that the order of a list does not change batches."""
    if asked is None or asked == []:
        return ()
    names = _categories("extra_categories", asked)
    if asked == "all":
        names = tuple(name for name in names if name not in own)
    if not names or set(names) & set(own):
        raise UsageError(f"data.extra_categories={asked}: must be others than data.category={','.join(own)}")
    return tuple(sorted(names, key=CATEGORIES.index))


def _archive_url(mirror: str) -> str:
    if not isinstance(mirror, str) or urlsplit(mirror).scheme not in ("http", "https", "file"):
        raise UsageError(f"data.mirror={mirror}: must be an http, https or file URL of {ARCHIVE} or of its folder")
    names_archive = urlsplit(mirror).path.endswith((".tar.gz", ".tgz"))
    return mirror if names_archive else f"{mirror.rstrip('/')}/{ARCHIVE}"


def _reason(error: BaseException) -> str:
    """The cause of an error in one line."""
    if isinstance(error, URLError) and isinstance(getattr(error, "reason", None), BaseException):
        error = error.reason  # type: ignore[assignment]
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return text.splitlines()[0]
