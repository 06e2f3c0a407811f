"""`builtin:NAME`: what the package ships is whole, small and answers as it did; its newest version is taken."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import colourize
from colourize.checkpoints import read
from colourize.errors import InputError, UsageError
from colourize.ship import LARGEST, LARGEST_IN_ALL, results
from colourize.weights import shipped

ALL = [path for version in shipped.versions() for path in sorted(version.glob("*.safetensors"))]


@pytest.mark.parametrize("path", ALL, ids=[f"{path.parent.name}-{path.stem}" for path in ALL])
def test_shipped_weights_answer_as_when_they_were_shipped(path: Path) -> None:
    assert shipped.checksum(path) == shipped.listed(path.parent)[path.name]
    assert path.stat().st_size <= LARGEST and path.with_suffix(".md").is_file()
    task, stored = colourize.load(path), read(path)["about"]["results"]
    np.testing.assert_allclose(results(task), stored, rtol=1e-3, atol=1e-3 * np.abs(stored).max())


def test_a_version_is_small_and_lists_all_that_it_holds() -> None:
    assert ALL
    for version in shipped.versions():
        names = {path.name for path in version.glob("*.safetensors")}
        assert names == set(shipped.listed(version))
        assert sum((version / name).stat().st_size for name in names) <= LARGEST_IN_ALL


def test_the_newest_version_is_taken_and_only_the_shipped_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(UsageError, match="it has none at all"):
        shipped.resolve("builtin:colour")
    for number, name in ((9, "colour"), (10, "colour"), (9, "sharp")):
        path = tmp_path / str(number) / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ALL[0], path)
        with (path.parent / shipped.SUMS).open("a") as sums:
            sums.write(f"{shipped.checksum(path)}  {path.name}\n")
    assert shipped.resolve("builtin:colour") == tmp_path / "10" / "colour.safetensors"
    assert shipped.resolve("builtin:sharp") == tmp_path / "9" / "sharp.safetensors"
    assert shipped.resolve("best.ckpt") == Path("best.ckpt")
    with pytest.raises(UsageError, match=r"builtin:sepia: .* it has builtin:colour, builtin:sharp$"):
        colourize.load("builtin:sepia")
    (tmp_path / "9" / shipped.SUMS).write_text(f"{'0' * 64}  sharp.safetensors\n")
    with pytest.raises(InputError, match="is not the file that was shipped"):
        colourize.load("builtin:sharp")
