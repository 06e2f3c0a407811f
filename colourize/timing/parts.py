"""The parts of the benchmark; each function measures one and adds its numbers to a report's `Part`."""

import contextlib
import functools
import gc
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution

from omegaconf import DictConfig

from colourize.build import build_data
from colourize.data.pictures import PictureData
from colourize.machine.threads import SPIN_COUNT
from colourize.timing.loops import Times, time_bare, time_project
from colourize.timing.programs import run, train
from colourize.timing.report import Part
from colourize.timing.settings import Settings

# How threads wait for each other: as set by the console scripts, and OpenMP's default.
WAYS = {
    "1 thread": {"OMP_NUM_THREADS": "1"},
    "2 threads": {"OMP_NUM_THREADS": "2"},
    "2 threads that spin": {"OMP_NUM_THREADS": "2", SPIN_COUNT: "300000"},
}
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


def threads(part: Part, settings: Settings) -> None:
    """Time an epoch of the first case with one thread and with two, on idle cores and beside a busy process."""
    model, task = settings.node.cases[0].split("/")
    overrides = [*settings.overrides, f"model={model}", f"task={task}", "trainer.max_epochs=1"]
    if settings.steps is not None:
        overrides.append(f"trainer.limit_train_batches={settings.steps}")

    def one_epoch(way: str) -> dict[str, float]:
        first_step, epoch = train(overrides, settings.work, WAYS[way])
        return {"epoch_s": epoch - first_step}

    over = (("2 threads", "1 thread"), ("2 threads", "2 threads that spin"))
    for beside, context in (("idle cores", contextlib.nullcontext), ("a busy process", _busy_process)):
        with context():
            title, repeats = f"An epoch beside {beside}", settings.node.repeats
            part.compare(title, "threads", list(WAYS), one_epoch, repeats, over=over, warm_up=False, beside=beside)


@contextlib.contextmanager
def _busy_process() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def startup(part: Part, settings: Settings) -> None:
    """Time the help of each console script, and training until its first step."""
    scripts = distribution("colourize").entry_points.select(group="console_scripts")
    commands = {f"{script.name} --help": [sys.executable, "-m", script.module, "--help"] for script in scripts}
    commands[IMPORTS] = [sys.executable, "-c", IMPORTS]

    def one_command(name: str) -> dict[str, float]:
        first_step = name == FIRST_STEP
        return {
            "command_s": train([*settings.overrides, *SHORT], settings.work)[0] if first_step else run(commands[name])
        }

    names, over = [*commands, FIRST_STEP], [(FIRST_STEP, IMPORTS)]
    part.compare("Start", "command", names, one_command, settings.node.repeats, over=over)


PARTS = {each.__name__: each for each in (steps, threads, startup)}
