"""Part `startup`: how long each console script takes for its help, and training for its first step."""

import sys
from importlib.metadata import distribution

from colourize.timing.programs import run, train
from colourize.timing.report import Part
from colourize.timing.settings import Settings

IMPORTS = "import torch, torchvision, lightning"
FIRST_STEP = "first training step"
SHORT = ("trainer.max_epochs=1", *(f"trainer.limit_{stage}_batches=1" for stage in ("train", "val", "test")))


def measure(part: Part, settings: Settings) -> None:
    """All commands in turn; the first round fills the caches of disk and data."""
    scripts = distribution("colourize").entry_points.select(group="console_scripts")
    commands = {f"{script.name} --help": [sys.executable, "-m", script.module, "--help"] for script in scripts}
    commands[IMPORTS] = [sys.executable, "-c", IMPORTS]

    def one_command(name: str) -> dict[str, float]:
        if name == FIRST_STEP:
            return {"command_s": train([*settings.overrides, *SHORT], settings.work)[0]["seconds"]}
        return {"command_s": run(commands[name])}

    names, over = [*commands, FIRST_STEP], [(FIRST_STEP, IMPORTS)]
    part.compare("Start", "command", names, one_command, settings.node.repeats, over=over)
