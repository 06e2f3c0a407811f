"""What all parts of a benchmark start from, and the configurations they train with."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import hydra
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig

from colourize.errors import UsageError, check_count
from colourize.machine.precision import automatic_precision

log = logging.getLogger(__name__)

DEVICES = ("cpu", "cuda", "auto")


@dataclass(frozen=True)
class Settings:
    """The benchmark's own node, and everything that makes training configurations of its case.

    Args:
        node: the node `benchmark` of the configuration.
        overrides: those of the command line that training shares.
        device: "cpu" or "cuda".
        precision: Lightning's name of the arithmetic.
        work: a folder for what the measured runs leave; it goes when the benchmark ends.
    """

    node: DictConfig
    overrides: tuple[str, ...]
    device: torch.device
    precision: str
    work: Path

    @property
    def repeats(self) -> int:
        return int(self.node.repeats)

    @property
    def run_overrides(self) -> list[str]:
        """What a `colourize-train` of its own process gets, so that it trains as the user asked."""
        accelerator = "gpu" if self.device.type == "cuda" else "cpu"
        return [*self.overrides, f"trainer.accelerator={accelerator}"]

    def compose(self, *overrides: str) -> DictConfig:
        """The configuration of `colourize-train` under the user's overrides and further ones, which win."""
        return hydra.compose("train", [*self.run_overrides, f"trainer.precision={self.precision}", *overrides])

    def with_overrides(self, overrides: Sequence[str]) -> Settings:
        """The same with other overrides than the user's."""
        return replace(self, overrides=tuple(overrides))

    def case(self, name: str, *overrides: str) -> DictConfig:
        """The configuration of a case, such as "unet/colour_classification", for epochs of `benchmark.pictures`."""
        model, task = name.split("/")
        config = self.compose(f"model={model}", f"task={task}", "trainer.max_epochs=1", *overrides)
        if self.node.pictures is not None:
            config.trainer.limit_train_batches = -(-self.node.pictures // config.data.batch_size)
        return config


def settings_from(config: DictConfig, work: Path) -> Settings:
    """Check the configuration's values and resolve what is automatic.

    Raises:
        UsageError: a value that is not allowed.
    """
    node = config.benchmark
    check_count("benchmark.repeats", node.repeats)
    for key in ("num_threads", "pictures"):
        if node[key] is not None:
            check_count(f"benchmark.{key}", node[key])
    if node.num_threads is not None:
        torch.set_num_threads(node.num_threads)
    for case in node.cases:
        if case.count("/") != 1:
            raise UsageError(f"benchmark.cases={case}: must be model/task, such as unet/colour_classification")
    if config.device not in DEVICES:
        raise UsageError(f"device={config.device}: must be one of {', '.join(DEVICES)}")
    if config.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device=cuda: torch sees no GPU here")
    cuda = config.device == "cuda" or (config.device == "auto" and torch.cuda.is_available())
    precision = str(config.trainer.precision)
    if precision == "auto":
        precision, reason = automatic_precision("gpu" if cuda else "cpu")
        log.info("Precision %s: %s (trainer.precision=32-true for float32)", precision, reason)
    overrides = [each for each in HydraConfig.get().overrides.task if not _own(each)]
    root = private_root(config, work / "data")
    if root is not None:
        overrides.append(f"data.root={root}")
    return Settings(node, tuple(overrides), torch.device("cuda" if cuda else "cpu"), precision, work)


def _own(override: str) -> bool:
    """Whether an override is the benchmark's own, not training's."""
    key = override.lstrip("+~").partition("=")[0]
    if key in ("model", "task"):
        raise UsageError(f"{key}: the benchmark's models and tasks are benchmark.cases=[model/task, …]")
    return key == "device" or key.split(".")[0] == "benchmark"


def private_root(config: DictConfig, folder: Path) -> Path | None:
    """A folder with links to the data's caches, where fitted palettes can be kept as well; None: not of this data.

    The user's own folder may be read-only, and then every run would fit its palette anew; if it is not, it stays
    as it was.
    """
    from colourize.data.cifar10 import CIFAR10Data
    from colourize.data.synthetic import SyntheticData

    if not issubclass(get_class(config.data._target_), (CIFAR10Data, SyntheticData)):
        return None
    data: Any = instantiate(config.data, _convert_="all")
    data.prepare_data()  # a download, if there must be one, is none of the benchmark's
    folder.mkdir(parents=True)
    for path in data.root.glob("*.np[yz]") if data.root.is_dir() else ():
        (folder / path.name).symlink_to(path.resolve())
    return folder
