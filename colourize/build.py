"""From a composed configuration to its parts: data, then task, then trainer."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterable
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import get_object, instantiate
from lightning import Callback, Trainer
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint, ProgressBar
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, ListConfig, OmegaConf

from colourize.answers import PaletteClasses
from colourize.checks import check_batches, check_monitors, check_places, check_trainer
from colourize.colour.palette import NO_PALETTE, load_palette
from colourize.data.pictures import PictureData
from colourize.errors import UsageError, check_count, check_flag, one_line
from colourize.machine.precision import PRECISIONS, automatic_precision, available_accelerator
from colourize.models.baselines import Baseline
from colourize.runs.checkpoint_files import CheckpointFiles
from colourize.tasks.optimisation import build_optimizer, build_scheduler, check_rates
from colourize.tasks.restoration import RestorationTask, build_loss, check_given, check_loss, check_model, check_prior

log = logging.getLogger(__name__)

LARGEST_SIZE = 2**31 - 1  # of a tensor, in any direction

# Lightning's hints, its lists of devices that are not there and of processes that are; warnings stay.
for name in ("lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.WARNING)
# Of Lightning's, nothing that a user could mend: about the newest torch, and about any machine that has SLURM.
NEEDLESS_WARNINGS = (".*LeafSpec.*", "The `srun` command is available")
for message in NEEDLESS_WARNINGS:
    warnings.filterwarnings("ignore", message=message)


def check_settings(config: DictConfig) -> None:
    """Refuse at once, before any picture is read, what can be seen from the configuration alone.

    It builds the parts of the task once and throws them away; the random generator is to be seeded afterwards.

    Raises:
        UsageError: a value that is not allowed.
    """
    check_count("seed", config.seed, least=0, most=2**32 - 1)  # numpy's limit
    check_flag("compile", config.get("compile", False))
    check_trainer(config.trainer)
    parts = parts_of_task(config)
    check_targets({"task": parts, "model": config.model})
    degradation = instantiate(parts["degradation"])
    answer = instantiate(parts["answer"])
    check_given(degradation, answer)
    check_loss(parts["loss"], answer)
    build_loss(parts["loss"])
    # An answer that is still to be fitted does not know its outputs yet: mostly as many as the palette has colours.
    palette = config.data.get("palette")
    if isinstance(palette, str) and not hasattr(answer, "out_channels"):
        palette = len(load_palette(palette))
    if palette is None and isinstance(answer, PaletteClasses):
        raise UsageError(NO_PALETTE)
    is_count = type(palette) is int and palette > 1  # what else stands there the data refuse
    outputs = getattr(answer, "out_channels", palette if is_count else 24)
    channels = {"in_channels": degradation.channels, "out_channels": outputs}
    for key, value in config.model.items():
        if type(value) is int and value > LARGEST_SIZE:
            raise UsageError(f"model.{key}={value}: must be at most {LARGEST_SIZE}")
    model = instantiate(config.model, **channels)
    check_model(model, answer)
    prior = instantiate(parts.get("prior"), **channels)
    for key, part in (("model", model), ("prior", prior)):
        if isinstance(part, Baseline):
            part.prepare(degradation, answer, key)
    check_prior(model, prior)
    if "optimizer" in parts:  # not of a baseline that is only evaluated
        optimizer = build_optimizer(parts["optimizer"], [torch.nn.Parameter(torch.zeros(1))])
        scheduler = build_scheduler(parts.get("lr_scheduler"), optimizer, total_steps=100)
        check_rates(scheduler, parts.get("lr_scheduler") or {}, total_steps=100)
    check_places(config)


def check_targets(node: Any, key: str = "") -> None:
    """Raise a UsageError where something that a configuration names as `_target_` cannot be imported, at any depth."""
    nested: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, (dict, DictConfig)):
        nested = node.items()
    elif isinstance(node, (list, ListConfig)):
        nested = enumerate(node)
    for name, value in nested:
        where = f"{key}.{name}".lstrip(".")
        if name == "_target_":
            hydras = logging.getLogger("hydra.utils")  # it writes lines of its own
            hydras.disabled = True
            try:
                get_object(str(value))
            except Exception as error:
                raise UsageError(f"{where}={value}: cannot be imported ({one_line(error)})") from error
            finally:
                hydras.disabled = False
        check_targets(value, where)


def parts_of_task(config: DictConfig) -> dict[str, Any]:
    """The configurations of a task's parts, as plain values.

    Raises:
        UsageError: one that it cannot do without was left out or replaced by null.
    """
    nodes = {"model": config.get("model"), "task": config.get("task")}
    parts: dict[str, Any] = OmegaConf.to_container(nodes["task"] or OmegaConf.create({}), resolve=True)  # type: ignore[assignment]
    nodes |= {key: parts.get(key) for key in ("degradation", "answer", "loss")}
    if parts.get("prior") is not None:
        nodes["prior"] = parts["prior"]
    for key, node in nodes.items():
        if not (node and "_target_" in node):
            raise UsageError(f"{key}: missing; {key}=… names one")
    return parts


def make_data(config: DictConfig) -> PictureData:
    """The data of `config.data`, of which nothing is read yet.

    Raises:
        UsageError: a value that is not allowed.
    """
    data: PictureData = instantiate(config.data, _recursive_=False, _convert_="all")
    return data


def build_data(config: DictConfig) -> PictureData:
    """The data of `config.data`, loaded and split, to be trained on.

    Raises:
        UsageError, InputError: a value that is not allowed; pictures that cannot be had.
    """
    data = make_data(config)
    data.prepare_data()
    data.setup("fit")
    check_batches(config.trainer, data)
    return data


def build_task(config: DictConfig, data: PictureData) -> RestorationTask:
    """The task of `config.task` with the model of `config.model`, its parts fitted to the data's training pictures.

    Raises:
        UsageError: a value that is not allowed, or parts that do not fit each other or the data.
    """
    # The task builds its own parts from plain values, so that its checkpoint can do the same.
    make_task = instantiate(config.task, _partial_=True, _recursive_=False, _convert_="all")
    task: RestorationTask = make_task(
        model=OmegaConf.to_container(config.model, resolve=True),
        divisor=data.divisor,
        size=list(data.pictures.train.shape[1:3]),
        training=data.training,
    )
    check_monitors(config, task, data)
    if config.get("compile"):
        task.model.compile()  # not torch.compile(model), which would rename every weight in the checkpoint
    return task


def build_trainer(config: DictConfig) -> Trainer:
    """The Lightning Trainer of `config.trainer`, with the callbacks and the logger of the configuration.

    Raises:
        UsageError: settings that Lightning refuses.
    """
    check_trainer(config.trainer)
    if "max_epochs" in config.trainer:
        check_count("trainer.max_epochs", config.trainer.max_epochs)
    if "ddp" in str(config.trainer.get("strategy")) and sweeps_here():
        raise UsageError(
            "trainer.strategy=ddp: its processes would each start the whole sweep again; one device a job "
            "(launcher=joblib), or launcher=submitit"
        )
    check_tasks(config.trainer)
    if str(config.trainer.precision) not in PRECISIONS:
        raise UsageError(f"trainer.precision={config.trainer.precision}: must be one of {', '.join(PRECISIONS)}")
    config.trainer.accelerator = available_accelerator(config.trainer.accelerator)
    if config.trainer.precision == "auto":
        config.trainer.precision, reason = automatic_precision(config.trainer.accelerator)
        log.info("Precision %s: %s (trainer.precision=32-true for float32)", config.trainer.precision, reason)
    logger: Logger | bool = instantiate(config.logger) if config.get("logger") else False
    callbacks = build_callbacks(config, with_logger=bool(logger))
    checkpointing = any(isinstance(callback, ModelCheckpoint) for callback in callbacks)
    # A debugging aid of torch's that comes with `deterministic`: it writes over memory that is about to be written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    try:
        plugins = [*(instantiate(config.trainer.get("plugins")) or []), CheckpointFiles()]
        return instantiate(
            config.trainer, callbacks=callbacks, logger=logger, enable_checkpointing=checkpointing, plugins=plugins,
            _convert_="all",
        )  # fmt: skip
    except Exception as error:
        cause = error.__cause__ or error
        raise UsageError(f"trainer: {' '.join(str(cause).split())}") from error


def build_callbacks(config: DictConfig, *, with_logger: bool) -> list[Callback]:
    """The callbacks of `config.callbacks`, less those that the rest of the configuration leaves without work."""
    nodes = (config.get("callbacks") or {}).values()
    callbacks: list[Callback] = [instantiate(node) for node in nodes if node]
    # Lightning refuses both.
    if not with_logger:
        callbacks = [callback for callback in callbacks if not isinstance(callback, LearningRateMonitor)]
    if not config.trainer.get("enable_progress_bar", True):
        callbacks = [callback for callback in callbacks if not isinstance(callback, ProgressBar)]
    return callbacks


def check_launcher() -> None:
    """Raise a UsageError where a launcher was chosen that Hydra does not use, as there is no sweep."""
    if HydraConfig.initialized() and HydraConfig.get().mode == RunMode.RUN:
        launcher = HydraConfig.get().runtime.choices.get("launcher", "basic")
        if launcher != "basic":
            raise UsageError(f"launcher={launcher}: acts on a sweep only, with -m")


def check_tasks(trainer: DictConfig) -> None:
    """Raise a UsageError where SLURM runs this job in another number of processes than Lightning is to use."""
    if os.environ.get("SUBMITIT_EXECUTOR") != "slurm":
        return
    pairs = (("devices", "tasks_per_node", "SLURM_NTASKS_PER_NODE"), ("num_nodes", "nodes", "SLURM_NNODES"))
    for key, asked_for, variable in pairs:
        wanted, found = trainer.get(key, 1), os.environ.get(variable, "1")
        if type(wanted) is int and wanted > 0 and str(wanted) != found:
            raise UsageError(
                f"trainer.{key}={wanted}: of a SLURM job with hydra.launcher.{asked_for}={found}; both must be the same"
            )


def sweeps_here() -> bool:
    """Whether this is a job of a sweep that runs on this machine."""
    if not HydraConfig.initialized():
        return False
    hydra = HydraConfig.get()
    return hydra.mode == RunMode.MULTIRUN and "submitit" not in str(hydra.runtime.choices.get("hydra/launcher"))
