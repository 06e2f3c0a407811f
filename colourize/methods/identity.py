"""What a method is: its settings, flat, from a run's folder or from a lone checkpoint, and the name it has.

`runs.settings` lists what does not count. Everything else does.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.utils import get_class
from omegaconf import OmegaConf

from colourize.configuration import config_dir
from colourize.errors import InputError
from colourize.models.baselines import Baseline
from colourize.moved import current_name, with_current_names
from colourize.runs.folders import Run
from colourize.runs.resuming import CONFIG
from colourize.runs.settings import is_one_of, method_settings

# Parts that are called by their option, and the group that has it.
PARTS = {
    "model": "model", "task.degradation": "degradation", "task.answer": "answer", "task.loss": "loss",
    "task.prior": "prior", "task.optimizer": "optimizer", "task.lr_scheduler": "lr_scheduler", "data": "data",
    "data.augmentation": "augmentation",
}  # fmt: skip
# Parts whose option needs no key beside it to be understood.
PLAIN = ("model", "task", "task.degradation", "task.answer", "data")
ORDER = ("model", "task", "data", "callbacks", "trainer")  # which keys are told first
# What only a training has: baselines that differ in these are one.
TRAINING = (
    "task.optimizer", "task.lr_scheduler", "task.loss", "task.prior", "data.batch_size", "data.reshuffle",
    "data.augmentation", "trainer", "callbacks",
)  # fmt: skip
FEW = 2  # keys that are told of every method; where more vary, only what is not as usual


def settings_of_run(run: Run) -> dict[str, Any]:
    """The settings of a run's folder that make its method."""
    config = resolved(run)
    precision = run.record.get("precision") or (config.get("trainer") or {}).get("precision")
    return _settings(config, precision)


def settings_of_checkpoint(path: Path, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a checkpoint that make its method.

    How it was trained is read in its run's folder; of one that lies elsewhere the usual trainer and callbacks are
    assumed.
    """
    found = checkpoint["colourize"]
    config = _parts(checkpoint["hyper_parameters"], found.get("data"), checkpoint.get("datamodule_hyper_parameters"))
    config |= {
        name: yaml.safe_load((config_dir() / name / "default.yaml").read_text()) for name in ("trainer", "callbacks")
    }
    folder = path.absolute().parent.parent
    try:
        run = resolved(Run.read(folder)) if path.parent.name == "checkpoints" else {}
    except InputError:  # no run's folder, or a damaged one
        run = {}
    config |= {key: value for key, value in run.items() if key not in ("model", "task", "data")}
    settings = _settings(config, found.get("precision", "32-true"))
    answer = (checkpoint["hyper_parameters"].get("fitted") or {}).get("answer") or {}
    if isinstance(settings.get("data.palette"), str):  # a file's colours count, and not its name alone
        settings |= {f"data.palette.{name}": hash(tuple(each.flatten().tolist())) for name, each in answer.items()}
    return settings


def settings_of_task(task: Mapping[str, Any], data: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a task that was not trained, from its hyperparameters and those of its data."""
    return _settings(_parts(task, data, arguments), None)


def resolved(run: Run) -> dict[str, Any]:
    """A run's configuration as it was resolved when it began; of an older version as it was composed."""
    path = run.path / CONFIG
    try:
        # libyaml reads hundreds of files in a tenth of the time.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        found = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
        assert isinstance(found, dict) and found
    except Exception:  # missing or damaged
        found = OmegaConf.to_container(run.config)
    named: dict[str, Any] = with_current_names(found)
    return named


def is_baseline(target: str) -> bool:
    """Whether a class, by its dotted name, is a baseline's; one that cannot be imported here is none."""
    try:
        found = get_class(current_name(target))
    except Exception:  # a user's own class
        return False
    return isinstance(found, type) and issubclass(found, Baseline)


def identity(settings: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The settings as a key: equal for seeds of one method."""
    return tuple(sorted((key, str(value)) for key, value in settings.items()))


def varied_keys(methods: Sequence[Mapping[str, Any]]) -> list[str]:
    """The fewest keys, the most telling first, that together tell all methods apart which differ at all."""

    def apart(keys: Sequence[str]) -> int:
        return len({tuple(str(each.get(key)) for key in keys) for each in methods})

    found: list[str] = []
    for key in sorted({key for each in methods for key in each}, key=_rank):
        if apart([*found, key]) > apart(found):
            found.append(key)
    return found


def usual(methods: Sequence[Mapping[str, Any]], varied: Sequence[str]) -> dict[str, Any]:
    """The values of the setting from which the others depart in the fewest keys; of several the first one."""
    if not methods:
        return {}
    centre = min(methods, key=lambda each: sum(len(departures(other, each, varied)) for other in methods))
    return {key: centre.get(key) for key in varied}


def departures(settings: Mapping[str, Any], base: Mapping[str, Any], varied: Sequence[str]) -> dict[str, Any]:
    """In what settings are not those of a base. Another optimiser brings its own arguments with it."""
    found: dict[str, Any] = {}
    for key in varied:
        is_brought = is_one_of(key, tuple(part for part in found if part not in ("model", "task", "data")))
        if str(settings.get(key)) != str(base.get(key)) and not is_brought:
            found[key] = settings.get(key)
    return found


def names(methods: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each method is called by: its model's option, and in what it differs from others of that model.

    `unet`; `unet (num_filters=64)`; where more than two keys vary, only what is not as usual: `unet (lr=0.01)` beside
    `unet (usual)`. Equal settings have equal names, and other settings other names.
    """
    found = [""] * len(methods)
    for model in dict.fromkeys(str(each.get("model")) for each in methods):
        places = [place for place, each in enumerate(methods) if str(each.get("model")) == model]
        own = list({identity(methods[place]): methods[place] for place in places}.values())
        varied = varied_keys(own)
        base = usual(own, varied)
        told = {}
        for each in own:
            shown = {key: each.get(key) for key in varied}
            if len(varied) > FEW:
                shown = departures(each, base, varied)
            told[identity(each)] = ", ".join(_told(key, value) for key, value in shown.items()) or "usual"
        if len(set(told.values())) < len(own):  # arguments of one part tell them apart
            told = {identity(each): ", ".join(_told(key, each.get(key)) for key in varied) for each in own}
        for place in places:
            found[place] = f"{model} ({told[identity(methods[place])]})" if varied else model
    return found


@functools.lru_cache(maxsize=512)
def options(group: str) -> dict[str, dict[str, Any]]:
    """The options of a configuration group by name, each with what its file says of the part itself."""
    found = {}
    for path in sorted((config_dir() / group).glob("*.yaml")):
        node = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        while "_target_" not in node and (inner := [each for each in node.values() if isinstance(each, dict)]):
            node = inner[0]  # some files hold their part below the key of the task
        found[path.stem] = {key: value for key, value in node.items() if key != "defaults"}
    return found


def option_of(group: str, part: Mapping[str, Any]) -> str:
    """The option that has a part's class, and most of its arguments; else the class' name."""
    target = current_name(str(part.get("_target_")))
    fitting = {name: each for name, each in options(group).items() if each.get("_target_") == target}
    if not fitting:
        return target.rpartition(".")[2]
    return max(fitting, key=lambda name: sum(part.get(key) == value for key, value in fitting[name].items()))


def _settings(config: Mapping[str, Any], precision: Any) -> dict[str, Any]:
    """The flat settings of a plain configuration, parts by their options."""
    settings = method_settings(config)
    for key, group in PARTS.items():
        part: Any = config
        for name in key.split("."):
            part = part.get(name) if isinstance(part, Mapping) else None
        if isinstance(part, Mapping) and (named := _named(group, part)):
            settings[key] = named
    task = _task_option(settings)
    if task:
        settings["task"] = task
    if precision:
        settings["trainer.precision"] = precision
    if is_baseline(str((config.get("model") or {}).get("_target_"))):
        settings = {key: value for key, value in settings.items() if not is_one_of(key, TRAINING)}
    return settings


def _named(group: str, part: Mapping[str, Any]) -> str:
    """The option that a part is; of losses that add up all of them, "mse+features"."""
    own = [option_of(group, part)] if part.get("_target_") else []
    added = [name for name, each in part.items() if group == "loss" and isinstance(each, Mapping) and "weight" in each]
    return "+".join([*own, *added])


def _parts(task: Mapping[str, Any], data: str | None, arguments: Mapping[str, Any] | None) -> dict[str, Any]:
    """The hyperparameters of a task and of its data, laid out as the configuration that they came from."""
    own = {key: value for key, value in task.items() if key not in ("model", "fitted", "size", "divisor")}
    return {"model": task["model"], "task": own, "data": {"_target_": data or "", **(arguments or {})}}


def _task_option(settings: Mapping[str, Any]) -> str | None:
    """The option of the group `task` that has a degradation and an answer."""
    wanted = {"/degradation": settings.get("task.degradation"), "/answer": settings.get("task.answer")}
    for name, each in _defaults("task").items():
        if each == wanted:
            return name
    return None


@functools.lru_cache(maxsize=8)
def _defaults(group: str) -> dict[str, dict[str, Any]]:
    """What the defaults list of each option overrides, by group."""
    found = {}
    for path in sorted((config_dir() / group).glob("*.yaml")):
        listed = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("defaults") or []
        pairs = [pair for each in listed if isinstance(each, dict) for pair in each.items()]
        found[path.stem] = {key.removeprefix("override "): value for key, value in pairs if key.startswith("override ")}
    return found


def _rank(key: str) -> tuple[int, bool, bool, str]:
    """The model and the task before their arguments; how long was trained last."""
    first = key.partition(".")[0]
    return ORDER.index(first) if first in ORDER else len(ORDER), "." in key, key not in PARTS, key


def shown(key: str, value: Any) -> Any:
    """A value for people, also of a setting that is null or missing."""
    if value is None:
        return "none" if key in PARTS or key.startswith("callbacks.") else "default"
    return value


def _told(key: str, value: Any) -> str:
    """A setting in few words."""
    return str(value) if key in PLAIN else f"{key.rpartition('.')[2]}={shown(key, value)}"
