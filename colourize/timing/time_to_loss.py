"""Part `time_to_loss`: from the command to a validation loss, against the plain loop's whole training."""

from __future__ import annotations

import logging
import sys
from typing import Any

from colourize.timing.part import Part, columns, pick, shown
from colourize.timing.processes import run, train_command
from colourize.timing.settings import Settings
from colourize.timing.stamps import read_stamps
from colourize.timing.statistics import ratios, spread

log = logging.getLogger(__name__)

COURSE = "experiment=course"  # protocol, palette and learning rate, in the plain loop


def measure(settings: Settings) -> Part:
    """For each seed both trainings, in turns the one first and the other."""
    node = settings.node.time_to_loss
    part = Part()
    folder = settings.work / "loss"
    # Experiments say what data and settings are used; the user's choice of device and folder stays.
    kept = [each for each in settings.run_overrides if each.startswith(("data.root=", "trainer.accelerator="))]
    for repetition, seed in enumerate(node.seeds, start=1):
        stamps = {name: folder / f"{name}-{seed}" for name in ("course", "project")}
        commands = {
            "course": [
                *(sys.executable, "-m", "colourize.timing.course_loop", str(stamps["course"])),
                *("--epochs", str(node.course_epochs), "--device", settings.device.type),
                *(COURSE, f"seed={seed}", *kept),
            ],
            "project": [
                *(*train_command(), *kept, *node.overrides, f"seed={seed}", "hydra.mode=RUN"),
                "+callbacks.stamps._target_=colourize.timing.stamps.EpochStamps",
                f"+callbacks.stamps.path={stamps['project']}",
                f"hydra.run.dir={folder / f'run-{seed}'}",
            ],
        }
        row: dict[str, Any] = {"seed": seed, "repetition": repetition}
        for name in sorted(commands, reverse=bool(repetition % 2)):
            log.info("time_to_loss: %s, seed %d", name, seed)
            done = run(commands[name], folder, settings.node.num_threads)
            epochs = [{**each, "seconds": each["time"] - done.started} for each in read_stamps(stamps[name])]
            reached = [each["seconds"] for each in epochs if each["val_loss"] <= node.target]
            row[f"{name}_total"] = done.seconds
            row[f"{name}_trained"] = epochs[-1]["seconds"]
            row[f"{name}_reached"] = reached[0] if reached else None
            row[f"{name}_best"] = min(each["val_loss"] for each in epochs)
            row[f"{name}_epochs"] = [[each["seconds"], each["val_loss"]] for each in epochs]
        part.raw.append(row)

    lines: list[Any] = []
    for row in part.raw:
        plain = {key: value for key, value in row.items() if not key.endswith("_epochs") and key != "repetition"}
        reached = row["project_reached"]
        plain["ratio"] = row["course_trained"] / reached if reached else None
        part.rows.append(plain)
        lines.append(
            {
                "seed": str(row["seed"]),
                "plain loop [s]": f"{row['course_trained']:.1f}",
                "its least loss": f"{row['course_best']:.3f}",
                f"project to {node.target} [s]": f"{reached:.1f}" if reached else "not reached",
                "its least loss ": f"{row['project_best']:.3f}",
                "ratio": f"{plain['ratio']:.2f}" if reached else "",
            }
        )
    if all(row["project_reached"] for row in part.raw):
        seconds = spread(pick(part.raw, "project_reached"))
        faster = ratios(pick(part.raw, "course_trained"), pick(part.raw, "project_reached"))
        part.figures |= {"seconds to the loss": seconds.median, "plain loop/project": faster.median}
        part.rows.append({"seed": "all", **columns("project_reached", seconds), **columns("ratio", faster)})
        lines.append({"seed": "all", f"project to {node.target} [s]": shown(seconds, 1), "ratio": shown(faster)})
    part.tables[f"{node.course_epochs} plain epochs, and the project up to the loss"] = lines
    return part
