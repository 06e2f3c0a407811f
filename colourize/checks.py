"""What would fail only after minutes, or never and mean nothing: settings of the trainer, places to write to."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import torch
from omegaconf import DictConfig

from colourize.data.pictures import PictureData
from colourize.errors import InputError, UsageError
from colourize.measures.selection import EPOCH
from colourize.tasks.restoration import RestorationTask

PLACES = ("dirpath", "folder", "save_dir")  # arguments of callbacks and loggers that name a folder
LOSSES = ("train/loss", "val/loss")


def check_trainer(trainer: DictConfig) -> None:
    """Refuse settings that Lightning takes, or tells in words of its own.

    Raises:
        UsageError: no training, no test, a GPU that is not there, more processes than cores.
    """
    for stage in ("train", "val", "test"):
        limit = trainer.get(f"limit_{stage}_batches")
        is_share = isinstance(limit, float) and 0 <= limit <= 1
        if not (limit is None or is_share or (type(limit) is int and limit >= 0)):
            allowed = "must be a number of batches, or a share from 0.0 to 1.0"
            raise UsageError(f"trainer.limit_{stage}_batches={limit}: {allowed}")
    for stage, done in (("train", "trained"), ("test", "tested")):
        if trainer.get(f"limit_{stage}_batches") == 0:
            raise UsageError(f"trainer.limit_{stage}_batches=0: nothing would be {done}; must be above 0")
    accelerator, devices = str(trainer.get("accelerator")), trainer.get("devices")
    if accelerator in ("gpu", "cuda") and not torch.cuda.is_available():
        raise UsageError(
            f"trainer.accelerator={accelerator}: torch finds no GPU here; trainer=default takes what there is"
        )
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not torch.cuda.is_available())
    most = max(os.cpu_count() or 1, 2)  # two everywhere, to try it out
    if on_cpu and str(devices).isdecimal() and int(devices) > most:
        raise UsageError(f"trainer.devices={devices}: more processes than this machine has cores; must be 1 to {most}")


def check_places(config: DictConfig) -> None:
    """Refuse folders of callbacks and of the logger that cannot be written to; nothing is left of the attempt.

    Raises:
        InputError: of the first such folder.
    """
    nodes = {f"callbacks.{name}": node for name, node in (config.get("callbacks") or {}).items()}
    for key, node in (nodes | {"logger": config.get("logger")}).items():
        for name in PLACES:
            if isinstance(node, DictConfig) and node.get(name):
                _check_folder(f"{key}.{name}", Path(str(node[name])).absolute())


def _check_folder(key: str, folder: Path) -> None:
    missing: list[Path] = []
    try:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, ValueError) as error:  # ValueError: a null byte
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{key}={folder}: cannot be written to ({reason}); must name a folder") from None
    finally:
        for each in missing:
            with contextlib.suppress(OSError):
                each.rmdir()


def check_batches(trainer: DictConfig, data: PictureData) -> None:
    """Raise a UsageError where a share of the batches is less than one; Lightning would tell it when it begins."""
    sizes = {"train": data.batch_size, "val": data.eval_batch_size, "test": data.eval_batch_size}
    for stage, size in sizes.items():
        limit, count = trainer.get(f"limit_{stage}_batches"), -(-len(getattr(data.pictures, stage)) // size)
        if isinstance(limit, float) and 0 < limit * count < 1:
            raise UsageError(
                f"trainer.limit_{stage}_batches={limit}: less than one of the {count} batches; must be at least "
                f"{1 / count:.3g}, or a number of batches"
            )


def check_monitors(config: DictConfig, task: RestorationTask, data: PictureData) -> None:
    """Raise a UsageError where a callback waits for a measure that the task does not have."""
    for name, node in (config.get("callbacks") or {}).items():
        monitor = node.get("monitor") if isinstance(node, DictConfig) else None
        # A task of one's own may log more; Lightning tells then.
        if monitor is None or monitor in LOSSES or type(task) is not RestorationTask:
            continue
        names = [*LOSSES, *(f"val/{measure}" for measure in _measures(task, data))]
        if monitor not in names:
            raise UsageError(f"callbacks.{name}.monitor={monitor}: must be one of {', '.join(names)}")


def _measures(task: RestorationTask, data: PictureData) -> list[str]:
    """What the task measures at each validation, by trying one picture."""
    was_training = task.training
    task.eval()  # else the picture would change the statistics of batch normalisation
    with torch.no_grad():
        pair = task.make_pair(data.first("val", 1))
        names = list(task.answer.measures(task.outputs(pair).float(), pair.target, quick=True))
    task.train(was_training)
    return [*names, *EPOCH] if task.answer.per_pixel else names
