"""Where a training starts: at its first step, in its own or another run's checkpoint, or from the weights of a file.

The last is fine-tuning, such as of builtin:colour on one's own pictures. If no task is typed, the file's task is used:
network, degradation, answer, loss and everything that was fitted, such as the palette. If a task is typed, it is used
with the file's tensors of the same name and shape. A network that enlarges four times can thus start from one that
enlarges twice.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning import Trainer
from omegaconf import DictConfig, OmegaConf, open_dict
from torch import Tensor
from torchmetrics import Metric

from colourize.callbacks import weight_averaging
from colourize.checkpoints import check_resumable, check_same, has_training_state, newest, read, read_any
from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.runs.method_settings import is_one_of
from colourize.runs.sweeps import as_typed, key_of
from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)

PARTS = ("degradation", "answer", "loss", "prior")
CHOICES = ("experiment", "task", "model", "degradation", "answer", "prior")  # groups, each of which chooses a task
OF_FILE = ("model", "task.degradation", "task.answer", "task.prior", "data.palette", "data.divisor")
RATE = "task.optimizer.lr"
SHARE = 0.1  # share of the configured learning rate; with a low rate, less is forgotten


class StartingPoint:
    """The checkpoint from which a training starts, if any; a damaged one is refused before pictures are read.

    The task of a file without a training's state is put into the configuration, see `adopt`.

    Args:
        config: the training's configuration.
        resumes: whether the run in its folder is resumed.

    Attributes:
        own: the run's own checkpoint, with which it resumes.
        weights: for fine-tuning, the file of the weights (`checkpoint`) and its validation measures before the first
            step.
    """

    def __init__(self, config: DictConfig, *, resumes: bool) -> None:
        self.config = config
        self.own: Path | None = newest(config.output_dir) if resumes else None
        self.weights: dict[str, Any] | None = None
        self._contents: dict[str, Any] = {}
        if self.own is not None:
            self._contents = read_any(self.own)
            self.weights = self._contents["colourize"].get("start")
        elif config.checkpoint is not None:
            self._contents = read(config.checkpoint, config.trust)
            if not has_training_state(self._contents):
                self.weights = {"checkpoint": str(config.checkpoint)}
                if not resumes:
                    adopt(config, self._contents)

    @property
    def checkpoint(self) -> str | None:
        """The checkpoint whose training continues; None if the training begins at its first step."""
        other = self.config.checkpoint if self.weights is None else None
        path = self.own or other
        return None if path is None else str(path)

    def fitted(self) -> dict[str, dict[str, Tensor]] | None:
        """For fine-tuning, the parts that the file has fitted already."""
        return fitted_parts(self.config, self._contents) if self.weights else None

    def enter(self, task: RestorationTask, trainer: Trainer) -> None:
        """Check that a fitted task can start here, and load the weights with which a fine-tuning starts.

        Raises:
            UsageError, InputError: the checkpoint was made with another task, or no epochs are left.
        """
        path = self.config.checkpoint
        if self.own is not None:
            check_same(self.own, self._contents, task)
        elif self.weights is not None:
            take_weights(task, self._contents, path)
        elif path is not None:
            check_resumable(path, self._contents, task, self.config.trainer.max_epochs)
            weight_averaging.check_alike(trainer, path, self._contents)
        task.start = self.weights
        self._contents = {}  # a training needs the memory


def adopt(config: DictConfig, contents: Mapping[str, Any]) -> None:
    """Put the task of a checkpoint's contents into a configuration, and lower its learning rate, unless they are typed.

    Raises:
        UsageError: a part of the file's task was typed.
    """
    typed = _typed()
    if any(key in CHOICES for key in typed):
        return
    wrong = [key for key in typed if is_one_of(key, OF_FILE)]
    if wrong:
        raise UsageError(f"{wrong[0]}: checkpoint={config.checkpoint} brings its own; task=… or model=… begins another")
    task = contents["hyper_parameters"]
    loss_is_typed = any(key == "loss" or key.startswith("task.loss") for key in typed)
    parts = [name for name in PARTS if not (name == "loss" and loss_is_typed)]
    with open_dict(config):
        config.model = task["model"]
        config.task._target_ = contents["colourize"]["task"]
        for name in parts:
            config.task[name] = task[name]
        config.data.divisor = task["divisor"]
        if RATE not in typed and "optimizer" not in typed and config.task.get("optimizer"):
            config.task.optimizer.lr *= SHARE
            log.info("Learning rate %g, a tenth of the usual (%s=… sets another)", config.task.optimizer.lr, RATE)


def fitted_parts(config: DictConfig, contents: Mapping[str, Any]) -> dict[str, dict[str, Tensor]]:
    """The fitted tensors in a checkpoint's contents, for the parts that are the same in a configuration's task.

    A table or a filter is the same only with the same degradation and answer.
    """
    before = contents["hyper_parameters"]
    own: Any = OmegaConf.to_container(config.task, resolve=True)
    now = {"model": OmegaConf.to_container(config.model, resolve=True), **{name: own.get(name) for name in PARTS}}
    same = {name for name, part in now.items() if part == before.get(name)}
    if "data.palette" in _typed():
        same.discard("answer")
    if not {"degradation", "answer"} <= same:
        same &= {"answer"}
    return {name: found for name, found in before["fitted"].items() if name in same}


def take_weights(task: RestorationTask, contents: Mapping[str, Any], path: str) -> None:
    """Load the weights of a checkpoint's contents that fit a task; the log names the tensors that stay new.

    Raises:
        UsageError: no tensor fits.
    """
    own = task.state_dict()
    fitting = {
        name: value for name, value in contents["state_dict"].items() if name in own and own[name].shape == value.shape
    }
    new = [name for name in own if name not in fitting]
    if not fitting:
        raise UsageError(f"checkpoint={path}: none of its weights fits {type(task.model).__name__}")
    task.load_state_dict({**own, **fitting})
    log.info(
        "%d of %d tensors are those of %s%s", len(fitting), len(own), path, f"; new: {', '.join(new)}" if new else ""
    )


def measure_start(trainer: Trainer, task: RestorationTask, data: PictureData) -> dict[str, float]:
    """The validation measures before the first step."""
    trainer.validate(task, datamodule=data, verbose=False)
    measures = {name: value.item() for name, value in trainer.callback_metrics.items()}
    log.info("Before the first step: %s", ", ".join(f"{name} {value:.4g}" for name, value in measures.items()))
    for module in task.modules():  # means from inference mode cannot be changed in training
        if isinstance(module, Metric):
            module.reset()
    return measures


def verdict(start: Mapping[str, Any], monitor: str, mode: str, best: float) -> str:
    """Whether the best weights of a training are better than those it started from."""
    before = start.get(monitor)
    if before is None:
        return f"Whether it is better than the start, {start['checkpoint']}, is not known: {monitor} was not measured"
    is_better = best < before if mode == "min" else best > before
    words = "Better than" if is_better else "No better than"
    return f"{words} the start, {start['checkpoint']}: {monitor} {best:.4g} at best, {before:.4g} before the first step"


def _typed() -> list[str]:
    """The keys and groups that were typed."""
    return [key_of(word).replace("/", ".") for word in as_typed() if not word.endswith("=null")]
