"""The settings of a benchmark, and its parts: a function measures each and adds its numbers to a report's `Part`."""

import functools
import gc
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import hydra
import torch
from lightning import Callback, LightningModule, Trainer
from omegaconf import DictConfig

from colourize.build import build_data
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, UsageError, check_count
from colourize.files import write_json
from colourize.machine.precision import automatic_precision
from colourize.runs.record import surroundings
from colourize.runs.sweeps import as_typed, key_of
from colourize.runs.tables import write_table
from colourize.timing.loops import Times, time_bare, time_project
from colourize.timing.report import Part

DEVICES = ("cpu", "cuda", "auto")
PRECISIONS = ("32-true", "bf16-mixed")  # precisions of the bare loop

TRAIN = [sys.executable, "-m", "colourize.train"]
IMPORTS, FIRST_STEP = "import torch, torchvision, lightning", "first training step"
SHORT = ("trainer.max_epochs=1", *(f"trainer.limit_{stage}_batches=1" for stage in ("train", "val", "test")))


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


def write(folder: Path, settings: Settings, parts: Mapping[str, Part]) -> None:
    """Write `benchmark.json` with all repetitions and `<part>.csv`, without dates and folders."""
    device = torch.cuda.get_device_name() if settings.device.type == "cuda" else "cpu"
    contents = {
        "machine": {**surroundings(), "device": device, "precision": settings.precision},
        "overrides": [each for each in settings.overrides if not each.startswith("data.root=")],
        "repeats": settings.node.repeats,
        "parts": {name: vars(part) for name, part in parts.items()},
    }
    write_json(folder / "benchmark.json", contents)
    for name, part in parts.items():
        write_table(folder / f"{name}.csv", part.rows)


def steps(part: Part, settings: Settings) -> None:
    """Time training and validation of each case by the project and by a bare loop, epoch by epoch in turn."""
    for case in settings.node.cases:
        config = settings.case(case)
        one_epoch = functools.partial(_one_epoch, config, build_data(config), settings)
        names, over = ("project", "bare"), [("project", "bare")]
        part.compare(case, "path", names, one_epoch, settings.node.repeats, over, case=case)


def _one_epoch(config: DictConfig, data: PictureData, settings: Settings, path: str) -> Times:
    gc.collect()
    if path == "bare":
        return time_bare(config, data, settings.device)
    return time_project(config, data, settings.device, settings.work)


def startup(part: Part, settings: Settings) -> None:
    """Time the help of each console script, and training until its first step."""
    scripts = distribution("colourize").entry_points.select(group="console_scripts")
    commands = {f"{script.name} --help": [sys.executable, "-m", script.module, "--help"] for script in scripts}
    commands[IMPORTS] = [sys.executable, "-c", IMPORTS]

    def one_command(name: str) -> dict[str, float]:
        is_training = name == FIRST_STEP
        return {
            "command_s": train([*settings.overrides, *SHORT], settings.work) if is_training else run(commands[name])
        }

    names, over = [*commands, FIRST_STEP], [(FIRST_STEP, IMPORTS)]
    part.compare("Start", "command", names, one_command, settings.node.repeats, over)


PARTS = {each.__name__: each for each in (steps, startup)}


def run(command: Sequence[str]) -> float:
    """The seconds that a command takes in a process of its own.

    Raises:
        ColourizeError: the command failed; the message ends with its last two lines.
    """
    # Without the variables that Hydra's apps set for themselves.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HYDRA_")}
    started = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        last = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-2:])
        raise ColourizeError(f"{' '.join(command)[:200]} ended with code {done.returncode}: {last[:400]}")
    return seconds


def train(overrides: Sequence[str], work: Path) -> float:
    """Run `colourize-train`; returns the seconds from its start to its first step."""
    folder = work / "train"
    path = folder / "stamp"
    stamp = ["+callbacks.stamp._target_=colourize.timing.parts.Stamp", f"+callbacks.stamp.path={path}"]
    started = time.time()  # a clock that processes share
    run([*TRAIN, *overrides, *stamp, "hydra.mode=RUN", f"hydra.run.dir={folder}"])
    seconds = float(path.read_text()) - started
    shutil.rmtree(folder)
    return seconds


class Stamp(Callback):
    """Writes the time after the first step into a file, for the parent process."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *arguments: Any) -> None:
        if trainer.global_step == 1:
            if pl_module.device.type == "cuda":
                torch.cuda.synchronize()
            self.path.write_text(str(time.time()))
