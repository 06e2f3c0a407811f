"""Where a run's numbers were made, beyond its settings: versions, the code's commit, the machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import colourize

PACKAGES = ("lightning", "numpy")
GIT_SECONDS = 10  # a checkout on a slow network disk must not hold a run up


def surroundings() -> dict[str, Any]:
    """`versions`, `commit`, `dirty` (whether the code is other than the commit's), `machine` and `threads`."""
    import torch  # late: it takes seconds, and the table of a sweep needs none

    return {
        "versions": versions(),
        **commit(Path(colourize.__file__).parent),
        "machine": {"system": platform.system(), "processor": processor(), "cores": cores()},
        "threads": torch.get_num_threads(),
    }


def versions() -> dict[str, str | None]:
    """Of this project, of Python, and of the packages that decide the numbers."""
    import torch

    found: dict[str, str | None] = {
        "colourize": colourize.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),  # with the build, such as +cpu, which the package's own data may lack
    }
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = None
    return found


def commit(package: Path) -> dict[str, Any]:
    """The commit of the checkout that a package lies in; None where it lies in none, or there is no git.

    A package that was installed into a virtual environment within somebody's checkout is no part of that: only
    files that git follows count. Files of one's own beside them, such as a new model and its YAML, make it dirty.
    """
    none: dict[str, Any] = {"commit": None, "dirty": None}
    # Within a git hook these would point elsewhere; and nothing here should lock the index.
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
    """The processor's name, as its maker gives it where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def cores() -> int | None:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
