"""A small archive in CIFAR-10's own format, and torchvision made to take it for the real one."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torchvision.datasets import CIFAR10

from colourize.data.cifar10 import ARCHIVE, CATEGORIES

BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


class Archive(NamedTuple):
    """The file, torchvision's class attributes that fit it, and its pictures, uint8 (6, N, 32, 32, 3), with labels."""

    path: Path
    attributes: dict[str, Any]
    pictures: np.ndarray
    labels: np.ndarray


def make_archive(folder: Path, per_batch: int = 100) -> Archive:
    """Write five training batches and a test batch of random pictures, ten categories in equal numbers."""
    rng, sums = np.random.default_rng(0), {}
    labels = np.stack([rng.permutation(np.arange(per_batch) % 10) for _ in BATCHES])
    planes = rng.integers(0, 256, (len(BATCHES), per_batch, 3072), dtype=np.uint8)  # reds, greens, blues, row by row
    contents = {
        name: {"batch_label": name, "labels": labels[place].tolist(), "data": planes[place]}
        for place, name in enumerate(BATCHES)
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ARCHIVE
    with tarfile.open(path, "w:gz") as tar:
        for name, content in {**contents, "batches.meta": {"label_names": list(CATEGORIES)}}.items():
            text = pickle.dumps(content, protocol=2)
            sums[name] = md5(text)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    attributes = {
        "tgz_md5": md5(path.read_bytes()),
        "train_list": [[name, sums[name]] for name in BATCHES[:5]],
        "test_list": [[name, sums[name]] for name in BATCHES[5:]],
        "meta": {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]},
        "url": f"http://127.0.0.1:9/{ARCHIVE}",  # nobody listens there: no test reaches CIFAR-10's host
    }
    pictures = np.moveaxis(planes.reshape(len(BATCHES), per_batch, 3, 32, 32), 2, -1)
    return Archive(path, attributes, pictures, labels)


def mirror_of(folder: Path) -> str:
    """Make an archive and its URL; this process and its forks take it for CIFAR-10's."""
    archive = make_archive(folder)
    for name, value in archive.attributes.items():
        setattr(CIFAR10, name, value)
    return archive.path.parent.as_uri()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
