"""Builds data, task and trainer from a composed configuration.

Wrong settings are refused while these are made, before any picture is read (`make_data`, `make_task`, `build_trainer`).
Parts are fitted once the pictures are read (`read_data`, `fit_task`).
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate
from lightning import Callback, Trainer
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, ProgressBar
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from colourize.checkpoints import first_difference, load
from colourize.configuration import build_part
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, UsageError, check_count, check_flag, one_line
from colourize.files import check_writable
from colourize.losses.distillation import Distillation
from colourize.losses.weighted_sum import terms_of
from colourize.machine.precision import PRECISIONS, automatic_precision, available_accelerator
from colourize.measures.registry import EPOCH
from colourize.runs.checkpoint_files import CheckpointFiles
from colourize.runs.sweeps import as_typed, pairs
from colourize.tasks.optimisation import check_optimisation
from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)

LARGEST_SIZE = 2**31 - 1  # the largest dimension of a tensor
PLACES = ("dirpath", "folder", "save_dir")  # arguments of callbacks and loggers that name a folder
LOSSES = ("train/loss", "val/loss")
QUESTION = ("degradation", "answer")  # the parts of a task that a teacher must share

# Silences Lightning's hints and lists of devices, but not its warnings.
for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.WARNING)
# Users can do nothing about these two warnings, of the newest torch, and on a machine with SLURM.
NEEDLESS_WARNINGS = (".*LeafSpec.*", "The `srun` command is available")
for message in NEEDLESS_WARNINGS:
    warnings.filterwarnings("ignore", message=message)


def make_data(config: DictConfig, **changes: Any) -> PictureData:
    """Make the data of `config.data`, with some arguments changed; no picture is read yet."""
    data: PictureData = build_part("data", config.data, **changes, _recursive_=False, _convert_="all")
    return data


def read_data(config: DictConfig, data: PictureData) -> PictureData:
    """Load and split the pictures for training; a UsageError or InputError if they are too few or missing."""
    data.prepare_data()
    data.setup("fit")
    sizes = {"train": data.batch_size, "val": data.eval_batch_size, "test": data.eval_batch_size}
    lengths = {name: len(part) for name, part in data.pictures._asdict().items()} | {"train": data.epoch_length}
    for stage, size in sizes.items():
        limit, count = config.trainer.get(f"limit_{stage}_batches"), -(-lengths[stage] // size)
        if isinstance(limit, float) and 0 < limit * count < 1:  # Lightning would notice this after minutes
            key, least = f"trainer.limit_{stage}_batches", f"{1 / count:.3g}"
            raise UsageError(f"{key}={limit}: less than one of the {count} batches; must be at least {least}")
    return data


def prepare_test(data: PictureData) -> PictureData:
    """Load the pictures for a test."""
    data.prepare_data()
    data.setup("test")
    return data


def build_data(config: DictConfig) -> PictureData:
    """`make_data` and `read_data`: the data of `config.data`, ready for training."""
    return read_data(config, make_data(config))


def make_task(config: DictConfig, data: PictureData, fitted: Mapping[str, Any] | None = None) -> RestorationTask:
    """Make the task of `config.task` with the model of `config.model`; it needs no picture.

    Only the parts in `fitted` are fitted yet, see `RestorationTask`.
    """
    check_flag("compile", config.get("compile", False))
    for key, value in (config.get("model") or {}).items():
        if type(value) is int and value > LARGEST_SIZE:
            raise UsageError(f"model.{key}={value}: must be at most {LARGEST_SIZE}")
    # The task builds its own parts from plain values, so that its checkpoint can do the same.
    settings: Any = OmegaConf.to_container(config.get("task") or OmegaConf.create(), resolve=True)
    settings |= {key: settings.get(key) for key in ("degradation", "answer", "loss")}
    check_losses(settings["loss"])
    settings["model"] = OmegaConf.to_container(config.model, resolve=True) if config.get("model") else None
    if config.get("measures"):
        settings["measures"] = config.measures.names
    task: RestorationTask = build_part(
        "task", settings, divisor=data.divisor, palette=data.palette, fitted=fitted, _recursive_=False, _convert_="all"
    )
    read_teachers(task, config.get("trust") or ())
    check_monitors(config, task)
    if task.is_trained and "optimizer" in config.task:  # an evaluation has none
        check_optimisation(task.hparams["optimizer"], task.hparams["lr_scheduler"], task.parameters())
    if config.get("compile"):
        task.model.compile()  # torch.compile(model) would rename every weight in the checkpoint
    return task


def fit_task(task: RestorationTask, data: PictureData) -> RestorationTask:
    """Fit the task's parts to the data's training pictures."""
    task.fit_parts(data.training)
    check_teachers(task)
    return task


def check_monitors(config: DictConfig, task: RestorationTask) -> None:
    """Raise a UsageError if a callback monitors what the task does not measure.

    A user's own task may log other measures; Lightning checks those later.
    """
    if type(task) is not RestorationTask:
        return
    names = [*LOSSES, *(f"val/{measure.name}" for measure in task.applicable_measures(EPOCH))]
    for name, node in (config.get("callbacks") or {}).items():
        monitor = node.get("monitor") if isinstance(node, DictConfig) else None
        if monitor is not None and monitor not in names:
            raise UsageError(f"callbacks.{name}.monitor={monitor}: must be one of {', '.join(names)}")


def read_teachers(task: RestorationTask, trust: Sequence[str]) -> None:
    """Build the task's loss; a distillation's teachers are read from their checkpoints.

    Raises:
        UsageError, InputError: a teacher cannot be read, or cannot teach this task.
    """
    for loss in _distillations(task):
        try:
            loss.learn_from([load(path, trust) for path in loss.teachers])
        except ColourizeError as error:
            raise type(error)(f"task.loss.teachers: {error}") from error
    check_teachers(task)


def check_teachers(task: RestorationTask) -> None:
    """Raise a UsageError if a distillation's teacher has another degradation, answer or palette than the task."""

    def asked(each: Any) -> dict[str, Any]:
        fitted = {name: each.hparams["fitted"].get(name) for name in QUESTION if name in task.hparams["fitted"]}
        return {**{key: each.hparams[key] for key in (*QUESTION, "divisor")}, "fitted": fitted}

    for loss in _distillations(task) if task.is_trained else ():
        for path, teacher in zip(loss.teachers, loss.networks, strict=True):
            if found := first_difference(asked(teacher), asked(task)):
                key, then, now = found
                details = "" if isinstance(then, Tensor) or isinstance(now, Tensor) else f" ({then} there, {now} here)"
                raise UsageError(f"task.loss.teachers: {path} has another {key} than this task{details}")
        stride = getattr(task.model, "training_stride", 1)
        if stride > 1:
            name = type(task.model).__name__
            raise UsageError(f"task.loss=Distillation: needs every pixel; in training {name} answers one in {stride}")


def _distillations(task: RestorationTask) -> list[Distillation]:
    return [loss for loss in task.build_loss().modules() if isinstance(loss, Distillation)]


def build_task(config: DictConfig, data: PictureData) -> RestorationTask:
    """`make_task` and `fit_task`: the task of `config.task`, ready for training."""
    return fit_task(make_task(config, data), data)


def build_trainer(config: DictConfig) -> Trainer:
    """Build the Lightning Trainer of `config.trainer`, with the configuration's callbacks and logger.

    Raises:
        UsageError: Lightning refuses a setting.
        InputError: a folder cannot be written to.
    """
    settings = config.trainer
    check_limits(settings)
    check_devices(settings)
    if "max_epochs" in settings:
        check_count("trainer.max_epochs", settings.max_epochs)
    if str(settings.precision) not in PRECISIONS:
        raise UsageError(f"trainer.precision={settings.precision}: must be one of {', '.join(PRECISIONS)}")
    settings.accelerator = available_accelerator(settings.accelerator)
    if settings.precision == "auto":
        settings.precision, reason = automatic_precision(settings.accelerator)
        advice = "" if settings.precision == "32-true" else " (trainer.precision=32-true for float32)"
        log.info("Precision %s: %s%s", settings.precision, reason, advice)
    nodes = {f"callbacks.{name}": node for name, node in (config.get("callbacks") or {}).items() if node}
    if config.get("logger"):
        nodes["logger"] = config.logger
    for key, node in nodes.items():
        for name in PLACES:
            if isinstance(node, DictConfig) and node.get(name):
                check_writable(f"{key}.{name}", Path(str(node[name])).absolute())
    parts = {key: build_part(key, node) for key, node in nodes.items()}
    logger: Logger | bool = parts.pop("logger", False)
    # Lightning refuses a LearningRateMonitor without a logger.
    idle: list[type[Callback]] = [] if logger else [LearningRateMonitor]
    if not settings.get("enable_progress_bar", True):
        idle.append(ProgressBar)
    callbacks = [callback for callback in parts.values() if not isinstance(callback, tuple(idle))]
    checkpointing = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    # `deterministic` switches on this debugging aid of torch, which fills memory that is about to be written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        plugins = [*(instantiate(settings.get("plugins")) or []), CheckpointFiles()]
        return instantiate(
            settings, callbacks=callbacks, logger=logger, enable_checkpointing=checkpointing, plugins=plugins,
            _convert_="all",
        )  # fmt: skip
    except Exception as error:
        raise UsageError(f"trainer: {one_line(error.__cause__ or error)}") from error


def check_limits(trainer: DictConfig) -> None:
    """Raise a UsageError if a limit of batches is wrong, or leaves nothing to train or test."""
    for stage, done in (("train", "trained"), ("val", None), ("test", "tested")):
        key = f"limit_{stage}_batches"
        limit = trainer.get(key)
        is_share = isinstance(limit, float) and 0 <= limit <= 1
        if not (limit is None or is_share or (type(limit) is int and limit >= 0)):  # Lightning would read True as 1
            raise UsageError(f"trainer.{key}={limit}: must be a number of batches, or a share from 0.0 to 1.0")
        if limit == 0 and done:
            raise UsageError(f"trainer.{key}=0: nothing would be {done}; must be above 0")


def check_devices(trainer: DictConfig) -> None:
    """Raise a UsageError if there is no such GPU, or the processes do not fit the machine, sweep or SLURM job."""
    accelerator, devices = str(trainer.get("accelerator")), str(trainer.get("devices"))
    has_gpu = torch.cuda.is_available()
    if accelerator in ("gpu", "cuda") and not has_gpu:
        raise UsageError(f"trainer.accelerator={accelerator}: there is no GPU; trainer=default takes what there is")
    most = max(os.cpu_count() or 1, 2)  # two are allowed on any machine, for trials
    on_cpu = accelerator == "cpu" or (accelerator == "auto" and not has_gpu)
    if on_cpu and devices.isdecimal() and int(devices) > most:
        raise UsageError(f"trainer.devices={devices}: more processes than this machine has cores; must be 1 to {most}")
    hydra = HydraConfig.get() if HydraConfig.initialized() else None
    sweeps_here = hydra is not None and hydra.mode == RunMode.MULTIRUN and "submitit" not in hydra.launcher._target_
    if sweeps_here and "ddp" in str(trainer.get("strategy")):
        raise UsageError("trainer.strategy=ddp: a sweep's jobs take one device each here, or launcher=submitit")
    if os.environ.get("SUBMITIT_EXECUTOR") == "slurm":
        pairs = (("devices", "tasks_per_node", "SLURM_NTASKS_PER_NODE"), ("num_nodes", "nodes", "SLURM_NNODES"))
        for key, resource, variable in pairs:
            wanted, found = trainer.get(key, 1), os.environ.get(variable, "1")
            if type(wanted) is int and wanted > 0 and str(wanted) != found:
                raise UsageError(
                    f"trainer.{key}={wanted}: must equal this SLURM job's hydra.launcher.{resource}={found}"
                )


def check_launcher() -> None:
    """Raise a UsageError for a launcher without a sweep, as Hydra would ignore the launcher."""
    if HydraConfig.initialized() and HydraConfig.get().mode == RunMode.RUN:
        launcher = HydraConfig.get().runtime.choices.get("launcher", "basic")
        if launcher != "basic":
            raise UsageError(f"launcher={launcher}: acts on a sweep only, with -m")


def check_losses(loss: dict[str, Any]) -> None:
    """Raise a UsageError if several losses were chosen and one replaced another."""
    names = re.findall(r"\w+", pairs(as_typed()).get("loss", ""))  # `choices` has no lists
    if len(names) > len(terms_of(loss)):
        raise UsageError(
            f"loss=[{','.join(names)}]: must name each loss once, and at most one of cross_entropy, distillation, mae, "
            "mse and psnr"
        )
