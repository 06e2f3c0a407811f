"""Reading time and memory, on a processor and on a GPU, which works on while Python goes ahead."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import torch

STATUS = Path("/proc/self/status")


class Span:
    """The seconds between `start` and `stop`; on a GPU between two events in its stream, so that nothing waits."""

    def __init__(self, device: torch.device) -> None:
        self.events = [torch.cuda.Event(enable_timing=True) for _ in "ab"] if device.type == "cuda" else None
        self.times = [0.0, 0.0]

    def start(self) -> None:
        self._mark(0)

    def stop(self) -> None:
        """Mark the end; called again, it moves it."""
        self._mark(1)

    def seconds(self) -> float:
        """What passed; on a GPU this waits for the second event."""
        if self.events is None:
            return self.times[1] - self.times[0]
        self.events[1].synchronize()
        return self.events[0].elapsed_time(self.events[1]) / 1000

    def _mark(self, which: int) -> None:
        if self.events is None:
            self.times[which] = time.perf_counter()
        else:
            self.events[which].record()


def now(device: torch.device) -> float:
    """Seconds on a clock that never goes back, read when the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def resident_mb() -> float:
    """This process's resident memory in MB (10⁶ bytes); nan where the system does not tell."""
    return _status("VmRSS")


def peak_mb() -> float:
    """The most it ever was, or since `reset_peak`."""
    return _status("VmHWM")


def reset_peak() -> None:
    """Let `peak_mb` start from what is resident now, where the system allows it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _status(key: str) -> float:
    # Not resource.getrusage: its peak includes what the parent process held before this program was loaded.
    try:
        (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{key}:"))
    except (OSError, ValueError):
        return float("nan")
    return int(line.split()[1]) * 1024 / 1e6
