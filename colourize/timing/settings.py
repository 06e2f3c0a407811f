"""The settings of a benchmark, and the training configurations of its cases."""

from dataclasses import dataclass
from pathlib import Path

import hydra
import torch
from omegaconf import DictConfig

from colourize.errors import UsageError, check_count
from colourize.machine.precision import automatic_precision
from colourize.runs.sweeps import as_typed, key_of

DEVICES = ("cpu", "cuda", "auto")
PRECISIONS = ("32-true", "bf16-mixed")  # precisions of the bare loop


@dataclass(frozen=True)
class Settings:
    """The node `benchmark` of the configuration, and the training configurations of its cases."""

    node: DictConfig
    overrides: list[str]  # overrides of `colourize-train`
    device: torch.device
    precision: str  # Lightning's name of the precision
    work: Path  # a temporary folder for the measured runs

    def case(self, name: str) -> DictConfig:
        """The configuration of a case, such as "unet/colour_classification", for an epoch of `benchmark.pictures`."""
        model, task = name.split("/")
        config = hydra.compose("train", [*self.overrides, f"model={model}", f"task={task}"])
        if self.node.pictures is not None:
            config.trainer.limit_train_batches = -(-self.node.pictures // config.data.batch_size)
        return config


def settings_from(config: DictConfig, work: Path) -> Settings:
    """Check the configuration's values and resolve the automatic ones.

    Raises:
        UsageError: a value that is not allowed.
    """
    node = config.benchmark
    check_count("benchmark.repeats", node.repeats)
    if node.pictures is not None:
        check_count("benchmark.pictures", node.pictures)
    for case in node.cases:
        if case.count("/") != 1:
            raise UsageError(f"benchmark.cases={case}: must be model/task, such as unet/colour_classification")
    if config.device not in DEVICES:
        raise UsageError(f"device={config.device}: must be one of {', '.join(DEVICES)}")
    if config.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("device=cuda: torch finds no GPU on this machine")
    device = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    accelerator, precision = "gpu" if device == "cuda" else "cpu", str(config.trainer.precision)
    if precision == "auto":
        precision, _ = automatic_precision(accelerator)
    if precision not in PRECISIONS:
        raise UsageError(f"trainer.precision={precision}: the benchmark compares {', '.join(PRECISIONS)} and auto only")
    overrides = []
    for each in as_typed():
        key = key_of(each)
        if key in ("model", "task") or key.startswith("trainer.limit_"):
            raise UsageError(f"{key}: the benchmark has benchmark.cases=[model/task, …] and benchmark.pictures instead")
        if key != "device" and key.split(".")[0] != "benchmark":
            overrides.append(each)
    overrides += [f"trainer.accelerator={accelerator}", f"trainer.precision={precision}"]
    return Settings(node, overrides, torch.device(device), precision, work)
