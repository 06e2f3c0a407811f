"""The environment of a run, beyond its settings: versions, the code's commit, the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import colourize

PACKAGES = ("lightning", "numpy")
GIT_SECONDS = 10  # a checkout on a slow network disk must not delay a run


def surroundings() -> dict[str, Any]:
    """`versions`, `commit`, `dirty` (whether the code differs from the commit), `machine` and `threads`."""
    import torch  # late, because its import takes seconds

    return {
        "versions": {
            "colourize": colourize.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),  # with the build, such as +cpu
            **{package: importlib.metadata.version(package) for package in PACKAGES},
        },
        **commit(Path(colourize.__file__).parent),
        "machine": {"system": platform.system(), "processor": processor(), "cores": cores()},
        "threads": torch.get_num_threads(),
    }


def commit(package: Path) -> dict[str, Any]:
    """The commit of the checkout that contains a package; None without a checkout or git.

    The package must be tracked by git: a package in a virtual environment within somebody's checkout has no commit. New
    files in the package or in conf, such as a user's own model, make the checkout dirty.
    """
    none: dict[str, Any] = {"commit": None, "dirty": None}
    # In a git hook these variables point elsewhere; and git must not lock the index here.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"

    def git(*arguments: str) -> list[str]:
        return subprocess.run(
            ["git", "-C", str(package.parent), *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=GIT_SECONDS,
        ).stdout.splitlines()  # fmt: skip

    try:
        git("ls-files", "--error-unmatch", f"{package.name}/__init__.py")
        status = git("status", "--porcelain=v2", "--branch", "--", package.name, "conf")
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return none
    head = next((line.split()[-1] for line in status if line.startswith("# branch.oid ")), "(initial)")
    if head == "(initial)":
        return none
    return {"commit": head, "dirty": any(not line.startswith("#") for line in status)}


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def cores() -> int | None:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
