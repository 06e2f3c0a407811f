"""Part `startup`: how long each console script takes for its help, and training for its first step."""

from __future__ import annotations

import logging
import sys
from typing import Any

from colourize.timing.part import Part, columns, pick, shown
from colourize.timing.processes import console_scripts, run, train_command
from colourize.timing.settings import Settings
from colourize.timing.statistics import ratios, rotated, spread

log = logging.getLogger(__name__)

IMPORTS = "import torch, torchvision, lightning"
FIRST_STEP = "first training step"


def measure(settings: Settings) -> Part:
    """All commands in turn; a first round, which fills the caches of disk and data, is not counted."""
    part = Part()
    commands = {f"{name} --help": [*command, "--help"] for name, command in console_scripts().items()}
    commands[IMPORTS] = [sys.executable, "-c", IMPORTS]
    commands[FIRST_STEP] = []
    for repetition in range(settings.repeats + 1):
        log.info("startup: %s", f"repetition {repetition} of {settings.repeats}" if repetition else "warming up")
        for name in rotated(list(commands), repetition):
            folder = settings.work / "startup"
            if name == FIRST_STEP:
                seconds = _first_step(settings)
            else:
                seconds = run(commands[name], folder, settings.node.num_threads).seconds
            if repetition:
                part.raw.append({"command": name, "repetition": repetition, "seconds": seconds})

    lines: list[Any] = []
    for name in commands:
        times = spread(pick(part.raw, "seconds", command=name))
        part.rows.append({"command": name, **columns("seconds", times)})
        part.figures[f"{name} [s]"] = times.median
        lines.append({"command": name, "seconds": shown(times)})
    times_imports = ratios(*(pick(part.raw, "seconds", command=name) for name in (FIRST_STEP, IMPORTS)))
    part.rows.append({"command": "first step/imports", **columns("ratio", times_imports)})
    part.figures["first step/imports"] = times_imports.median
    lines.append({"command": "first step over imports", "seconds": f"{shown(times_imports)} ×"})
    part.tables["From the command to its end, median (range)"] = lines
    return part


def _first_step(settings: Settings) -> float:
    """Seconds from the command to the end of the first training step."""
    folder = settings.work / "startup"
    stamp = folder / "first-step"
    stamp.unlink(missing_ok=True)
    callback = "+callbacks.first_step"
    command = [
        *train_command(),
        *settings.run_overrides,
        f"{callback}._target_=colourize.timing.stamps.EndAfterFirstStep",
        f"{callback}.path={stamp}",
        f"hydra.run.dir={folder / 'run'}",
        "hydra.mode=RUN",
    ]
    started = run(command, folder, settings.node.num_threads).started
    return float(stamp.read_text()) - started
