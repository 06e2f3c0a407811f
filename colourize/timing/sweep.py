"""Part `sweep`: the same two jobs one after the other, and side by side."""

import tempfile

from colourize.timing.programs import TRAIN, run
from colourize.timing.report import Part
from colourize.timing.settings import Settings

LAUNCHERS = ("basic", "joblib")


def measure(part: Part, settings: Settings) -> None:
    """Both launchers in turn. There is no round that does not count: a sweep is long, and new processes are cold."""
    epochs, repeats = settings.node.sweep.epochs, settings.node.repeats
    overrides = [each for each in settings.overrides if not each.startswith(("launcher=", "seed="))]
    command = [*TRAIN, "-m", *overrides, "seed=0,1", f"trainer.max_epochs={epochs}"]

    def one_sweep(launcher: str) -> dict[str, float]:
        folder = tempfile.mkdtemp(dir=settings.work)
        return {"sweep_s": run([*command, f"launcher={launcher}", f"hydra.sweep.dir={folder}"])}

    title = f"Two jobs of {epochs} epochs"
    part.compare(title, "launcher", LAUNCHERS, one_sweep, repeats, over=[LAUNCHERS], warm_up=False)
