"""Part `choices`: a bare training step by default, and with one choice that was made for speed made otherwise."""

import gc
import shutil
from collections.abc import Callable
from typing import Any

import torch
from hydra.utils import get_class
from omegaconf import DictConfig
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

from colourize.errors import UsageError
from colourize.machine.memory import keep_freed_memory
from colourize.timing.loops import BareLoop, now
from colourize.timing.programs import another_process
from colourize.timing.report import Part
from colourize.timing.settings import Settings

WARM_UP = 2  # steps of each epoch that are not counted: compiling, first uses of memory
DEFAULT = "the default"
CHANNELS_FIRST = "channels first"
MEMORY = "freed memory goes back to the system"  # so it does in another process
DOUBLED = "pictures are doubled, then convolved"
POOLED = {"norm_pool_relu": "max-pool before ReLU", "pool_norm_relu": "max-pool before batch norm"}


def channels_first(model: nn.Module) -> None:
    first = torch.contiguous_format
    model.to(memory_format=first)  # type: ignore[call-overload]
    # A copy: to `contiguous`, a single channel lies first as well as last.
    model.register_forward_pre_hook(lambda model, inputs: tuple(each.clone(memory_format=first) for each in inputs))


def not_folded(model: nn.Module) -> None:
    model.folded = False  # type: ignore[assignment]


CHANGES = {CHANNELS_FIRST: channels_first, DOUBLED: not_folded}


def measure(part: Part, settings: Settings) -> None:
    """All cases, one after the other."""
    for case in settings.node.cases:
        measure_case(part, settings, case)


def measure_case(part: Part, settings: Settings, case: str) -> None:
    """The choices in turn, and each over the default."""
    choices = choices_for(settings.case(case), settings)

    def one_epoch(name: str) -> dict[str, float]:
        arguments = settings.case(case, *choices[name]), settings.device, CHANGES.get(name)
        return elsewhere.submit(time_step, *arguments).result() if name == MEMORY else time_step(*arguments)

    over = [(name, DEFAULT) for name in choices if name != DEFAULT]
    with another_process() as elsewhere:
        part.compare(case, "choice", list(choices), one_epoch, settings.node.repeats, over=over, case=case)
    rows = [{"case": case, **row} for row in by_operator(settings.case(case), settings.device)]
    part.add(f"{case}, the default by torch's operators", "operator", rows)


def choices_for(config: DictConfig, settings: Settings) -> dict[str, list[str]]:
    """Those that there are in a case and on this machine, and the overrides by which each is made otherwise."""
    # What the default does, undone.
    choices: dict[str, list[str]] = {DEFAULT: [], CHANNELS_FIRST: []}
    if settings.precision != "32-true":
        choices["float32"] = ["trainer.precision=32-true"]
    if keep_freed_memory():
        choices[MEMORY] = []
    if settings.device.type == "cpu":
        choices[DOUBLED] = []
    # What it does not do.
    if any(map(shutil.which, ("c++", "g++", "clang++"))):
        choices["model.compile"] = ["compile=true"]
    if "Adam" in config.task.optimizer._target_:
        choices["fused Adam"] = ["+task.optimizer.fused=true"]
    if getattr(get_class(config.model._target_), "pools", False):  # question F2
        choices |= {name: [f"model.block_order={order}"] for order, name in POOLED.items()}
    return choices


def time_step(config: DictConfig, device: torch.device, change: Callable[[nn.Module], None] | None) -> dict[str, float]:
    """A step's mean over an epoch of a new model.

    Raises:
        UsageError: the epoch has no steps left to measure.
    """
    gc.collect()
    torch.compiler.reset()  # what was compiled for another case is none of this one's
    loop = BareLoop(config, device)
    if change is not None:
        change(loop.task.model)
    loop.train(WARM_UP)
    start = now(device)
    steps = len(loop.train())
    if not steps:
        raise UsageError(f"benchmark.pictures: an epoch of {WARM_UP} steps leaves none to measure")
    return {"step_ms": 1000 * (now(device) - start) / steps}


def by_operator(config: DictConfig, device: torch.device) -> list[dict[str, Any]]:
    """Which operators a step spends its time in. The profiler takes time itself: shares say more than milliseconds."""
    loop = BareLoop(config, device)
    activities = [ProfilerActivity.CUDA if device.type == "cuda" else ProfilerActivity.CPU]
    with profile(activities=activities) as profiler, record_function("Python, outside of operators"):
        steps = len(loop.train())
    averages: Any = profiler.key_averages()
    own = "self_device_time_total" if device.type == "cuda" else "self_cpu_time_total"  # without operators called
    times = {each.key.removeprefix("aten::"): getattr(each, own) / 1000 / steps for each in averages}
    total = sum(times.values())
    slowest = {name: times[name] for name in sorted(times, key=lambda name: -times[name])[:12]}
    slowest["everything else"] = total - sum(slowest.values())
    return [{"operator": name, "step_ms": ms, "share": ms / total} for name, ms in slowest.items()]
