"""Every option of every group in conf/: it composes, its values arrive, and the object that it describes is built.

The options are found by listing the files, so that a new one is tested from its first day.
"""

from __future__ import annotations

import itertools
import logging
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

from colourize.build import build_data, build_task, build_trainer, check_settings
from colourize.configuration import config_dir
from colourize.data.augmentation import Augmentation
from colourize.data.cifar10 import CIFAR10Data
from colourize.data.pictures import Labels, PictureData, Pictures
from colourize.errors import UsageError
from colourize.measures.selection import check_measures
from colourize.models.baselines import Baseline
from colourize.tasks import RestorationTask

CONF = config_dir()
# Options of `common` are what others are made of; nobody chooses them.
GROUPS = sorted(path.name for path in CONF.iterdir() if path.is_dir() and path.name != "common")
OPTIONS = [(group, path.stem) for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
# What a user must install for an option; the extra `dev` brings it.
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
    parts = {"degradation", "answer", "loss", "prior", "augmentation", "measures"}
    assert {"data", "model", "task", "trainer", "experiment", *parts} <= set(GROUPS)
    assert not list(CONF.rglob("*.yml"))  # Hydra would not see it


def defaults_of(path: Path) -> list[tuple[str, str]]:
    """What an option's file takes or chooses of other groups: `override /model`, `/common@_here_`, …"""
    entries = OmegaConf.load(path).get("defaults", [])
    return [(str(key), option) for entry in entries if isinstance(entry, DictConfig) for key, option in entry.items()]


def overridden(path: Path) -> Iterator[tuple[str, str]]:
    """The other groups that an option's file chooses for, and what it chooses there."""
    for key, option in defaults_of(path):
        if key.startswith("override "):
            yield key.removeprefix("override ").removeprefix("/"), option


def own_values(path: Path) -> Iterator[tuple[str, Any]]:
    """The plain values that an option's file sets, or takes from `common`, each under its full key."""
    package = re.search(r"^# @package (\S+)", path.read_text(), re.MULTILINE)
    prefix = package.group(1) if package else path.parent.name

    def walk(prefix: str, node: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(node, dict):
            for key, value in node.items():
                yield from walk(f"{prefix}.{key}" if prefix else key, value)
        elif not (isinstance(node, str) and ("${" in node or node == "???")):
            yield prefix, node

    for file in (path, *(CONF / "common" / f"{name}.yaml" for key, name in defaults_of(path) if "@_here_" in key)):
        contents = OmegaConf.to_container(OmegaConf.load(file))
        assert isinstance(contents, dict)
        contents.pop("defaults", None)
        yield from walk("" if prefix == "_global_" else prefix, contents)


def test_the_keys_that_people_type_are_there(compose: Compose) -> None:
    config = compose()
    for key in (
        *("data.root", "data.category", "data.batch_size", "data.palette", "data.augmentation"),
        *("data.protocol", "data.divisor", "data.validation", "model.num_filters", "model.kernel_size"),
        *("task.degradation", "task.answer", "task.loss", "task.prior", "task.optimizer.lr", "measures"),
        *("trainer.max_epochs", "trainer.precision", "trainer.accelerator", "seed", "checkpoint"),
    ):
        parent, _, name = key.rpartition(".")
        assert name in (OmegaConf.select(config, parent) if parent else config), key


def test_evaluate_takes_every_source_and_trainer(compose: Compose) -> None:
    options = [[option for group, option in OPTIONS if group == name] for name in ("data", "trainer")]
    for source, trainer in itertools.zip_longest(*options, fillvalue="default"):
        chosen = {"trainer": trainer} | ({"data": source} if source != "default" else {})
        config = compose(*map("=".join, chosen.items()), name="evaluate")
        for group, option in chosen.items():
            for key, value in own_values(CONF / group / f"{option}.yaml"):
                assert OmegaConf.select(config, key) == value, key


def test_evaluate_has_nothing_of_its_own_that_a_checkpoint_brings(compose: Compose) -> None:
    config = compose(name="evaluate")
    assert not any(config.get(key) for key in ("data", "model", "task"))
    task = compose("task=colour_regression", "model=grey_lookup", name="evaluate").task  # a baseline's
    whole = compose("task=colour_regression").task
    assert task == {key: whole[key] for key in task} and set(task) == {"_target_", "degradation", "answer", "loss"}


def test_the_data_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, compose: Compose) -> None:
    monkeypatch.setenv("COLOURIZE_DATA", "elsewhere")
    assert compose().data.root == "elsewhere"
    monkeypatch.delenv("COLOURIZE_DATA")
    assert compose().data.root == "data"


# ---------------------------------------------------------------------------------------- precedence


def test_the_lists_order_is_own_values_first_and_experiment_last() -> None:
    defaults = OmegaConf.to_container(OmegaConf.load(CONF / "train.yaml").defaults)
    assert isinstance(defaults, list)
    assert defaults[:2] == [{"common": "app"}, "_self_"]
    # … but for what a typed trainer option says itself.
    assert [key.split()[-1] for line in defaults[-2:] for key in line] == ["experiment", "trainer/last@trainer"]


def test_an_experiment_wins_over_groups_and_the_command_line_over_both(compose: Compose) -> None:
    assert compose().data.protocol == "honest"
    config = compose("experiment=course", "data.root=here")
    assert config.data.protocol == "course"
    assert config.data.palette == "here/course-palette-24.npy"  # a path: nothing is read
    assert compose("experiment=course", "data.protocol=honest").data.protocol == "honest"


@pytest.mark.parametrize("experiment", sorted(path.stem for path in (CONF / "experiment").glob("*.yaml")))
def test_a_typed_trainer_wins_over_an_experiment(experiment: str, compose: Compose) -> None:
    debug = compose(f"experiment={experiment}", "trainer=debug").trainer
    assert (debug.max_epochs, debug.limit_train_batches, debug.limit_test_batches) == (2, 3, 2)


def test_what_a_typed_trainer_does_not_say_stays_the_experiments_and_keys_win_over_both(compose: Compose) -> None:
    own = compose("experiment=fast").trainer.max_epochs
    assert own not in (compose().trainer.max_epochs, 2)
    gpu = compose("experiment=fast", "trainer=gpu").trainer
    assert (gpu.accelerator, gpu.precision, gpu.max_epochs) == ("gpu", "bf16-mixed", own)
    assert compose("experiment=fast", "trainer=debug", "trainer.max_epochs=3").trainer.max_epochs == 3


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


GREY, LOW = "Grey", "LowResolution"
PALETTE, RGB = ("PaletteClasses", "CrossEntropy"), ("RGB", "MeanSquaredError")


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("", (GREY, *PALETTE)),
        ("task=super_resolution_regression", (LOW, *RGB)),
        ("task=chroma_regression", ("Luminance", "LabChroma", "MeanSquaredError")),
        # a part alone; an answer brings its loss
        ("degradation=low_resolution", (LOW, *PALETTE)),
        ("answer=rgb", (GREY, *RGB)),
        ("answer=rgb loss=mae", (GREY, "RGB", "MeanAbsoluteError")),
        ("prior=grey_lookup augmentation=flips", (GREY, *PALETTE, "GreyLookup", "FlipsAndShifts")),
        # a task and a part, in any order
        ("loss=mae answer=rgb degradation=grey task=super_resolution", (GREY, "RGB", "MeanAbsoluteError")),
        ("task=colour_regression answer=palette_classes", (GREY, *PALETTE)),
        # experiments
        ("experiment=sharp", (LOW, *RGB)),
        ("experiment=sharp task=colour_classification", (GREY, *PALETTE)),
        ("experiment=sharp answer=palette_classes", (LOW, *PALETTE)),
        ("degradation=grey experiment=sharp loss=mae", (GREY, "RGB", "MeanAbsoluteError")),
        ("experiment=parts", (GREY, "RGB", "MeanAbsoluteError", "GreyLookup", "FlipsAndShifts")),
        ("experiment=parts task=super_resolution", (LOW, "RGB", "MeanAbsoluteError", "GreyLookup", "FlipsAndShifts")),
        ("experiment=parts prior=none augmentation=none", (GREY, "RGB", "MeanAbsoluteError")),
        ("experiment=parts answer=palette_classes loss=cross_entropy prior=none augmentation=none", (GREY, *PALETTE)),
    ],
)
def test_parts_can_be_set_alone_and_what_is_typed_wins(
    typed: str, parts: tuple[str, ...], tmp_path: Path, compose: Compose
) -> None:
    (tmp_path / "experiment").mkdir()
    for name, chosen in {
        "sharp": "override /task: super_resolution_regression",
        "parts": "override /answer: rgb, override /loss: mae, override /prior: grey_lookup, "
        "override /augmentation: flips",
    }.items():
        text = f"# @package _global_\ndefaults: [{chosen}]\n"
        (tmp_path / "experiment" / f"{name}.yaml").write_text(text)
    config = compose(*typed.split(), f"hydra.searchpath=[file://{tmp_path}]")
    task = config.task
    nodes = [task.degradation, task.answer, task.loss, task.prior, config.data.augmentation]
    assert tuple(node._target_.rpartition(".")[2] for node in nodes if node) == parts


@pytest.mark.parametrize(
    ("typed", "divisor", "validation", "told"),
    [
        ("", 255, "own", "pixels / 255, validation on pictures of its own (honest protocol)"),
        ("data.protocol=course", 256, "test", "pixels / 256, validation on the test pictures (course protocol)"),
        ("data.divisor=256", 256, "own", "pixels / 256, validation on pictures of its own (neither protocol)"),
        (
            "data.protocol=course data.validation=own",
            256,
            "own",
            "pixels / 256, validation on pictures of its own (nei",
        ),
        ("data.validation=test", 255, "test", "pixels / 255, validation on the test pictures (neither protocol)"),
    ],
)
def test_a_protocol_is_two_settings_and_the_log_names_those_that_act(
    typed: str, divisor: int, validation: str, told: str, compose: Compose, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    config = compose(*TINY, *typed.split())
    data = build_data(config)
    assert (data.divisor, data.validation) == (divisor, validation)
    assert (data.pictures.val is data.pictures.test) == (validation == "test")
    assert told in caplog.text
    task = build_task(config, data)
    assert task.divisor == divisor and task.hparams["size"] == [32, 32]


# ------------------------------------------------------------------------------------------ building


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few noise pictures for each source that would need files; returns the folder of pictures."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    monkeypatch.setattr(CIFAR10Data, "prepare_data", lambda self: None)
    labels = Labels(np.arange(12) % 10, None, np.arange(4))
    monkeypatch.setattr(CIFAR10Data, "load", lambda self: Pictures(noise[:12], None, noise[12:], labels))
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
    assert build_task(config, data).answer.palette.colours.shape == (4, 3)
    batch = next(iter(data.train_dataloader()))
    assert batch.pictures.shape == (4, 32, 32, 3)
    if config.data.augmentation is None:
        assert data.augmentation is None
    else:
        assert isinstance(data.augmentation, Augmentation)
        assert data.augmentation(batch.pictures, batch.draws("augmentation")).shape == (4, 32, 32, 3)


def check_task(config: DictConfig) -> None:
    """Also for its parts and for models: each parameter takes part in what is learned."""
    check_settings(config)
    data = build_data(config)
    task = build_task(config, data)
    assert isinstance(task, RestorationTask)
    pair = task.make_pair(next(iter(data.train_dataloader())))
    outputs = task.outputs(pair)
    pixels = (32, 32) if task.answer.per_pixel else ()
    assert outputs.shape == (4, task.answer.out_channels, *pixels)
    shapes = [picture.shape for picture in task.pictures(outputs, pair.inputs).values()]
    assert shapes[:1] == ([pair.truth.shape] if pixels else [])
    loss = task.loss(outputs, pair)
    assert loss.shape == () and loss.isfinite()
    assert task.is_trained == (not isinstance(task.model, Baseline))
    if task.is_trained:
        loss.backward()
        assert all(parameter.grad is not None for parameter in task.model.parameters())
    for key, part in (("degradation", task.degradation), ("answer", task.answer), ("prior", task.prior)):
        node = config.task[key]
        assert type(part) is (type(None) if node is None else hydra.utils.get_class(node._target_)), key
    assert task.loss_class is hydra.utils.get_class(config.task.loss._target_)


def check_measures_of(config: DictConfig) -> None:
    assert list(check_measures(config.measures.names)) == config.measures.names and "mse" in config.measures.names


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
    if config.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        with pytest.raises(UsageError, match=r"^trainer\.accelerator=gpu: .*trainer=default"):
            build_trainer(config)
        return
    wanted = {config.trainer.precision} if config.trainer.precision != "auto" else {"bf16-mixed", "32-true"}
    trainer = build_trainer(config)
    assert trainer.precision in wanted
    assert trainer.limit_test_batches == config.trainer.limit_test_batches
    assert trainer.default_root_dir == config.output_dir


def check_launcher(config: DictConfig) -> None:
    launcher = hydra.utils.get_class(config.hydra.launcher._target_)
    assert config.hydra.runtime.choices["launcher"] in launcher.__module__.lower()


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
    "augmentation": check_data,
    "model": check_task,
    "prior": check_task,
    "degradation": check_task,
    "answer": check_task,
    "loss": check_task,
    "task": check_task,
    "measures": check_measures_of,
    "optimizer": check_optimizer,
    "lr_scheduler": check_lr_scheduler,
    "trainer": check_trainer,
    "callbacks": check_callbacks,
    "launcher": check_launcher,
    "logger": check_logger,
    "experiment": lambda config: None,  # all that they choose is an option of its own
}


WHOLE_PICTURES = ("category", "category_classification", "residual_classifier")


def needed_beside(group: str, option: str, folder: Path) -> list[str]:
    """What an option needs: tiny data, and what it is for."""
    if group == "experiment":
        return []
    others = [override for override in TINY if not override.startswith((f"{group}=", f"{group}."))]
    if group == "data":
        others += ["data.batch_size=4", "data.palette=4"]
        others += {"folder": [f"data.root={folder}"], "synthetic": SMALL}.get(option, [])
    if option == "ddp":
        others.append("trainer.accelerator=cpu")
    if group == "loss" and option != "cross_entropy":
        others.append("answer=rgb")
    if option == "lab_chroma":
        others.append("degradation=luminance")
    if option in WHOLE_PICTURES:  # what asks about categories needs a source that knows them, and such a model
        own = {"model": "model=residual_classifier", "task": "task=category_classification"}
        others = [override for override in others if not override.startswith("data.num_")]
        others += ["data=cifar10", "data.batch_size=4", *(word for key, word in own.items() if key != group)]
        return [word for word in others if not (group == "answer" and word.startswith("task="))]
    if group == "model":
        model_class: Any = hydra.utils.get_class(OmegaConf.load(CONF / "model" / f"{option}.yaml")._target_)
        if not issubclass(model_class, Baseline):
            others.append("model.num_filters=4")
        elif model_class.degradation == "low":
            others.append("task=super_resolution")
    return others


@pytest.fixture(scope="module")
def palettes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fitted once for all options."""
    return tmp_path_factory.mktemp("palettes")


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_arrives_and_is_built(
    group: str, option: str, compose: Compose, sources: Path, palettes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOURIZE_DATA", str(palettes))
    needed = PLUGINS.get((group, option))
    if needed and find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    others = needed_beside(group, option, sources)
    config = compose(f"{group}={option}", *others)
    choices = config.hydra.runtime.choices
    assert choices[group] == option
    for other, chosen in overridden(CONF / group / f"{option}.yaml"):
        assert choices[other] == chosen
    plain = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
    OmegaConf.to_container(plain, resolve=True, throw_on_missing=True)
    typed = {override.partition("=")[0] for override in others}
    for key, value in own_values(CONF / group / f"{option}.yaml"):
        arrived = OmegaConf.select(config, key)
        assert key in typed or (arrived.name if isinstance(arrived, Enum) else arrived) == value, key
    CHECKS[group](config)


def test_a_callback_or_the_logger_can_be_switched_off(compose: Compose) -> None:
    trainer = build_trainer(compose(*TINY, "callbacks.samples=null", "~logger"))
    assert trainer.logger is None
    names = {type(callback).__name__ for callback in trainer.callbacks}
    assert "SamplePictures" not in names and "MetricsCsv" in names


def test_any_argument_of_lightnings_trainer_can_be_added(compose: Compose) -> None:
    assert build_trainer(compose(*TINY, "+trainer.gradient_clip_val=0.5")).gradient_clip_val == 0.5
