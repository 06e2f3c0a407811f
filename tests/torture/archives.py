"""A small archive in CIFAR-10's own format, and torchvision made to take it for the real one."""

from __future__ import annotations

import hashlib
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
from torchvision.datasets import CIFAR10

from colourize.data.cifar10 import ARCHIVE, CATEGORIES

BATCHES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
PER_BATCH = 100


def make_archive(folder: Path) -> Path:
    """Make the archive where it is missing, and set torchvision's checksums, in this process and its forks, to it."""
    rng, sums = np.random.default_rng(0), {}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ARCHIVE
    with tarfile.open(path, "w:gz") as tar:

        def add(name: str, content: object) -> None:
            text = pickle.dumps(content, protocol=2)
            sums[name] = _md5(text)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))

        for name in BATCHES:
            labels = rng.permutation(np.arange(PER_BATCH) % 10).tolist()
            add(name, {"labels": labels, "data": rng.integers(0, 256, (PER_BATCH, 3072), dtype=np.uint8)})
        add("batches.meta", {"label_names": list(CATEGORIES)})
    CIFAR10.tgz_md5 = _md5(path.read_bytes())
    CIFAR10.train_list = [[name, sums[name]] for name in BATCHES[:5]]
    CIFAR10.test_list = [[name, sums[name]] for name in BATCHES[5:]]
    CIFAR10.meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    CIFAR10.url = f"http://127.0.0.1:9/{ARCHIVE}"  # nobody listens there
    return path


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
