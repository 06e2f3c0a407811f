"""Part `time_to_loss`: from the command to a validation loss, against the plain loop's whole training."""

import math
import time
from typing import Any

import hydra

from colourize.timing.loops import train_course
from colourize.timing.programs import another_process, train
from colourize.timing.report import Part
from colourize.timing.settings import Settings


def measure(part: Part, settings: Settings) -> None:
    """Both trainings in turn, a seed in each repetition."""
    node = settings.node.time_to_loss
    # Experiments say what data and settings are used; the user's choice of device and folder stays.
    kept = [each for each in settings.overrides if each.startswith(("data.root=", "trainer.accelerator="))]
    seeds = {name: iter(node.seeds) for name in ("course", "project")}

    def one_training(name: str) -> dict[str, Any]:
        seed, started = next(seeds[name]), time.time()
        if name == "project":
            epochs = train([*kept, *node.overrides, f"seed={seed}"], settings.work)[1:]  # without the first step
        else:
            config = hydra.compose("train", ["experiment=course", f"seed={seed}", *kept])
            with another_process() as elsewhere:
                epochs = elsewhere.submit(train_course, config, settings.device, node.course_epochs).result()
        curve = [(epoch["time"] - started, epoch["val_loss"]) for epoch in epochs]
        reached = [seconds for seconds, loss in curve if loss <= node.target]
        wanted = next(iter(reached), math.inf) if name == "project" else curve[-1][0]
        return {"training_s": wanted, "least_loss": min(loss for _, loss in curve), "seed": seed, "curve": curve}

    title = f"{node.course_epochs} epochs of the course's loop, and the project up to {node.target}"
    part.compare(title, "path", list(seeds), one_training, len(node.seeds), over=[tuple(seeds)], warm_up=False)
