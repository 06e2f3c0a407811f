"""Part `data`: pictures and palette ready from their caches, in a new process; and the memory of training."""

import time

from omegaconf import DictConfig

from colourize.answers import PaletteClasses
from colourize.build import build_data
from colourize.machine.memory import keep_freed_memory
from colourize.timing.loops import train_course
from colourize.timing.programs import another_process, memory_mb, train
from colourize.timing.report import Part
from colourize.timing.settings import Settings


def measure(part: Part, settings: Settings) -> None:
    """The data's seconds and memory, then once the peaks of both kinds of training."""
    config = settings.compose()

    def from_caches(name: str) -> dict[str, float]:
        with another_process() as elsewhere:
            return elsewhere.submit(ready, config).result()

    def training(path: str) -> dict[str, float]:
        if path == "project":
            overrides = [*settings.overrides, "trainer.max_epochs=1", "trainer.limit_train_batches=10"]
            return {"peak_mb": train(overrides, settings.work)[-1]["peak_mb"]}
        with another_process() as elsewhere:
            # Its arrays hold all pictures, as the course's do, even where the project trains on few.
            return {"peak_mb": elsewhere.submit(train_course, config, settings.device, 1).result()[-1]["peak_mb"]}

    part.compare("From the caches", "data", ["pictures and palette"], from_caches, settings.node.repeats)
    part.compare("Memory of a training process", "path", ["project", "course"], training, 1, warm_up=False)


def ready(config: DictConfig) -> dict[str, float]:
    """Pictures, palette and the first batch once everything is imported, and what they add to its memory."""
    keep_freed_memory()  # as the console scripts do
    imports, started = memory_mb(), time.perf_counter()
    data = build_data(config)
    if data.palette is not None:
        answer = PaletteClasses()
        answer.prepare(data.palette)
        answer.fit(data.training)
    next(iter(data.train_dataloader()))
    seconds = time.perf_counter() - started
    added = {"added_mb": memory_mb() - imports, "added_peak_mb": memory_mb("VmHWM") - imports}
    return {"ready_s": seconds, **added, "imports_mb": imports}
