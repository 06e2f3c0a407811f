"""Every option of every group in conf/: it composes, its values arrive, and the object that it describes is built.

The options are found by listing the files, so that a new one is tested from its first day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
import torch
from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from colourize.build import build_data, build_task, build_trainer
from colourize.cli import app
from colourize.data.cifar10 import CIFAR10Data
from colourize.data.pictures import PictureData, Pictures
from colourize.errors import UsageError
from colourize.tasks import RestorationTask

CONF = app.config_dir()
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
# What a user must give with an option.
# What a user must install for it; the extra `dev` brings it.
PLUGINS = {("launcher", "submitit"): "hydra_plugins.hydra_submitit_launcher"}
SMALL = ("data.num_train=8", "data.num_val=4", "data.num_test=4")
TINY = (
    "data=synthetic",
    *SMALL,
    "data.batch_size=4",
    "data.palette=4",
    "model.num_filters=4",
    "trainer.max_epochs=2",
    "trainer.accelerator=cpu",
    "callbacks.progress=null",
)
Compose = Callable[..., DictConfig]


# --------------------------------------------------------------------------------------- composition


def test_the_groups_that_people_know_are_there() -> None:
    assert {"data", "model", "task", "trainer", "experiment"} <= set(GROUPS)
    assert not list(CONF.rglob("*.yml"))  # Hydra would not see it


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_its_values_arrive(group: str, option: str, compose: Compose) -> None:
    needed = PLUGINS.get((group, option))
    if needed and find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    config = compose(f"{group}={option}")
    choices = config.hydra.runtime.choices
    assert choices[group] == option
    for other, chosen in overridden(CONF / group / f"{option}.yaml"):
        assert choices[other] == chosen
    plain = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
    OmegaConf.to_container(plain, resolve=True, throw_on_missing=True)
    for key, value in own_values(CONF / group / f"{option}.yaml"):
        arrived = OmegaConf.select(config, key)
        assert (arrived.name if isinstance(arrived, Enum) else arrived) == value, key


def overridden(path: Path) -> Iterator[tuple[str, str]]:
    """The other groups that an option's file chooses for, and what it chooses there."""
    for entry in OmegaConf.load(path).get("defaults", []):
        if isinstance(entry, DictConfig):
            for key, option in entry.items():
                yield str(key).removeprefix("override ").removeprefix("/"), option


def own_values(path: Path) -> Iterator[tuple[str, Any]]:
    """The plain values that an option's file sets, each under its full key."""
    package = re.search(r"^# @package (\S+)", path.read_text(), re.MULTILINE)
    prefix = package.group(1) if package else path.parent.name

    def walk(prefix: str, node: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(node, dict):
            for key, value in node.items():
                yield from walk(f"{prefix}.{key}" if prefix else key, value)
        elif not (isinstance(node, str) and ("${" in node or node == "???")):
            yield prefix, node

    contents = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(contents, dict)
    contents.pop("defaults", None)
    yield from walk("" if prefix == "_global_" else prefix, contents)


@pytest.mark.parametrize(
    "key",
    [
        *("data.root", "data.category", "data.batch_size", "data.protocol", "data.palette"),
        *("model.num_filters", "model.kernel_size", "task.optimizer.lr"),
        *("trainer.max_epochs", "trainer.precision", "trainer.accelerator", "seed", "checkpoint"),
    ],
)
def test_the_keys_that_people_type_are_there(key: str, compose: Compose) -> None:
    config = compose()
    parent, _, name = key.rpartition(".")
    assert name in (OmegaConf.select(config, parent) if parent else config)


@pytest.mark.parametrize(("group", "option"), [pair for pair in OPTIONS if pair[0] in ("data", "trainer")])
def test_evaluate_takes_every_source_and_trainer(group: str, option: str, compose: Compose) -> None:
    config = compose(f"{group}={option}", name="evaluate")
    assert config[group] == compose(f"{group}={option}")[group]


def test_evaluate_has_no_data_of_its_own(compose: Compose) -> None:
    assert not compose(name="evaluate").get("data")


def test_the_data_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, compose: Compose) -> None:
    monkeypatch.setenv("COLOURIZE_DATA", "elsewhere")
    assert compose().data.root == "elsewhere"
    monkeypatch.delenv("COLOURIZE_DATA")
    assert compose().data.root == "data"


# ---------------------------------------------------------------------------------------- precedence


def test_the_lists_order_is_own_values_first_and_experiment_last() -> None:
    defaults = OmegaConf.to_container(OmegaConf.load(CONF / "train.yaml").defaults)
    assert isinstance(defaults, list)
    assert defaults[0] == "_self_"
    assert [key.split()[-1] for key in defaults[-1]] == ["experiment"]


def test_an_experiment_wins_over_groups_and_the_command_line_over_both(compose: Compose) -> None:
    assert compose().data.protocol == "honest"
    config = compose("experiment=course", "data.root=here")
    assert config.data.protocol == "course"
    assert config.data.palette == "here/course-palette-24.npy"  # a path: nothing is read
    assert compose("experiment=course", "data.protocol=honest").data.protocol == "honest"


def test_an_experiment_of_ones_own_wins_over_all_that_it_names(tmp_path: Path, compose: Compose) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n"
        "defaults: [override /model: cnn, override /optimizer: sgd]\n"
        "seed: 7\n"
        "model: {num_filters: 5}\n"
        "task: {optimizer: {lr: 0.5}}\n"
        "trainer: {max_epochs: 3}\n"
        "callbacks: {samples: null}\n"
    )
    mine = ["experiment=mine", f"hydra.searchpath=[file://{tmp_path}]"]
    config = compose(*mine)
    assert (config.seed, config.model.num_filters, config.trainer.max_epochs) == (7, 5, 3)
    assert (config.model._target_, config.task.optimizer._target_) == ("colourize.models.CNN", "torch.optim.SGD")
    assert (config.task.optimizer.lr, config.data.seed, config.callbacks.samples) == (0.5, 7, None)
    config = compose("seed=1", "model=unet", "task.optimizer.lr=2", *mine)
    assert (config.seed, config.model._target_, config.model.num_filters) == (1, "colourize.models.UNet", 5)
    assert config.task.optimizer.lr == 2


# ------------------------------------------------------------------------------------------ building


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few noise pictures for each source that would need files; returns the folder of pictures."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    monkeypatch.setattr(CIFAR10Data, "prepare_data", lambda self: None)
    monkeypatch.setattr(CIFAR10Data, "load", lambda self: Pictures(noise[:12], None, noise[12:]))
    monkeypatch.setattr(CIFAR10Data, "cache_dir", None)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(folder / f"{number}.png")
    return folder


def check_data(config: DictConfig) -> None:
    data = build_data(config)
    assert isinstance(data, PictureData)
    assert all(part.shape[1:] == (32, 32, 3) and part.dtype == np.uint8 for part in data.pictures)
    colours = data.palette_colours()
    assert colours is not None and colours.shape == (4, 3)
    assert next(iter(data.train_dataloader())).shape == (4, 32, 32, 3)


def check_task(config: DictConfig) -> None:
    """Also for models: each parameter takes part in what is learned."""
    data = build_data(config)
    task = build_task(config, data)
    assert isinstance(task, RestorationTask)
    pair = task.make_pair(next(iter(data.train_dataloader())))
    outputs = task(pair.inputs)
    assert outputs.shape[0] == 4 and outputs.shape[2:] == (32, 32)
    assert task.pictures(outputs)["prediction"].shape == pair.truth.shape
    task.loss(outputs, pair.target).backward()
    assert all(parameter.grad is not None for parameter in task.model.parameters())


def fitted(config: DictConfig) -> Trainer:
    data = build_data(config)
    config.callbacks = config.logger = None
    config.trainer.enable_progress_bar = False
    trainer = build_trainer(config)
    trainer.fit(build_task(config, data), datamodule=data)
    return trainer


def check_optimizer(config: DictConfig) -> None:
    (optimizer,) = fitted(config).optimizers
    assert isinstance(optimizer, hydra.utils.get_class(config.task.optimizer._target_))
    assert optimizer.param_groups[0]["lr"] == config.task.optimizer.lr


def check_lr_scheduler(config: DictConfig) -> None:
    trainer = fitted(config)
    rate = trainer.optimizers[0].param_groups[0]["lr"]
    if config.task.lr_scheduler is None:
        assert not trainer.lr_scheduler_configs and rate == config.task.optimizer.lr
        return
    (scheduler,) = trainer.lr_scheduler_configs
    assert isinstance(scheduler.scheduler, hydra.utils.get_class(config.task.lr_scheduler._target_))
    assert scheduler.interval == config.task.lr_scheduler.interval
    steps = 4 if scheduler.interval == "step" else 2  # two epochs of two batches
    assert scheduler.scheduler.last_epoch == steps
    if "total_steps" in config.task.lr_scheduler.values():
        assert rate < 0.5 * config.task.optimizer.lr  # the word was replaced: it has gone its way down


def check_trainer(config: DictConfig) -> None:
    if config.trainer.get("enable_checkpointing") is False:  # for colourize-evaluate
        config.callbacks = None
    if config.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        with pytest.raises(UsageError, match=r"^trainer: .*gpu"):
            build_trainer(config)
        return
    wanted = {config.trainer.precision} if config.trainer.precision != "auto" else {"bf16-mixed", "32-true"}
    trainer = build_trainer(config)
    assert trainer.precision in wanted
    assert trainer.limit_test_batches == config.trainer.limit_test_batches
    assert trainer.default_root_dir == config.output_dir


def check_launcher(config: DictConfig) -> None:
    launcher = hydra.utils.get_class(config.hydra.launcher._target_)
    assert config.hydra.runtime.choices["launcher"] in launcher.__name__.lower()


def check_callbacks(config: DictConfig) -> None:
    wanted = {hydra.utils.get_class(callback._target_) for callback in config.callbacks.values() if callback}
    assert len(wanted) > 1
    assert wanted <= {type(callback) for callback in build_trainer(config).callbacks}


def check_logger(config: DictConfig) -> None:
    logger = build_trainer(config).logger
    assert isinstance(logger, hydra.utils.get_class(config.logger._target_))
    if isinstance(logger, TensorBoardLogger):  # beside checkpoints and measures, in no folder of its own
        assert Path(logger.log_dir) == Path(config.output_dir)


CHECKS: dict[str, Callable[[DictConfig], None]] = {
    "data": check_data,
    "model": check_task,
    "task": check_task,
    "optimizer": check_optimizer,
    "lr_scheduler": check_lr_scheduler,
    "trainer": check_trainer,
    "callbacks": check_callbacks,
    "launcher": check_launcher,
    "logger": check_logger,
}


@pytest.mark.parametrize(
    ("group", "option"), [pair for pair in OPTIONS if pair[0] != "experiment" and pair not in PLUGINS]
)
def test_every_option_is_built(group: str, option: str, compose: Compose, sources: Path) -> None:
    overrides = [override for override in TINY if not override.startswith((f"{group}=", f"{group}."))]
    if group == "data":
        overrides += ["data.batch_size=4", "data.palette=4"]
        overrides += {"folder": [f"data.root={sources}"], "synthetic": SMALL}.get(option, [])
    if option == "ddp":
        overrides += ["trainer.accelerator=cpu"]
    CHECKS[group](compose(f"{group}={option}", *overrides))


def test_a_callback_or_the_logger_can_be_switched_off(compose: Compose) -> None:
    trainer = build_trainer(compose(*TINY, "callbacks.samples=null", "~logger"))
    assert trainer.logger is None
    names = {type(callback).__name__ for callback in trainer.callbacks}
    assert "SamplePictures" not in names and "MetricsCsv" in names


def test_any_argument_of_lightnings_trainer_can_be_added(compose: Compose) -> None:
    assert build_trainer(compose(*TINY, "+trainer.gradient_clip_val=0.5")).gradient_clip_val == 0.5
