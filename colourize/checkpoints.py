"""Restores the task and its data from a file alone, and finds a run's newest intact checkpoint.

Every checkpoint can be a run's `.ckpt`, a `.safetensors` file, or weights of the package, `builtin:NAME`.
"""

from __future__ import annotations

import logging
import math
import os
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from hydra.utils import get_class
from torch import Tensor

from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, InputError, UsageError, one_line
from colourize.moved import brought_up_to_date
from colourize.runs.folders import LAST, PREVIOUS
from colourize.runs.method_settings import WHEREVER
from colourize.tasks.optimisation import TOTAL_STEPS
from colourize.tasks.restoration import RestorationTask, qualified_name
from colourize.trust import check_name, check_names, packages
from colourize.weights import SUFFIX, files, shipped

log = logging.getLogger(__name__)


def load(path: str | Path, trust: str | Sequence[str] = ()) -> RestorationTask:
    """The task of a checkpoint, ready to predict: `task.model` is the network, `task(inputs)` its output.

    Args:
        path: a `.ckpt` file that `colourize-train` wrote, a `.safetensors` file of such a task, or "builtin:colour".
        trust: your own packages whose classes the file may name, such as "my_models".

    Raises:
        InputError: the file is missing, truncated, not a checkpoint of this project, or names classes that are not
            trusted.
        UsageError: the package has no weights with this name.
    """
    return task_from(read(path, trust), path)


def read(path: str | Path, trust: str | Sequence[str] = ()) -> dict[str, Any]:
    """A checkpoint's contents (tensors and plain values) on the CPU; arguments and errors are those of `load`."""
    path = Path(str(path))  # a file named 5 arrives as a number
    checkpoint = read_any(path)
    _check_trust(path, checkpoint, "task", "hyper_parameters", trust)
    return checkpoint


def read_any(path: Path) -> dict[str, Any]:
    """`read` for files that name any classes, which is safe as no object of them is made."""
    path = shipped.resolve(path)
    checkpoint = files.read(path) if path.suffix == SUFFIX else _unpickled(path)
    for part in ("hyper_parameters", "datamodule_hyper_parameters"):
        if part in checkpoint:
            checkpoint[part] = brought_up_to_date(checkpoint[part])
    return checkpoint


def has_training_state(checkpoint: dict[str, Any]) -> bool:
    """Whether a training can resume from a checkpoint's contents; otherwise one can start from its weights."""
    return "optimizer_states" in checkpoint


def _unpickled(path: Path) -> dict[str, Any]:
    """The contents of a `.ckpt` file."""
    if not path.is_file():
        raise InputError(f"checkpoint={path}: there is no such file")
    try:
        if zipfile.is_zipfile(path):  # checked here, as torch ignores wrong checksums
            with zipfile.ZipFile(path) as archive:
                if (damaged := archive.testzip()) is not None:
                    raise zipfile.BadZipFile(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a pickle that is not a checkpoint, which raises an error anyway
            checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # zip reader, unpickler and storage each raise their own errors
        raise InputError(f"checkpoint={path}: truncated, or not a checkpoint at all") from error
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("colourize"), dict):
        raise InputError(f"checkpoint={path}: was not made by this project (colourize-train writes those that fit)")
    return checkpoint


def task_from(checkpoint: dict[str, Any], path: str | Path) -> RestorationTask:
    """The task of a checkpoint that was read from `path`; an InputError if it does not fit this version."""
    try:
        task = get_class(checkpoint["colourize"]["task"])(**checkpoint["hyper_parameters"])
        task.load_state_dict(checkpoint["state_dict"])
    except ColourizeError:
        raise
    except Exception as error:
        version = f"this version of the project (it was made with {checkpoint['colourize'].get('version')})"
        raise InputError(f"checkpoint={path}: does not fit {version}: {one_line(error)}") from error
    name = not_finite(checkpoint["state_dict"])
    if name:
        log.warning("checkpoint=%s: %s holds NaN or infinite numbers; its outputs mean nothing", path, name)
    return task.eval()


def not_finite(state_dict: dict[str, Tensor]) -> str | None:
    """The name of the first tensor with a NaN or infinite number."""
    for name, value in state_dict.items():
        # Checking the sum first takes a seventh of the time; a sum may also overflow.
        if value.is_floating_point() and not math.isfinite(value.sum()) and not value.isfinite().all():
            return name
    return None


def data_from(
    checkpoint: dict[str, Any], path: str | Path, trust: str | Sequence[str] = (), **changes: Any
) -> PictureData:
    """The data that a checkpoint, read from `path`, was trained on, with some arguments changed.

    Raises:
        InputError: the checkpoint names no data, or a class that is not trusted, or the data are gone.
    """
    if checkpoint["colourize"].get("data") in (None, ""):
        raise InputError(f"checkpoint={path}: does not name its data; choose some, such as data=cifar10")
    _check_trust(path, checkpoint, "data", "datamodule_hyper_parameters", trust)
    arguments = {**checkpoint["datamodule_hyper_parameters"], **changes}
    if checkpoint["colourize"]["data"] in WHEREVER:  # a file of weights has no folder
        arguments.setdefault("root", os.environ.get("COLOURIZE_DATA", "data"))
    try:
        return get_class(checkpoint["colourize"]["data"])(**arguments)
    except ColourizeError:
        raise
    except Exception as error:
        raise InputError(
            f"checkpoint={path}: its data are gone; choose others, such as data=cifar10: {one_line(error)}"
        ) from error


def newest(run: str | Path) -> Path | None:
    """A run's newest intact checkpoint; None if it has none, an InputError if all are damaged."""
    found = [path for name in (LAST, PREVIOUS) if (path := Path(run) / "checkpoints" / name).exists()]
    for path in found:
        try:
            read_any(path)
            return path
        except InputError as error:
            log.warning("%s%s", error, "" if path is found[-1] else ": the one before it is used")
    if found:
        raise InputError(f"resume={run}: no checkpoint is intact; best.ckpt may be (checkpoint=… in a new run)")
    return None


def check_same(path: Path, checkpoint: dict[str, Any], task: RestorationTask) -> None:
    """Raise an InputError if a run's own checkpoint has another task, because pictures or code have changed."""
    found = first_difference(checkpoint["hyper_parameters"], brought_up_to_date(dict(task.hparams)))
    if found:
        raise InputError(f"{path}: was made with another {found[0]}; the pictures, or the code, have changed since")


def check_resumable(path: str | Path, checkpoint: dict[str, Any], task: RestorationTask, max_epochs: int) -> None:
    """Check that training of `task` can resume from a checkpoint, read from `path`, up to `max_epochs`.

    Raises:
        UsageError: the tasks' settings differ (the message names the first difference), or no epochs are left.
    """
    made_by, asked = checkpoint["colourize"]["task"], qualified_name(task)
    if made_by != asked:
        raise UsageError(f"checkpoint={path}: was made by {made_by}, this run's task is {asked}")
    found = first_difference(checkpoint["hyper_parameters"], brought_up_to_date(dict(task.hparams)))
    if found:
        key, then, now = found
        details = f" ({then} there, {now} here)"
        if isinstance(then, Tensor) or isinstance(now, Tensor):
            details = "; it was fitted to other training pictures, or by another data.palette"
        raise UsageError(f"checkpoint={path}: was made with another {key}{details}")
    if checkpoint.get("epoch", -1) + 1 >= max_epochs:
        trained = checkpoint["epoch"] + 1
        raise UsageError(f"trainer.max_epochs={max_epochs}: checkpoint={path} has trained {trained} epochs already")
    if TOTAL_STEPS in (checkpoint["hyper_parameters"].get("lr_scheduler") or {}).values():
        log.warning("The learning-rate schedule of %s goes on as it was planned for that run's epochs", path)


def first_difference(then: Any, now: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """The first difference between two nested configurations: its dotted key and both values."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*then, *now]):
            found = first_difference(then.get(name), now.get(name), f"{key}.{name}".lstrip("."))
            if found:
                return found
        return None
    both = isinstance(then, Tensor) and isinstance(now, Tensor)
    return None if (torch.equal(then, now) if both else then == now) else (key, then, now)


def _check_trust(
    path: str | Path, checkpoint: dict[str, Any], part: str, arguments: str, trust: str | Sequence[str]
) -> None:
    """Refuse classes that are not trusted, before objects of them are made."""
    trusted = packages(trust)
    check_name(f"checkpoint={path}", checkpoint["colourize"].get(part), trusted)
    check_names(f"checkpoint={path}", checkpoint.get(arguments), trusted)
