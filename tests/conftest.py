"""What several test files share: a few small random pictures, a palette, small tasks and a quiet Trainer."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from lightning import Trainer
from omegaconf import DictConfig
from snippets import Adder

from colourize.answers import PaletteClasses
from colourize.build import NEEDLESS_WARNINGS
from colourize.configuration import config_dir
from colourize.data.pictures import PictureData, Pictures
from colourize.tasks import RestorationTask

logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)

# Fitted palettes are kept here until the tests end, and not in the user's own folder.
CACHE = tempfile.TemporaryDirectory(prefix="colourize-")
os.environ["COLOURIZE_CACHE"] = CACHE.name

# Plain numbers, as a checkpoint holds them.
PALETTE = [[0.0, 0.1, 0.0], [0.5, 0.3, 0.1], [0.3, 0.6, 0.8], [0.8, 0.7, 0.5], [1.0, 1.0, 0.9]]


class TinyData(PictureData):
    """11 training, 7 validation and 8 test pictures of 16×16 pixels: no batch size divides them all."""

    def __init__(self, batch_size: int = 4, eval_batch_size: int = 3, **common: Any) -> None:
        super().__init__(batch_size=batch_size, eval_batch_size=eval_batch_size, palette=None, **common)

    def load(self) -> Pictures:
        pictures = np.random.default_rng(0).integers(0, 256, (26, 16, 16, 3), dtype=np.uint8)
        return Pictures(pictures[:11], pictures[11:18], pictures[18:])


def pytest_configure(config: pytest.Config) -> None:
    """As `colourize.build` has it for a run."""
    for message in NEEDLESS_WARNINGS:
        config.addinivalue_line("filterwarnings", f"ignore:{message}")


@pytest.fixture
def palette() -> list[list[float]]:
    """Five colours."""
    return [list(colour) for colour in PALETTE]


@pytest.fixture
def classes(palette: list[list[float]]) -> PaletteClasses:
    """The answer of the five colours."""
    answer = PaletteClasses()
    answer.take({"colours": torch.tensor(palette, dtype=torch.float64)})
    return answer


@pytest.fixture
def tiny_data() -> type[TinyData]:
    """The class, to be called with the arguments of PictureData."""
    return TinyData


@pytest.fixture
def tiny_task() -> Callable[..., RestorationTask]:
    """`tiny_task("grey", "regression")`; further arguments go to the task, those of the model in a dict."""

    def build(given: str, answer: str, *, seed: int = 0, **arguments: Any) -> RestorationTask:
        torch.manual_seed(seed)
        degradations = {
            "grey": {"_target_": "colourize.degradations.Grey"},
            "low": {"_target_": "colourize.degradations.LowResolution", "scale_factor": 4},
        }
        answers = {
            "regression": ("colourize.answers.RGB", "colourize.losses.MeanSquaredError", None),
            "classification": (
                "colourize.answers.PaletteClasses",
                "colourize.losses.CrossEntropy",
                {"answer": {"colours": torch.tensor(PALETTE, dtype=torch.float64)}},
            ),
        }
        answer_class, loss_class, fitted = answers[answer]
        defaults: dict[str, Any] = {
            "model": {"_target_": "colourize.models.UNet", "num_filters": 4},
            "degradation": degradations[given],
            "answer": {"_target_": answer_class},
            "loss": {"_target_": loss_class},
            "optimizer": {"_target_": "torch.optim.Adam", "lr": 1e-3},
            "fitted": fitted,
        }
        return RestorationTask(**{**defaults, **arguments})

    return build


@pytest.fixture
def quiet_trainer(tmp_path: Path) -> Callable[..., Trainer]:
    """A Trainer for one epoch on the CPU that writes nothing; further arguments are the Trainer's."""

    def build(**arguments: Any) -> Trainer:
        defaults: dict[str, Any] = {
            "max_epochs": 1,
            "accelerator": "cpu",
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "num_sanity_val_steps": 0,
            "default_root_dir": tmp_path,
        }
        return Trainer(**{**defaults, **arguments})

    return build


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., DictConfig]]:
    """Compose a script's configuration from overrides, as its command line would."""
    monkeypatch.setenv("COLOURIZE_DATA", str(tmp_path / "cache"))  # never beside the real pictures

    def composed(*overrides: str, name: str = "train") -> DictConfig:
        without = ("predict", "duplicates", "export")  # these scripts have no folder of their own
        own = [] if name in without else [f"output_dir={tmp_path}"]
        config = hydra.compose(name, [*overrides, *own], return_hydra_config=True)
        HydraConfig.instance().set_config(config)  # for values such as ${hydra:mode}
        return config

    singletons = Singleton.get_state()
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
        yield composed
    Singleton.set_state(singletons)


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compose: Callable[..., DictConfig]) -> Adder:
    """Try out what docs/extending.md says; modules and files are gone afterwards."""
    return Adder(tmp_path / "conf", monkeypatch, compose)
