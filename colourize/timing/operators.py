"""Part `operators`: which of torch's operators a bare training step spends its time in, by torch's own profiler."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, schedule

from colourize.build import build_data, build_task
from colourize.data.pictures import InMemory
from colourize.errors import UsageError
from colourize.timing.bare_loop import train_epoch
from colourize.timing.part import Part
from colourize.timing.paths import arithmetic, chosen
from colourize.timing.settings import Settings

log = logging.getLogger(__name__)

WARM_UP = 5  # steps of an epoch that are not counted
SHOWN = 12  # operators; the rest is one line
STEP = "ProfilerStep"  # what the profiler calls a step; its own time is …
PYTHON = "Python, outside of operators"


def measure(settings: Settings) -> Part:
    """One profiled epoch of each case. The profiler takes time itself: shares say more than milliseconds.

    Raises:
        UsageError: an epoch has no steps left to profile.
    """
    part = Part()
    for case in settings.node.cases:
        log.info("operators: %s", case)
        times = milliseconds_a_step(settings, case)
        total = sum(times.values())
        slowest = sorted(times, key=lambda name: -times[name])
        shown = {name: times[name] for name in slowest[:SHOWN]}
        shown["everything else"] = total - sum(shown.values())
        part.rows += [
            {"case": case, "operator": name, "ms": each, "share": each / total} for name, each in shown.items()
        ]
        part.figures[f"profiled step [ms], {case}"] = total
        part.tables[f"A training step, {case}"] = [
            {"operator": name, "ms": f"{each:.1f}", "share": f"{each / total:.0%}"} for name, each in shown.items()
        ]
    return part


def milliseconds_a_step(settings: Settings, case: str) -> dict[str, float]:
    """Each operator's own time, without that of those it calls, on average over an epoch's steps."""
    config = settings.case(case)
    data = build_data(config)
    torch.manual_seed(config.seed)
    task = build_task(config, data).to(settings.device)
    part = chosen(config, data)
    counted = len(part.batches) - WARM_UP
    if counted < 1:
        raise UsageError(f"benchmark.pictures: {len(part.batches)} steps an epoch; operators needs more than {WARM_UP}")
    pictures, optimizer = InMemory(part.train), task.build_optimizer()
    on_gpu = settings.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    # One step more than there are: at the last one of its plan the profiler would begin anew.
    plan = schedule(wait=0, warmup=WARM_UP, active=counted + 1)
    with profile(activities=activities, schedule=plan) as profiler:
        for indices in part.batches:
            context = arithmetic(config.trainer.precision, settings.device)
            train_epoch(task, optimizer, [pictures[indices]], context)
            profiler.step()
    times: dict[str, float] = {}
    averages: Any = profiler.key_averages()
    for each in averages:
        name = PYTHON if each.key.startswith(STEP) else each.key.removeprefix("aten::")
        own = each.self_device_time_total if on_gpu else each.self_cpu_time_total
        times[name] = times.get(name, 0.0) + own / 1000 / counted
    return times
