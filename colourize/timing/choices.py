"""Part `choices`: a bare training step by default, and with one choice that was made for speed made otherwise."""

from __future__ import annotations

import gc
import logging
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch.utils.data import DataLoader

from colourize.build import build_data, build_task
from colourize.data.pictures import InMemory, PictureData
from colourize.errors import UsageError
from colourize.machine.memory import keep_freed_memory
from colourize.models.resize_convolution import do_literally
from colourize.tasks import Classification, RestorationTask
from colourize.timing.bare_loop import train_epoch
from colourize.timing.clock import Span
from colourize.timing.part import Part, columns, pick, shown
from colourize.timing.paths import arithmetic, chosen, determinism
from colourize.timing.processes import another_process
from colourize.timing.settings import Settings
from colourize.timing.statistics import ratios, rotated, spread

log = logging.getLogger(__name__)

DEFAULT = "the default"
WARM_UP = 2  # steps of each repetition that are not counted: compiling, first uses of memory


class Otherwise(NamedTuple):
    """What is done in place of a choice."""

    change: Callable[[RestorationTask], Any] = lambda task: None
    precision: str | None = None
    num_workers: int = 0
    fill_fresh_memory: bool = False
    give_memory_back: bool = False


def channels_first(task: RestorationTask) -> None:
    task.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    # A copy: to `contiguous`, a single channel lies first as well as last.
    first = torch.contiguous_format
    task.model.register_forward_pre_hook(
        lambda model, inputs: tuple(each.clone(memory_format=first) for each in inputs)
    )


def loss_over_four_dimensions(task: RestorationTask) -> None:
    task.loss = F.cross_entropy  # type: ignore[method-assign,assignment]


def fused_adam(task: RestorationTask) -> None:
    task.optimizer_config = {**task.optimizer_config, "fused": True}


FLOAT32 = "float32 (trainer.precision=32-true)"
MEMORY = "freed memory goes back to the system"
FOLDED = "pictures are doubled, then convolved"
LOSS = "cross-entropy over (N, K, H, W)"
COMPILE = "model.compile"
FUSED = "fused Adam"

CHOICES = {
    DEFAULT: Otherwise(),
    # What the default does, undone.
    FLOAT32: Otherwise(precision="32-true"),
    "channels first": Otherwise(channels_first),
    MEMORY: Otherwise(give_memory_back=True),
    FOLDED: Otherwise(lambda task: do_literally(task.model)),
    LOSS: Otherwise(loss_over_four_dimensions),
    # What it does not do.
    "fresh memory is filled": Otherwise(fill_fresh_memory=True),
    "two worker processes fetch the batches": Otherwise(num_workers=2),
    COMPILE: Otherwise(lambda task: task.model.compile()),
    FUSED: Otherwise(fused_adam),
}


def measure(settings: Settings) -> Part:
    """For each case the choices take turns; a first round is not counted.

    Raises:
        UsageError: an epoch has no steps left to measure.
    """
    part = Part()
    with another_process() as elsewhere:
        for case in settings.node.cases:
            config = settings.case(case)
            data = build_data(config)
            data.palette_colours()  # a fit, if there must be one, before anything is measured
            steps = len(chosen(config, data).batches)
            if steps <= WARM_UP:
                raise UsageError(f"benchmark.pictures: {steps} steps an epoch; choices needs more than {WARM_UP}")
            names = applicable(config, data, settings)
            for repetition in range(settings.repeats + 1):
                for name in rotated(names, repetition):
                    log.info("choices: %s, %s, repetition %d of %d", case, name, repetition, settings.repeats)
                    if CHOICES[name].give_memory_back:
                        seconds = elsewhere.submit(seconds_a_step, name, config, data, settings.device).result()
                    else:
                        seconds = seconds_a_step(name, config, data, settings.device)
                    if repetition:
                        part.raw.append({"case": case, "choice": name, "repetition": repetition, "seconds": seconds})
            _summarise(part, case, names)
    return part


def applicable(config: DictConfig, data: PictureData, settings: Settings) -> list[str]:
    """The choices that there are in a case and on this machine."""
    task = build_task(config, data)
    left_out = {
        FLOAT32: settings.precision == "32-true",
        MEMORY: not keep_freed_memory(),
        FOLDED: settings.device.type != "cpu",
        LOSS: not isinstance(task, Classification),
        FUSED: not isinstance(task.build_optimizer(), torch.optim.Adam),
        COMPILE: not any(map(shutil.which, ("c++", "g++", "clang++"))),
    }
    return [name for name in CHOICES if not left_out.get(name)]


def seconds_a_step(name: str, config: DictConfig, data: PictureData, device: torch.device) -> float:
    """One epoch's mean, with a new model."""
    other = CHOICES[name]
    gc.collect()
    torch.compiler.reset()  # what was compiled for another case is none of this one's
    torch.manual_seed(config.seed)
    task = build_task(config, data).to(device)
    other.change(task)
    part = chosen(config, data)
    loader: Any = DataLoader(InMemory(part.train), batch_size=None, sampler=part.batches, num_workers=other.num_workers)  # type: ignore[arg-type]
    context = arithmetic(other.precision or config.trainer.precision, device)
    optimizer, batches, span = task.build_optimizer(), iter(loader), Span(device)
    with determinism(config.trainer.deterministic, fill_fresh_memory=other.fill_fresh_memory):
        train_epoch(task, optimizer, [next(batches) for _ in range(WARM_UP)], context)
        span.start()
        train_epoch(task, optimizer, batches, context)
        span.stop()
    return span.seconds() / (len(part.batches) - WARM_UP)


def _summarise(part: Part, case: str, names: list[str]) -> None:
    lines: list[Any] = []
    default = pick(part.raw, "seconds", case=case, choice=DEFAULT)
    for name in names:
        seconds = pick(part.raw, "seconds", case=case, choice=name)
        step, ratio = spread(seconds).scaled(1000), ratios(seconds, default)
        part.rows.append({"case": case, "choice": name, **columns("step_ms", step), **columns("ratio", ratio)})
        part.figures[f"{name}, {case}"] = ratio.median
        lines.append({"choice": name, "ms a step": shown(step, 1), "times the default": shown(ratio)})
    part.tables[f"A training step, {case}, median (range)"] = lines
