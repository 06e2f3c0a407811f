"""Part `threads`: an epoch on one thread and on two, on idle cores and beside another process that is always busy."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from colourize.machine.threads import SPIN_COUNT
from colourize.timing.programs import train
from colourize.timing.report import Part
from colourize.timing.settings import Settings

# How threads wait for one another: as the console scripts have it, and as OpenMP does where nothing is said.
WAYS = {
    "1 thread": {"OMP_NUM_THREADS": "1"},
    "2 threads": {"OMP_NUM_THREADS": "2"},
    "2 threads that spin": {"OMP_NUM_THREADS": "2", SPIN_COUNT: "300000"},
}
OVER = (("2 threads", "1 thread"), ("2 threads", "2 threads that spin"))
BUSY = "while True: pass"


def measure(part: Part, settings: Settings) -> None:
    """The first case's epoch, each way in turn: with nothing beside it, then beside the busy process."""
    model, task = settings.node.cases[0].split("/")
    overrides = [*settings.overrides, f"model={model}", f"task={task}", "trainer.max_epochs=1"]
    if settings.node.pictures is not None:
        overrides.append(f"trainer.limit_train_batches={settings.steps}")

    def one_epoch(way: str) -> dict[str, float]:
        first_step, epoch = train(overrides, settings.work, WAYS[way])
        return {"epoch_s": epoch["seconds"] - first_step["seconds"]}

    for beside, context in (("idle cores", contextlib.nullcontext), ("a busy process", busy)):
        with context():
            part.compare(
                f"An epoch beside {beside}", "threads", list(WAYS), one_epoch, settings.node.repeats,
                over=OVER, warm_up=False, beside=beside,
            )  # fmt: skip


@contextlib.contextmanager
def busy() -> Iterator[None]:
    """Keep one core busy with another process until the block ends."""
    process = subprocess.Popen([sys.executable, "-c", BUSY])
    try:
        yield
    finally:
        process.kill()
        process.wait()
