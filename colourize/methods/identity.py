"""What identifies a method: its settings, read from a run's folder or from a checkpoint alone, and its name.

All settings count except those that `runs.method_settings` lists.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from colourize.configuration import config_dir
from colourize.errors import InputError
from colourize.methods.wording import setting as words_of
from colourize.methods.wording import words
from colourize.models.baselines import Baseline
from colourize.moved import brought_up_to_date, current_name
from colourize.runs.folders import Run
from colourize.runs.method_settings import is_one_of, method_settings
from colourize.runs.resuming import CONFIG

# Parts that are named by their option, with the option's group.
PARTS = {
    "model": "model", "task.degradation": "degradation", "task.answer": "answer", "task.loss": "loss",
    "task.prior": "prior", "task.optimizer": "optimizer", "task.lr_scheduler": "lr_scheduler", "data": "data",
    "data.augmentation": "augmentation", "callbacks.averaging": "averaging",
}  # fmt: skip
# Parts whose option is understood without its key.
PLAIN = ("model", "task", "task.degradation", "task.answer", "data")
ORDER = ("model", "task", "data", "callbacks", "trainer")  # of the keys in a name
# Settings that matter for networks only; baselines that differ in these are the same method.
TRAINING = (
    "task.optimizer", "task.lr_scheduler", "task.loss", "task.prior", "task.degradation.projected", "data.batch_size",
    "data.reshuffle", "data.augmentation", "data.epoch_size", "data.extra_categories", "data.extra_share", "trainer",
    "callbacks",
)  # fmt: skip
FEW = 2  # up to this number of varying keys, names show all of them; beyond it, only unusual values


def settings_of_run(run: Run) -> dict[str, Any]:
    """The settings that identify a method, from a run's folder."""
    config = resolved(run)
    precision = run.record.get("precision") or (config.get("trainer") or {}).get("precision")
    return _settings(config, precision) | _start(run.record)


def settings_of_checkpoint(path: Path, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that identify a method, from a checkpoint.

    The settings of its training are read from its run's folder; without one, the defaults of trainer and callbacks are
    assumed.
    """
    about, task = checkpoint["colourize"], checkpoint["hyper_parameters"]
    config = _configuration(task, about.get("data"), checkpoint.get("datamodule_hyper_parameters"))
    config |= {group: _read(config_dir() / group / "default.yaml") for group in ("trainer", "callbacks")}
    config["callbacks"]["averaging"] = checkpoint.get("averaging")
    try:
        run = resolved(Run.read(path.absolute().parent.parent)) if path.parent.name == "checkpoints" else {}
    except InputError:  # no run's folder, or a damaged one
        run = {}
    config |= {key: value for key, value in run.items() if key not in ("model", "task", "data")}
    settings = _settings(config, about.get("precision", "32-true")) | _start(about)
    if isinstance(settings.get("data.palette"), str):  # the colours in a file count, not its name
        fitted = (task.get("fitted") or {}).get("answer") or {}
        settings |= {f"data.palette.{name}": hash(tuple(each.flatten().tolist())) for name, each in fitted.items()}
    return settings


def settings_of_task(task: Mapping[str, Any], data: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a task without training, from its hyperparameters and from its data's class and arguments."""
    return _settings(_configuration(task, data, arguments), None)


def settings_of_config(config: DictConfig) -> dict[str, Any]:
    """The settings that identify a method, from a composed configuration."""
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return _settings(plain, None)


def resolved(run: Run) -> dict[str, Any]:
    """A run's configuration as it was resolved at its start, or, for runs of older versions, as it was composed."""
    try:
        found = _read(run.path / CONFIG)
        assert isinstance(found, dict) and found
    except Exception:  # missing or damaged
        found = OmegaConf.to_container(run.config)
    named: dict[str, Any] = brought_up_to_date(found)
    return named


def is_baseline(target: str) -> bool:
    """Whether a dotted name is a baseline's class; a class that cannot be imported here counts as none."""
    try:
        found = get_class(current_name(target))
    except Exception:  # a user's own class
        return False
    return isinstance(found, type) and issubclass(found, Baseline)


def identity(settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The settings as a hashable key, which is equal for seeds of one method."""
    return tuple(sorted((key, str(value)) for key, value in settings.items()))


def varied_keys(methods: Sequence[Mapping[str, Any]]) -> list[str]:
    """The smallest set of keys that distinguishes all methods, the most important first."""

    def distinguished(keys: Sequence[str]) -> int:
        return len({tuple(str(each.get(key)) for key in keys) for each in methods})

    found: list[str] = []
    for key in sorted({key for each in methods for key in each}, key=_rank):
        if distinguished([*found, key]) > distinguished(found):
            found.append(key)
    return found


def usual(methods: Sequence[Mapping[str, Any]], varied: Sequence[str]) -> dict[str, Any]:
    """The values of the method from which the others differ in the fewest keys; none in a grid, which has no centre."""
    distances = [sum(len(departures(other, each, varied)) for other in methods) for each in methods]
    if not methods or (len(varied) > 1 and min(distances) == max(distances)):
        return {}
    centre = methods[distances.index(min(distances))]
    return {key: centre.get(key) for key in varied}


def departures(settings: Mapping[str, Any], base: Mapping[str, Any], varied: Sequence[str]) -> dict[str, Any]:
    """The settings that differ from a base; arguments of a part that differs itself are not counted."""
    found: dict[str, Any] = {}
    for key in varied:
        of_part = is_one_of(key, tuple(part for part in found if part not in ("model", "task", "data")))
        if str(settings.get(key)) != str(base.get(key)) and not of_part:
            found[key] = settings.get(key)
    return found


def names(
    methods: Sequence[Mapping[str, Any]], base: Mapping[str, Any] | None = None, *, for_people: bool = False
) -> list[str]:
    """The name of each method: its model's option, and how it differs from other methods with that model.

    Examples are `unet` and `unet (num_filters=64)`. Where more than two keys vary, names have the unusual values only:
    `unet (lr=0.01)` and `unet (usual)`. With `for_people` it is U-Net (filters 64). Equal settings have equal names;
    different settings have different names.

    Args:
        base: the usual settings; None: see `usual`.
    """

    def setting(key: str, value: Any) -> str:
        if key in PLAIN:
            return option(value)
        return words_of(key, shown(key, value)) if for_people else f"{key.rpartition('.')[2]}={shown(key, value)}"

    option = words if for_people else str
    found: dict[Any, str] = {}
    for model in dict.fromkeys(str(each.get("model")) for each in methods):
        own = {identity(each): each for each in methods if str(each.get("model")) == model}
        varied = varied_keys(list(own.values()))
        centre = base if base and str(base.get("model", model)) == model else usual(list(own.values()), varied)
        everything = [{key: each.get(key) for key in varied} for each in own.values()]
        unusual = [departures(each, centre, varied) for each in own.values()]
        listed = [", ".join(map(setting, each, each.values())) or "usual" for each in everything]
        if len(varied) > FEW:
            short = [", ".join(map(setting, each, each.values())) or "usual" for each in unusual]
            listed = short if len(set(short)) == len(own) else listed  # otherwise the arguments of a part differ
        found |= {
            key: f"{option(model)} ({text})" if varied else option(model) for key, text in zip(own, listed, strict=True)
        }
    return [found[identity(each)] for each in methods]


@functools.lru_cache(maxsize=512)
def options(group: str) -> dict[str, dict[str, Any]]:
    """The options of a configuration group by name, each with the settings of its part."""
    found = {}
    for path in sorted((config_dir() / group).glob("*.yaml")):
        node = _read(path) or {}
        while "_target_" not in node and (inner := [each for each in node.values() if isinstance(each, dict)]):
            node = inner[0]  # some files have their part below the task's key
        found[path.stem] = {key: value for key, value in node.items() if key != "defaults"}
    return found


def option_of(group: str, part: Mapping[str, Any]) -> str:
    """The option with a part's class and most of its arguments, or else the name of the class."""
    target = current_name(str(part.get("_target_")))
    fitting = {name: each for name, each in options(group).items() if each.get("_target_") == target}
    if not fitting:
        return target.rpartition(".")[2]
    return max(fitting, key=lambda name: sum(part.get(key) == value for key, value in fitting[name].items()))


def shown(key: str, value: Any) -> Any:
    """A value for people, with a word for null."""
    missing = "none" if key in PARTS or key.startswith("callbacks.") else "default"
    return missing if value is None else value


def _settings(config: Mapping[str, Any], precision: Any) -> dict[str, Any]:
    """The flat settings of a plain configuration, parts by their options."""
    settings = method_settings(config)
    for key, group in PARTS.items():
        part: Any = config
        for name in key.split("."):
            part = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(part, Mapping) and (named := _named(group, part)):
            settings[key] = named
    degradation = settings.get("task.degradation")  # it replaces the task if no option combines it with this answer
    task = _task_options().get((degradation, settings.get("task.answer")), degradation)
    settings |= {"task": task} if task else {}
    settings |= {"trainer.precision": precision} if precision else {}
    if is_baseline(str((config.get("model") or {}).get("_target_"))):
        settings = {key: value for key, value in settings.items() if not is_one_of(key, TRAINING)}
    return settings


def _start(about: Mapping[str, Any]) -> dict[str, Any]:
    """The initial weights of a fine-tuning, from its record or its checkpoint; they make it another method."""
    start = about.get("start")
    return {"checkpoint": start["checkpoint"]} if start else {}


def _named(group: str, part: Mapping[str, Any]) -> str:
    """The option of a part; for a weighted sum of losses, all options: "mse+features"."""
    own = [option_of(group, part)] if part.get("_target_") else []
    added = [name for name, each in part.items() if group == "loss" and isinstance(each, Mapping) and "weight" in each]
    return "+".join([*own, *added])


def _configuration(task: Mapping[str, Any], data: str | None, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The configuration from which the hyperparameters of a task and its data were made."""
    own = {key: value for key, value in task.items() if key not in ("model", "fitted", "size", "divisor")}
    return {"model": task["model"], "task": own, "data": {"_target_": data or "", **(arguments or {})}}


@functools.cache
def _task_options() -> dict[tuple[Any, Any], str]:
    """The options of the group `task` by their degradation and answer."""
    found: dict[tuple[Any, Any], str] = {}
    for path in sorted((config_dir() / "task").glob("*.yaml")):
        listed = (_read(path) or {}).get("defaults") or []
        parts = {key: value for each in listed if isinstance(each, dict) for key, value in each.items()}
        found.setdefault((parts.get("override /degradation"), parts.get("override /answer")), path.stem)
    return found


def _read(path: Path) -> Any:
    """A YAML file's contents; libyaml, if it is installed, is ten times as fast."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _rank(key: str) -> tuple[int, bool, bool, str]:
    """A sort key: the model and the task come before their arguments, the length of the training comes last."""
    first = key.partition(".")[0]
    return ORDER.index(first) if first in ORDER else len(ORDER), "." in key, key not in PARTS, key
