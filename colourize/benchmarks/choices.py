"""Part `choices`: a bare training step as it is by default, and with each choice that was made for speed undone."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch import Tensor
from torch.utils.data import DataLoader

from colourize.benchmarks.bare_loop import train_epoch
from colourize.benchmarks.clock import Span
from colourize.benchmarks.course_loop import do_literally
from colourize.benchmarks.part import Part, columns, pick, shown
from colourize.benchmarks.paths import arithmetic, chosen
from colourize.benchmarks.settings import Settings
from colourize.benchmarks.statistics import ratios, rotated, spread
from colourize.build import build_data, build_task
from colourize.data.pictures import InMemory, PictureData
from colourize.tasks import Classification, RestorationTask

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


CHOICES = {
    DEFAULT: Otherwise(),
    # What the default does, undone.
    "float32 (trainer.precision=32-true)": Otherwise(precision="32-true"),
    "channels first": Otherwise(channels_first),
    "freed memory goes back to the system": Otherwise(give_memory_back=True),
    "pictures are doubled, then convolved": Otherwise(lambda task: do_literally(task.model)),
    "cross-entropy over (N, K, H, W)": Otherwise(loss_over_four_dimensions),
    "fresh memory is filled": Otherwise(fill_fresh_memory=True),
    # What it does not do.
    "two worker processes fetch the batches": Otherwise(num_workers=2),
    "model.compile": Otherwise(lambda task: task.model.compile()),
    "fused Adam": Otherwise(fused_adam),
}


def measure(settings: Settings) -> Part:
    """For each case the choices take turns; a first round is not counted."""
    part = Part()
    # This process keeps the memory it has freed; that one does not.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, torch.set_num_threads, (torch.get_num_threads(),)) as elsewhere:
        for case in settings.node.cases:
            config = settings.case(case)
            data = build_data(config)
            names = applicable(config, data, settings)
            for repetition in range(settings.repeats + 1):
                for name in rotated(names, repetition):
                    log.info("choices: %s, %s, repetition %d of %d", case, name, repetition, settings.repeats)
                    if CHOICES[name].give_memory_back:
                        seconds = elsewhere.submit(seconds_a_step, name, config, None, settings.device).result()
                    else:
                        seconds = seconds_a_step(name, config, data, settings.device)
                    if repetition:
                        part.raw.append({"case": case, "choice": name, "repetition": repetition, "seconds": seconds})
            _summarise(part, case, names)
    return part


def applicable(config: DictConfig, data: PictureData, settings: Settings) -> list[str]:
    """The choices that there are in a case and on this machine."""
    left_out = set()
    if settings.precision == "32-true":
        left_out.add("float32 (trainer.precision=32-true)")
    if not isinstance(build_task(config, data), Classification):
        left_out.add("cross-entropy over (N, K, H, W)")
    if not any(map(shutil.which, ("c++", "g++", "clang++"))):
        log.warning("choices: model.compile is left out, as there is no C++ compiler")
        left_out.add("model.compile")
    return [name for name in CHOICES if name not in left_out]


def seconds_a_step(name: str, config: DictConfig, data: PictureData | None, device: torch.device) -> float:
    """One epoch's mean, with a new model; without data it reads its own."""
    other = CHOICES[name]
    data = data or build_data(config)
    gc.collect()
    torch.manual_seed(config.seed)
    task = build_task(config, data).to(device)
    other.change(task)
    optimizer = task.build_optimizer()
    part = chosen(config, data)
    context = arithmetic(other.precision or config.trainer.precision, device)
    pictures: Any = InMemory(part.train)
    batches: Any = part.batches
    if other.num_workers:
        batches = DataLoader(pictures, batch_size=None, sampler=batches, num_workers=other.num_workers)
        pictures = Fetched()
    steps = iter(batches)
    span = Span(device)
    with determinism(config.trainer.deterministic, other.fill_fresh_memory):
        train_epoch(task, optimizer, pictures, [next(steps) for _ in range(WARM_UP)], context)
        span.start()
        train_epoch(task, optimizer, pictures, steps, context)
        span.stop()
    return span.seconds() / (len(part.batches) - WARM_UP)


class Fetched(InMemory):
    """Stands for the pictures where batches of them, not of indices, arrive."""

    def __init__(self) -> None:
        pass

    def __getitem__(self, batch: Any) -> Tensor:
        return batch  # type: ignore[no-any-return]


@contextmanager
def determinism(wanted: bool | str, fill_fresh_memory: bool) -> Iterator[None]:
    """What Lightning's Trainer and `build_trainer` set, for a while."""
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(bool(wanted), warn_only=wanted == "warn")
    torch.utils.deterministic.fill_uninitialized_memory = fill_fresh_memory  # type: ignore[attr-defined]
    try:
        yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


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
