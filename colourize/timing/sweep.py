"""Part `sweep`: the same two jobs one after the other, and side by side."""

from __future__ import annotations

import logging
import shutil
from typing import Any

from colourize.timing.part import Part, columns, pick, shown
from colourize.timing.processes import run, train_command
from colourize.timing.settings import Settings
from colourize.timing.statistics import ratios, rotated, spread

log = logging.getLogger(__name__)

LAUNCHERS = ("basic", "joblib")


def measure(settings: Settings) -> Part:
    """Both launchers in turn. There is no round that does not count: a sweep is long, and new processes are cold."""
    part = Part()
    folder = settings.work / "sweep"
    overrides = [each for each in settings.run_overrides if not each.startswith(("launcher=", "seed="))]
    for repetition in range(1, settings.repeats + 1):
        for launcher in rotated(LAUNCHERS, repetition):
            log.info("sweep: launcher=%s, repetition %d of %d", launcher, repetition, settings.repeats)
            command = [
                *(*train_command(), "-m", *overrides),
                *("seed=0,1", f"launcher={launcher}", f"trainer.max_epochs={settings.node.sweep.epochs}"),
                f"hydra.sweep.dir={folder / 'runs'}",
            ]
            seconds = run(command, folder, settings.node.num_threads).seconds
            shutil.rmtree(folder)
            part.raw.append({"launcher": launcher, "repetition": repetition, "seconds": seconds})
    lines: list[Any] = []
    for launcher in LAUNCHERS:
        times = spread(pick(part.raw, "seconds", launcher=launcher))
        part.rows.append({"launcher": launcher, **columns("seconds", times)})
        part.figures[f"launcher={launcher} [s]"] = times.median
        lines.append({"launcher": launcher, "seconds": shown(times, 1)})
    faster = ratios(*(pick(part.raw, "seconds", launcher=launcher) for launcher in LAUNCHERS))
    part.rows.append({"launcher": "basic/joblib", **columns("ratio", faster)})
    part.figures["basic/joblib"] = faster.median
    lines.append({"launcher": "basic/joblib", "seconds": f"{shown(faster)} ×"})
    part.tables[f"Two jobs of {settings.node.sweep.epochs} epochs, median (range)"] = lines
    return part
