"""Part `data`: pictures and palette ready from their caches, in a process of its own; and the memory of training.

As a program, `python -m colourize.timing.data '<the node data as JSON>'`, it is that process.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import time
from typing import TYPE_CHECKING, Any

from colourize.timing.clock import peak_mb, reset_peak, resident_mb
from colourize.timing.stamps import read_stamps

if TYPE_CHECKING:  # the measured process imports what the data needs, and no more
    from colourize.timing.part import Part
    from colourize.timing.settings import Settings

log = logging.getLogger(__name__)

BATCHES = 10  # of the epoch whose memory is measured


def measure(settings: Settings) -> Part:
    """The data's seconds and memory; a first round is not counted. Then the memory of both kinds of training."""
    from omegaconf import OmegaConf

    from colourize.timing.part import Part, columns, pick, shown
    from colourize.timing.processes import run
    from colourize.timing.statistics import spread

    part = Part()
    folder = settings.work / "ready"
    node = json.dumps(OmegaConf.to_container(settings.compose().data, resolve=True))
    command = [sys.executable, "-m", "colourize.timing.data", node]
    for repetition in range(settings.repeats + 1):
        log.info("data: %s", f"repetition {repetition} of {settings.repeats}" if repetition else "warming up")
        answer = json.loads(run(command, folder, settings.node.num_threads).stdout.splitlines()[-1])
        if repetition:
            part.raw.append({"repetition": repetition, **answer})
    lines: list[Any] = []
    for key, what, digits in (
        ("seconds", "ready [s]", 3),
        ("grown_mb", "memory above the imports' own [MB]", 0),
        ("grown_peak_mb", "… at its peak [MB]", 0),
        ("imports_mb", "the imports' own [MB]", 0),
    ):
        values = spread(pick(part.raw, key))
        part.rows.append({"measure": key, **columns("value", values)})
        part.figures[f"data {what}"] = values.median
        lines.append({"": what, "value": shown(values, digits)})
    part.tables["Pictures and palette from their caches, median (range)"] = lines
    if not math.isnan(resident_mb()):
        log.info("data: memory of training")
        peaks = _training_peaks(settings)
        part.rows += [{"measure": f"{name}_peak_mb", "value": value} for name, value in peaks.items()]
        part.figures.update({f"peak memory, {name} [MB]": value for name, value in peaks.items()})
        part.tables["Peak memory of a training process"] = [
            {"path": name, "MB": f"{value:.0f}"} for name, value in peaks.items()
        ]
    return part


def _training_peaks(settings: Settings) -> dict[str, float]:
    """The most memory that a process held up to the end of a short epoch with validation."""
    from colourize.timing.processes import run, train_command

    folder = settings.work / "memory"
    common = [*settings.run_overrides, f"trainer.limit_train_batches={BATCHES}"]
    commands = {
        "project": [
            *train_command(),
            *common,
            "trainer.max_epochs=1",
            "+callbacks.stamps._target_=colourize.timing.stamps.EpochStamps",
            f"+callbacks.stamps.path={folder / 'project'}",
            f"hydra.run.dir={folder / 'run'}",
            "hydra.mode=RUN",
        ],
        "course": [
            *(sys.executable, "-m", "colourize.timing.course_loop", str(folder / "course")),
            *("--epochs", "1", "--device", settings.device.type),
            # Its arrays hold all pictures, as the course's do, even where it trains on few.
            *settings.run_overrides,
        ],
    }
    peaks = {}
    for name, command in commands.items():
        run(command, folder, settings.node.num_threads)
        peaks[name] = read_stamps(folder / name)[-1]["peak_mb"]
    return peaks


def main() -> None:
    """The measured process: imports first, then the clock."""
    from hydra.utils import get_class

    from colourize.machine.memory import keep_freed_memory

    keep_freed_memory()  # as the console scripts do
    arguments = json.loads(sys.argv[1])
    data_class = get_class(arguments.pop("_target_"))
    reset_peak()
    imports, started = resident_mb(), time.perf_counter()
    data: Any = data_class(**arguments)
    data.prepare_data()
    data.setup()
    colours = data.palette_colours()
    next(iter(data.train_dataloader()))
    seconds = time.perf_counter() - started
    answer = {
        "seconds": seconds,
        "imports_mb": imports,
        "grown_mb": resident_mb() - imports,
        "grown_peak_mb": peak_mb() - imports,
        "pictures": len(data.pictures.train),
        "colours": 0 if colours is None else len(colours),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
