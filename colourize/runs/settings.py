"""The one list of settings that do not make a method: neither its network nor its measures depend on them.

Runs that differ in nothing else are seeds of one method. Evaluation, report and HPARAMS form methods by this list, and
sweeps, resuming and the reuse of runs take from it what a job or a run may have otherwise. It stands below `methods`,
because a run's folder is managed without knowing what a network is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# The keys of an experiment's file that say which runs there are.
PLAN = ("question", "cells", "seeds", "baselines")
# How a run is shown while it goes on, and how it is launched: nothing that it computes or leaves depends on these.
DISPLAY = ("trainer.enable_progress_bar", "callbacks.progress")
LAUNCH = ("launcher", "overwrite", "resume", "output_dir", "trust", "experiment", "hydra", *PLAN)
# Runs with other seeds repeat each other.
SEEDS = ("seed", "data.seed", "data.eval_seed")
# On what a run computes, and how: it changes the last digits of its numbers.
MACHINE = (
    "compile", "trainer.accelerator", "trainer.benchmark", "trainer.deterministic", "trainer.detect_anomaly",
    "trainer.plugins", "trainer.strategy", "trainer.use_distributed_sampler", "data.eval_batch_size", "data.mirror",
)  # fmt: skip
# What a run measures, logs and keeps besides, and where.
FILES = (
    "measures", "logger", "trainer._target_", "trainer.default_root_dir", "trainer.enable_checkpointing",
    "trainer.enable_model_summary", "trainer.limit_test_batches", "trainer.log_every_n_steps", "trainer.logger",
    "trainer.num_sanity_val_steps", "trainer.profiler",
)  # fmt: skip
# A checkpoint that a run trains on from is of the same method; how far both trained is `trainer.max_epochs`.
ELSEWHERE = ("checkpoint", "task._target_", "task.measures")
NO_METHOD = (*DISPLAY, *LAUNCH, *SEEDS, *MACHINE, *FILES, *ELSEWHERE)

# Callbacks that show or record a training. Of those that keep checkpoints the choice of the best weights counts; all
# others, such as averaging, early stopping and a user's own, may change the weights.
ONLOOKERS = (
    "ActivationSheets", "MetricsCsv", "Progress", "SamplePictures", "StopWhereNotFinite", "TensorBoardPages",
    "DeviceStatsMonitor", "LearningRateMonitor", "ModelSummary", "RichModelSummary", "RichProgressBar",
    "TQDMProgressBar",
)  # fmt: skip
CHECKPOINTS, CHOICE = ("Checkpoints", "ModelCheckpoint"), ("monitor", "mode")
# Pictures that are the same wherever they lie.
WHEREVER = ("colourize.data.cifar10.CIFAR10Data", "colourize.data.synthetic.SyntheticData")


def is_one_of(key: str, keys: tuple[str, ...]) -> bool:
    """Whether a dotted key, or Hydra's key of a group, is one of some keys, or lies below one."""
    key = key.replace("/", ".")
    return any(key == each or key.startswith(f"{each}.") for each in keys)


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings as pairs of a dotted key and a value."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def method_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's resolved configuration makes its method: dotted keys and values, and none that is null.

    A part's class stands under the part's own key, without its module: `task.loss` is "MeanSquaredError".
    """
    kept = {**config, "callbacks": _counting(config.get("callbacks") or {})}
    data = dict(config.get("data") or {})
    if data.get("_target_") in WHEREVER:
        data.pop("root", None)
    if data:
        kept["data"] = data
    found = {}
    for key, value in flat(kept):
        if value is None or is_one_of(key, NO_METHOD):
            continue
        is_class = key.endswith("._target_")
        found[key.removesuffix("._target_")] = str(value).rpartition(".")[2] if is_class else value
    return found


def _counting(callbacks: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, callback in callbacks.items():
        kind = str((callback or {}).get("_target_", "")).rpartition(".")[2]
        if kind in CHECKPOINTS:
            found[name] = {key: callback.get(key) for key in CHOICE}
        elif callback and kind not in ONLOOKERS:
            found[name] = callback
    return found
