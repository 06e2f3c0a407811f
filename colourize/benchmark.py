"""`colourize-benchmark`: the time of training and start-up on this machine.

colourize-benchmark benchmark.parts=[steps] benchmark.cases=[unet/colour_classification]
colourize-benchmark device=cuda
"""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from omegaconf import DictConfig

from colourize.cli import app
from colourize.configuration import as_list
from colourize.errors import UsageError

log = logging.getLogger(__name__)

PARTS = ("steps", "startup")  # functions of timing/parts.py, called in this order


def benchmark(config: DictConfig) -> None:
    """Measure the chosen parts, print and save their tables; finished parts stay saved if a later one fails."""
    from colourize.timing import parts
    from colourize.timing.report import Part, show

    names = chosen_parts(config.benchmark.parts)
    folder = Path(config.output_dir)
    done: dict[str, Part] = {}
    with tempfile.TemporaryDirectory(prefix="colourize-benchmark-") as work:
        settings = parts.settings_from(config, Path(work))
        for name in names:
            done[name] = Part()
            getattr(parts, name)(done[name], settings)
            parts.write(folder, settings, done)
            show(name, done[name])
    log.info("Saved in %s", os.path.relpath(folder))


def chosen_parts(chosen: object) -> list[str]:
    """The parts to measure, in the order of PARTS; a UsageError for an unknown part or none."""
    wanted = [str(each) for each in as_list(chosen)]
    if wanted == ["all"]:
        return list(PARTS)
    if not wanted or not set(wanted) <= set(PARTS):
        raise UsageError(f"benchmark.parts={','.join(wanted)}: must be all, or some of {', '.join(PARTS)}")
    return [each for each in PARTS if each in wanted]


def main() -> None:
    """The console script."""
    app.run(benchmark, "benchmark")


if __name__ == "__main__":
    main()
