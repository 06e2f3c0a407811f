"""Part `steps`: training, validation and inference of each case on three paths, epoch by epoch in turn."""

from __future__ import annotations

import gc
import logging
import shutil
from dataclasses import asdict
from typing import Any

import torch
from omegaconf import DictConfig

from colourize.build import build_data
from colourize.data.pictures import PictureData
from colourize.timing import bare_loop, course_loop, project
from colourize.timing.part import Part, columns, pick, shown
from colourize.timing.paths import Timing, arithmetic, determinism
from colourize.timing.processes import another_process
from colourize.timing.settings import Settings
from colourize.timing.statistics import Spread, ratios, rotated, spread

log = logging.getLogger(__name__)

PATHS = ("project", "bare", "course")
COMPARED = {  # name: measurement, path above, path below
    "step project/bare": ("training", "project", "bare"),
    "epoch project/bare": ("epoch", "project", "bare"),
    "step course/project": ("training", "course", "project"),
    "epoch course/project": ("epoch", "course", "project"),
}


def measure(settings: Settings) -> Part:
    """All cases, one after the other; within a case the paths take turns, and a first round is not counted."""
    arithmetic(settings.precision, settings.device)  # complains now rather than after the first epoch
    part = Part()
    with another_process() as elsewhere:
        for number, case in enumerate(settings.node.cases, start=1):
            config = settings.case(case)
            data = build_data(config)
            data.palette_colours()  # a fit, if there must be one, before anything is measured
            for repetition in range(settings.repeats + 1):
                log.info(
                    "steps: %s (%d of %d), %s",
                    case, number, len(settings.node.cases),
                    f"repetition {repetition} of {settings.repeats}" if repetition else "warming up",
                )  # fmt: skip
                for path in rotated(PATHS, repetition):
                    if path == "course":
                        timing = elsewhere.submit(course, config, settings).result()
                    else:
                        timing = one(path, config, data, settings)
                    if repetition:
                        part.raw.append({"case": case, "path": path, "repetition": repetition, **timing})
    _summarise(part, list(settings.node.cases))
    return part


def one(path: str, config: DictConfig, data: PictureData, settings: Settings) -> dict[str, Any]:
    """One epoch on one path, and on a GPU its peak memory."""
    gc.collect()
    on_gpu = settings.device.type == "cuda"
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(settings.device)
    with determinism(False):  # the Trainer asks for more where the configuration does
        if path == "project":
            folder = settings.work / "run"
            timing: Timing = project.run(config, data, settings.device, folder)
            shutil.rmtree(folder)
        elif path == "bare":
            timing = bare_loop.run(config, data, settings.device)
        else:
            timing = course_loop.run(config, data, settings.device)
    memory = {"peak_gpu_mb": torch.cuda.max_memory_allocated(settings.device) / 1e6} if on_gpu else {}
    return {**asdict(timing), **memory}


def course(config: DictConfig, settings: Settings) -> dict[str, Any]:
    """`one` of the course's loop, in a process that has no data yet."""
    return one("course", config, build_data(config), settings)


def _summarise(part: Part, cases: list[str]) -> None:
    training: list[Any] = []
    comparison: list[Any] = []
    throughput: list[Any] = []
    for case in cases:
        compared = {
            name: ratios(pick(part.raw, key, case=case, path=above), pick(part.raw, key, case=case, path=below))
            for name, (key, above, below) in COMPARED.items()
        }
        # Without one of the four, which is in the CSV file: a terminal is not that wide.
        most = {name: shown(values) for name, values in compared.items() if name != "epoch project/bare"}
        comparison.append({"case": case, **most})
        part.figures.update({f"{name}, {case}": values.median for name, values in compared.items()})
        for path in PATHS:
            runs = [each for each in part.raw if each["case"] == case and each["path"] == path]
            step = spread([each["training"] / each["steps"] for each in runs]).scaled(1000)
            epoch = spread([each["epoch"] for each in runs])
            rates = {
                "training": _rate(runs, "pictures", "training"),
                "validation": _rate(runs, "val_pictures", "validation"),
                "inference": _rate(runs, "val_pictures", "inference"),
            }
            part.rows.append(
                {
                    "case": case,
                    "path": path,
                    **columns("step_ms", step),
                    **columns("epoch_s", epoch),
                    **{f"{name}_pictures_s": rate.median if rate else None for name, rate in rates.items()},
                    **{name: values.median for name, values in compared.items() if name.split()[1].startswith(path)},
                    **{key: max(each[key] for each in runs) for key in ("peak_gpu_mb",) if key in runs[0]},
                }
            )
            each_rate = {name: f"{rate.median:,.0f}" if rate else "" for name, rate in rates.items()}
            training.append({"case": case, "path": path, "ms a step": shown(step, 1), "epoch [s]": shown(epoch)})
            throughput.append({"case": case, "path": path, **each_rate})
    part.tables["Training, median (range)"] = training
    part.tables["How many times as long, median (range) of the ratios"] = comparison
    part.tables["Pictures a second"] = throughput


def _rate(runs: list[dict[str, Any]], pictures: str, seconds: str) -> Spread | None:
    if any(each[seconds] is None for each in runs):
        return None
    return spread([each[pictures] / each[seconds] for each in runs])
