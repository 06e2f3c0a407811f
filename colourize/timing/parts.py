"""The parts of the benchmark; each function measures one and adds its numbers to a report's `Part`."""

import functools
import gc
import sys
from importlib.metadata import distribution

from omegaconf import DictConfig

from colourize.build import build_data
from colourize.data.pictures import PictureData
from colourize.timing.loops import Times, time_bare, time_project
from colourize.timing.programs import run, train
from colourize.timing.report import Part
from colourize.timing.settings import Settings

IMPORTS, FIRST_STEP = "import torch, torchvision, lightning", "first training step"
SHORT = ("trainer.max_epochs=1", *(f"trainer.limit_{stage}_batches=1" for stage in ("train", "val", "test")))


def steps(part: Part, settings: Settings) -> None:
    """Time training and validation of each case by the project and by a bare loop, epoch by epoch in turn."""
    for case in settings.node.cases:
        config = settings.case(case)
        one_epoch = functools.partial(_one_epoch, config, build_data(config), settings)
        names, over = ("project", "bare"), [("project", "bare")]
        part.compare(case, "path", names, one_epoch, settings.node.repeats, over=over, case=case)


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
    part.compare("Start", "command", names, one_command, settings.node.repeats, over=over)


PARTS = {each.__name__: each for each in (steps, startup)}
