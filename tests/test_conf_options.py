"""Every option of every group in conf/: it composes, its values arrive, and the object that it describes is built.

The options are found by listing the files, so that a new one is tested from its first day.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from options import CONF, OPTIONS, SMALL, TINY, overridden, own_values
from PIL import Image

from colourize import build
from colourize.build import build_data, build_task, build_trainer
from colourize.callbacks import weight_averaging
from colourize.data.cifar10 import CIFAR10Data
from colourize.data.pictures import Labels, Pictures
from colourize.errors import UsageError
from colourize.joint.evaluation import JointSettings
from colourize.measures.registry import choose
from colourize.models.baselines import Baseline
from colourize.runs import experiments  # noqa: F401  # registers the resolvers that experiments use

# What a user must install for an option; the extra `dev` brings it.
PLUGINS = {("launcher", "submitit"): "hydra_plugins.hydra_submitit_launcher"}


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A few noise pictures for each source that would need files; returns the folder of pictures."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 32, 32, 3), dtype=np.uint8)
    monkeypatch.setattr(CIFAR10Data, "prepare_data", lambda self: None)
    labels = Labels(np.arange(12) % 10, None, np.arange(4))
    monkeypatch.setattr(CIFAR10Data, "load", lambda self: Pictures(noise[:12], None, noise[12:], labels))
    monkeypatch.setattr(CIFAR10Data, "load_extra", lambda self: (noise, None) if self.extra_categories else None)
    monkeypatch.setattr(CIFAR10Data, "cache_dir", None)
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(folder / f"{number}.png")
    return folder


def check_training(config: DictConfig) -> None:
    """All parts are built, each parameter takes part in what is learned, and the outputs are pictures or categories."""
    data = build_data(config)
    assert all(part.shape[1:] == (32, 32, 3) and part.dtype == np.uint8 for part in data.pictures[:3])
    task = build_task(config, data).eval()  # in training some networks answer fewer pixels
    batch = data.on_after_batch_transfer(next(iter(data.train_dataloader())), 0)
    pair = task.make_pair(batch)
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


def check_trainer(config: DictConfig) -> None:
    if config.trainer.accelerator == "gpu" and not torch.cuda.is_available():
        with pytest.raises(UsageError, match=r"^trainer\.accelerator=gpu: .*trainer=default"):
            build_trainer(config)
        return
    trainer = build_trainer(config)
    assert trainer.limit_test_batches == config.trainer.limit_test_batches
    assert trainer.default_root_dir == config.output_dir
    nodes = [node for node in (config.logger, *config.callbacks.values()) if node]
    built = {type(part) for part in (trainer.logger, *trainer.callbacks)}
    assert {hydra.utils.get_class(node._target_) for node in nodes} <= built


def check_launcher(config: DictConfig) -> None:
    launcher = hydra.utils.get_class(config.hydra.launcher._target_)
    assert config.hydra.runtime.choices["launcher"] in launcher.__module__.lower()


def check_averaging(config: DictConfig) -> None:
    average = weight_averaging.find(build_trainer(config))
    node = config.callbacks.averaging
    assert average is None if node is None else (average is not None and average.decay == node.decay)


CHECKS: dict[str, Callable[[DictConfig], None]] = {
    "joint": lambda config: JointSettings(**config.joint),
    "measures": lambda config: choose(config.measures.names),
    "trainer": check_trainer,
    "callbacks": check_trainer,
    "averaging": check_averaging,
    "launcher": check_launcher,
    "logger": check_trainer,
    "experiment": lambda config: None,  # all that they choose is an option of its own
}


ENLARGING = ("residual_sr", "bicubic", "linear_filter")  # the last two are models and priors
WHOLE_PICTURES = ("category", "category_classification", "residual_classifier")


def needed_beside(group: str, option: str, folder: Path) -> list[str]:
    """What an option needs: tiny data, and what it is for."""
    if group in ("experiment", "joint"):
        return []
    others = [override for override in TINY if not override.startswith((f"{group}=", f"{group}."))]
    if group == "data":
        others += ["data.batch_size=4", "data.palette=4"]
        others += {"folder": [f"data.root={folder}"], "synthetic": SMALL}.get(option, [])
    if option == "ddp":
        others.append("trainer.accelerator=cpu")
    if option == "distillation":
        others.append("task.loss.teachers=[teacher.ckpt]")
    if group == "loss" and not option.endswith("cross_entropy"):
        others.append("answer=rgb")
    if option in ("lab_chroma", "ab_bins"):
        others.append("degradation=luminance")
    if option in ENLARGING:
        others.append("task=super_resolution_regression")
    if option in WHOLE_PICTURES:  # what asks about categories needs a source that knows them, and such a model
        own = {"model": "model=residual_classifier", "task": "task=category_classification"}
        others = [override for override in others if not override.startswith("data.num_")]
        others += ["data=cifar10", "data.batch_size=4", *(word for key, word in own.items() if key != group)]
        return [word for word in others if not (group == "answer" and word.startswith("task="))]
    if group == "model":
        model_class: Any = hydra.utils.get_class(OmegaConf.load(CONF / "model" / f"{option}.yaml")._target_)
        if not issubclass(model_class, Baseline):
            others.append("model.num_filters=4")
        elif model_class.degradation == "low" and option not in ENLARGING:
            others.append("task=super_resolution")
    return others


@pytest.fixture(scope="module")
def palettes(tmp_path_factory):
    """Fitted once for all options."""
    return tmp_path_factory.mktemp("palettes")


@pytest.mark.slow
@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_arrives_and_is_built(group, option, compose, sources, palettes, monkeypatch):
    monkeypatch.setenv("COLOURIZE_DATA", str(palettes))
    needed = PLUGINS.get((group, option))
    if needed and find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed")
    others = needed_beside(group, option, sources)
    door = "evaluate" if group == "joint" else "train"
    config = compose(f"{group}={option}", *others, name=door)
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
    if option == "distillation":
        twin = compose(*others[:-2], "answer=rgb")
        monkeypatch.setattr(build, "load", lambda path, trust: build_task(twin, build_data(twin)))
    CHECKS.get(group, check_training)(config)


def test_any_argument_of_lightnings_trainer_can_be_added(compose):
    assert build_trainer(compose(*TINY, "+trainer.gradient_clip_val=0.5")).gradient_clip_val == 0.5
