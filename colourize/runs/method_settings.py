"""The list of settings that do not identify a method, as neither its network nor its measures depend on them.

Runs that differ in nothing else are seeds of one method. Evaluation, report and HPARAMS group runs by this list, and
sweeps, resuming and reuse take from it the settings that may differ between starts of a job. It is not in `methods`,
because the code that manages run folders does not know networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from colourize.weights.shipped import are_weights

# The keys of an experiment's file that list its runs.
PLAN = ("question", "cells", "seeds", "baselines")
# How a run is shown; results and files do not depend on it.
DISPLAY = ("trainer.enable_progress_bar", "callbacks.progress")
LAUNCH = ("launcher", "overwrite", "resume", "output_dir", "trust", "experiment", "hydra", *PLAN)
SEEDS = ("seed", "data.seed", "data.eval_seed", "data.subset_seed")
# The machine's settings change the last digits of a run's numbers.
MACHINE = (
    "compile", "trainer.accelerator", "trainer.benchmark", "trainer.deterministic", "trainer.detect_anomaly",
    "trainer.plugins", "trainer.strategy", "trainer.use_distributed_sampler", "data.eval_batch_size", "data.mirror",
)  # fmt: skip
# Further measures, logs and files of a run. All other callbacks, such as averaging, early stopping and a user's own,
# may change the weights.
FILES = (
    "measures", "logger", "trainer._target_", "trainer.default_root_dir", "trainer.enable_checkpointing",
    "trainer.enable_model_summary", "trainer.limit_test_batches", "trainer.log_every_n_steps", "trainer.logger",
    "trainer.num_sanity_val_steps", "trainer.profiler", "callbacks.activations", "callbacks.finite",
    "callbacks.learning_rate", "callbacks.metrics_csv", "callbacks.samples", "callbacks.tensorboard",
)  # fmt: skip
# Only these settings of the checkpoints choose the weights that are tested.
CHECKPOINTS, CHOICE = "callbacks.checkpoints", ("callbacks.checkpoints.monitor", "callbacks.checkpoints.mode")
# A checkpoint from which a run continues is of the same method; `trainer.max_epochs` counts the epochs of both. Initial
# weights of a new training make it another method.
ELSEWHERE = ("checkpoint", "task._target_", "task.measures")
NO_METHOD = (*DISPLAY, *LAUNCH, *SEEDS, *MACHINE, *FILES, *ELSEWHERE)

# Sources whose pictures do not depend on the folder.
WHEREVER = ("colourize.data.cifar10.CIFAR10Data", "colourize.data.synthetic.SyntheticData")


def is_one_of(key: str, keys: tuple[str, ...]) -> bool:
    """Whether a dotted key, or Hydra's key of a group, is one of these keys, or below one."""
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
    """The settings that identify the method, from a resolved configuration: dotted keys and values, without nulls.

    The value of a part's key is the part's class without its module: `task.loss` is "MeanSquaredError".
    """
    ignored: tuple[str, ...] = NO_METHOD
    if (config.get("data") or {}).get("_target_") in WHEREVER:
        ignored = (*ignored, "data.root")
    found = {"checkpoint": config["checkpoint"]} if are_weights(config.get("checkpoint")) else {}
    for key, value in flat(config):
        if value is None or is_one_of(key, ignored) or (is_one_of(key, (CHECKPOINTS,)) and key not in CHOICE):
            continue
        is_class = key.endswith("._target_")
        found[key.removesuffix("._target_")] = str(value).rpartition(".")[2] if is_class else value
    return found
