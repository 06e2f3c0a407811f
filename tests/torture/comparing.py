"""What a folder holds: whether every file in it can be read, whether two runs are the same, what was left over."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from omegaconf import OmegaConf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from colourize.checkpoints import read_any
from colourize.runs.tables import read_table


def unreadable(folder: Path) -> list[str]:
    """The files that are under their own names and yet not whole. Hidden ones are nobody's to read."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and "cifar10.part" not in path.parts:
            try:
                _read(path)
            except Exception as error:
                found.append(f"{path.relative_to(folder)}: {type(error).__name__}: {error}")
    return found


def _read(path: Path) -> None:
    match path.suffix:
        case ".json":
            json.loads(path.read_text(encoding="utf-8"))
        case ".csv":
            read_table(path)
        case ".ckpt":
            read_any(path)
        case ".pt":
            torch.load(path, weights_only=True)
        case ".npy":
            np.load(path, allow_pickle=False)
        case ".npz":
            with zipfile.ZipFile(path) as archive:
                assert archive.testzip() is None
        case ".png":
            with Image.open(path) as picture:
                picture.load()
        case ".pdf":
            assert path.read_bytes().rstrip().endswith(b"%%EOF")
        case ".svg" | ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith(">")
        case ".yaml":
            assert OmegaConf.load(path) is not None
        case ".md" | ".txt":
            assert path.read_text(encoding="utf-8").endswith("\n")


def left_over(folder: Path) -> list[str]:
    """Temporary files, and locks, of those who wrote here and are gone."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if _is_temporary(path))


def _is_temporary(path: Path) -> bool:
    return ".part" in path.name or path.name == ".lock"


def differences(folder: Path, whole: Path) -> list[str]:
    """In what a run is not the one that was never stopped: weights, measures, pictures, curves, files."""
    return list(_differences(folder, whole))


def _differences(folder: Path, whole: Path) -> Iterator[str]:
    for name in ("metrics.csv", "metrics.json"):
        if (folder / name).read_bytes() != (whole / name).read_bytes():
            yield name
    for name in ("last", "best"):
        ours, theirs = (
            torch.load(each / "checkpoints" / f"{name}.ckpt", weights_only=True) for each in (folder, whole)
        )
        if ours["global_step"] != theirs["global_step"]:
            yield f"{name}.ckpt: step {ours['global_step']}, not {theirs['global_step']}"
        for key, value in theirs["state_dict"].items():
            if not torch.equal(ours["state_dict"][key], value):
                yield f"{name}.ckpt: {key}"
                break
    pictures = [{each.name: each.read_bytes() for each in (path / "samples").iterdir()} for path in (folder, whole)]
    if pictures[0] != pictures[1]:
        yield "samples"
    if points(folder) != points(whole):
        yield "curves"
    yield from left_over(folder)


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run but for times: steps and values of each scalar, steps of each picture."""
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0}).Reload()
    scalars = {tag: [(each.step, each.value) for each in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    images = {tag: [(each.step, 0.0) for each in found.Images(tag)] for tag in found.Tags()["images"]}
    return {tag: values for tag, values in {**scalars, **images}.items() if not tag.startswith("time/")}
