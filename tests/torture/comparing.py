"""Is every file of a folder readable, are two runs the same, what is left over?"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import torch
from omegaconf import OmegaConf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from colourize.checkpoints import read_any
from colourize.runs.tables import read_table


def unreadable(folder: Path) -> list[str]:
    """The files that have their final names and yet are not whole; hidden files do not count."""
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
    """Temporary files and locks of processes that are gone."""
    paths = (path for path in folder.rglob("*") if ".part" in path.name or path.name == ".lock")
    return sorted(str(path.relative_to(folder)) for path in paths)


def differences(folder: Path, whole: Path) -> list[str]:
    """How a run differs from the one that was never stopped: weights, measures, pictures, curves, files."""
    names = ("metrics.csv", "metrics.json")
    found = [name for name in names if (folder / name).read_bytes() != (whole / name).read_bytes()]
    for name in ("last", "best"):
        ours, theirs = (
            torch.load(each / "checkpoints" / f"{name}.ckpt", weights_only=True) for each in (folder, whole)
        )
        if ours["global_step"] != theirs["global_step"]:
            found.append(f"{name}.ckpt: step {ours['global_step']}, not {theirs['global_step']}")
        for part in ("state_dict", "current_model_state"):  # the second beside averaged weights
            expected = theirs.get(part, {})
            found += [f"{name}.ckpt: {key}" for key in expected if not torch.equal(ours[part][key], expected[key])][:1]
    pictures = [{each.name: each.read_bytes() for each in (path / "samples").iterdir()} for path in (folder, whole)]
    found += [] if pictures[0] == pictures[1] else ["samples"]
    found += [] if points(folder) == points(whole) else ["curves"]
    return found + left_over(folder)


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run, except times: steps and values of each scalar, steps of each picture.

    The points are sorted, since TensorBoard reads two files that were begun within one second in any order.
    """
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0}).Reload()
    scalars = {tag: [(each.step, each.value) for each in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    images = {tag: [(each.step, 0.0) for each in found.Images(tag)] for tag in found.Tags()["images"]}
    scalars["time"] = [(step, 0.0) for step, _ in scalars.pop("time/epoch_seconds", [])]
    return {tag: sorted(each) for tag, each in {**scalars, **images}.items()}
