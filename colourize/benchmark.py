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


def benchmark(config: DictConfig) -> None:
    """Measure the chosen parts, print and save their tables; finished parts stay saved if a later one fails."""
    from colourize.timing.parts import PARTS, settings_from, write
    from colourize.timing.report import Part, show

    chosen = [str(each) for each in as_list(config.benchmark.parts)]
    if chosen != ["all"] and not (chosen and set(chosen) <= set(PARTS)):
        raise UsageError(f"benchmark.parts={','.join(chosen)}: must be all, or some of {', '.join(PARTS)}")
    folder = Path(config.output_dir)
    done: dict[str, Part] = {}
    with tempfile.TemporaryDirectory(prefix="colourize-benchmark-") as work:
        settings = settings_from(config, Path(work))
        for name in PARTS if chosen == ["all"] else [name for name in PARTS if name in chosen]:
            done[name] = Part()
            PARTS[name](done[name], settings)
            write(folder, settings, done)
            show(name, done[name])
    log.info("Saved in %s", os.path.relpath(folder))


def main() -> None:
    """The console script."""
    app.run(benchmark, "benchmark")


if __name__ == "__main__":
    main()
