"""python -m torture [part …]: all parts, or some of them; a second call continues the first.

--quick      a few of each, in seconds to minutes
--again      from the beginning
--work=…     where everything lies (outputs/torture)
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import platform
import subprocess
import sys
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported; a fork may have no threads beside its own
warnings.filterwarnings("ignore", message=".*LeafSpec.*")
warnings.filterwarnings("ignore", message="The `srun` command is available")

from torture import kills, malformed, preparation, soak, write_faults  # noqa: E402
from torture.parts import Part, Totals, do  # noqa: E402

MODULES = (kills, write_faults, preparation, malformed, soak)
PARTS: tuple[Part, ...] = tuple(part for module in MODULES for part in module.PARTS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="torture", description="See docs/reliability.md.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(part.name for part in PARTS))
    parser.add_argument("--quick", action="store_true", help="a few of each")
    parser.add_argument("--again", action="store_true", help="start from the beginning")
    parser.add_argument("--work", default="outputs/torture", help="a folder (%(default)s)")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - {part.name for part in PARTS}
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: must be among {', '.join(part.name for part in PARTS)}")
    work = Path(arguments.work).absolute()
    os.environ["COLOURIZE_DATA"] = str(work / "data")
    os.environ.pop("HYDRA_FULL_ERROR", None)
    import_everything()
    rows = []
    for part in PARTS:
        if not arguments.parts or part.name in arguments.parts:
            totals = do(part, work, quick=arguments.quick, again=arguments.again)
            rows.append((part, totals))
    print(table(rows))
    return int(any(totals["failures"] for _, totals in rows))


def import_everything() -> None:
    """Import what every fork needs; nothing of it starts a thread."""
    for name in ("build", "evaluate", "study", "train"):
        importlib.import_module(f"colourize.{name}")
    import torch.utils.tensorboard

    torch.set_num_threads(1)
    logging.disable(logging.WARNING)


def table(rows: list[tuple[Part, Totals]]) -> str:
    """The table of docs/reliability.md."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    lines = ["", "| | goal | measured | |", "| --- | --- | --- | --- |"]
    for part, totals in rows:
        sign = "**not met**" if totals["failures"] else "met"
        lines.append(f"| {part.what} | {part.goal} | {part.describe(totals)} | {sign} |")
    python = platform.python_version()
    return "\n".join([*lines, "", f"Commit {commit}, Python {python}, {platform.system()}, {os.cpu_count()} cores"])


if __name__ == "__main__":
    sys.exit(main())
