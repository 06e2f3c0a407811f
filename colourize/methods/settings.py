"""What a sweep varies: the keys, each run's values of them, and what each setting is called by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mode
from typing import Any

import yaml
from omegaconf import OmegaConf

from colourize.methods.candidates import is_baseline
from colourize.methods.sources import EXPERIMENT, typed
from colourize.runs.experiments import PLAN
from colourize.runs.folders import Run
from colourize.runs.resuming import CONFIG
from colourize.runs.sweeps import APART

# What makes no setting: which seed, what the sweep is, how a run is shown and where it works.
NOT_SETTINGS = (*PLAN, *APART, "seed", EXPERIMENT, "resume", "logger", "measures", "data.root")
NOT_BELOW = ("callbacks.", "hydra.", "logger.", "measures.")
DEFAULT = "default"  # the value of a key that is null or missing
BETWEEN = " · "  # the parts of a label


@dataclass(frozen=True)
class Setting:
    """The runs that differ in nothing but their seeds.

    Attributes:
        label: what tells it apart from the other settings of its sweep.
        model: the option of the group `model`.
        values: of each key that the sweep varies.
        runs: by seed, in ascending order.
    """

    label: str
    model: str
    values: dict[str, Any]
    runs: dict[int, Run]
    is_baseline: bool

    @property
    def first(self) -> Run:
        """The run of the least seed."""
        return next(iter(self.runs.values()))


@dataclass(frozen=True)
class Settings:
    """All settings of a sweep, in the order of their runs, baselines last.

    Attributes:
        varied: the keys whose values differ between the networks, in the order in which they were typed.
        usual: the value of each key in the setting that the others depart from: where the fewest of them were typed; of
            several such settings the value that most have.
        repeated: runs that are left out: a later one has the same setting and the same seed.
    """

    settings: list[Setting]
    varied: list[str]
    usual: dict[str, Any]
    repeated: list[Run] = field(default_factory=list)

    @property
    def networks(self) -> list[Setting]:
        """Those that were trained."""
        return [each for each in self.settings if not each.is_baseline]

    @property
    def baselines(self) -> list[Setting]:
        """Those that were not."""
        return [each for each in self.settings if each.is_baseline]

    def departures(self, setting: Setting) -> dict[str, Any]:
        """In what a setting is not the usual one."""
        return {key: value for key, value in setting.values.items() if value != self.usual.get(key)}


def given(setting: Setting) -> str:
    """What its network is given: "low" resolution, or the "grey" picture, by whatever measure of lightness."""
    return "low" if setting.first.record.get("degradation") == "LowResolution" else "grey"


def read_settings(runs: Sequence[Run]) -> Settings:
    """What runs of one sweep differ in."""
    configs = {run.path: resolved(run) for run in runs}
    choices = {run.path: _choices(run) for run in runs}
    baselines = {run.path for run in runs if is_baseline(str(OmegaConf.select(configs[run.path], "model._target_")))}

    def value(run: Run, key: str) -> Any:
        if "." not in key and key in choices[run.path]:
            return choices[run.path][key]
        found = OmegaConf.select(configs[run.path], key)
        if OmegaConf.is_config(found):
            return str(OmegaConf.to_container(found, resolve=False))
        if found is None:
            found = typed(run).get(key, "null")
            return DEFAULT if found == "null" else found
        return found

    keys = list(dict.fromkeys(key for run in runs for key in typed(run) if _counts(key)))
    networks = [run for run in runs if run.path not in baselines]
    varied = [key for key in keys if len({str(value(run, key)) for run in networks}) > 1]
    told = [key for key in keys if len({str(value(run, key)) for run in runs}) > 1]
    # The one for which least of it was typed is the default, which the others depart from: what was typed for the whole
    # sweep, such as fewer epochs, was typed for all.
    words = {run.path: len(set(varied) & typed(run).keys()) for run in networks}
    plain = [run for run in networks if words[run.path] == min(words.values())]
    usual = {key: mode([value(run, key) for run in plain]) for key in varied}
    groups: dict[tuple[Any, ...], list[Run]] = {}
    for run in runs:
        untrained = run.path in baselines
        # What is a network's alone, such as its learning rate, makes no two baselines of one.
        own = [key for key in told if not untrained or key in ("model", "task", "data") or key.startswith("data.")]
        groups.setdefault((untrained, *(f"{key}={value(run, key)}" for key in own)), []).append(run)
    settings, repeated = [], list[Run]()
    for (untrained, *_), members in groups.items():
        first = members[0]
        values = {key: value(first, key) for key in (told if untrained else varied)}
        label = _baseline_label(values, choices[first.path]) if untrained else _label(values, usual)
        by_seed = {int(OmegaConf.select(configs[run.path], "seed") or 0): run for run in members}
        if not untrained:  # of a baseline all are the same
            repeated += [run for run in members if run not in by_seed.values()]
        name = str(choices[first.path].get("model") or first.record.get("model") or first.path.name)
        settings.append(Setting(label or name, name, values, dict(sorted(by_seed.items())), untrained))
    return Settings(_told_apart(sorted(settings, key=lambda each: each.is_baseline)), varied, usual, repeated)


def _counts(key: str) -> bool:
    return key not in NOT_SETTINGS and not key.startswith(NOT_BELOW)


def _label(values: dict[str, Any], usual: dict[str, Any]) -> str:
    """Groups' options by their names, other keys where they are not as usual."""
    groups = [str(value) for key, value in values.items() if "." not in key and key in ("model", "task")]
    others = {key: value for key, value in values.items() if key not in ("model", "task")}
    shown = others if len(others) == 1 else {key: each for key, each in others.items() if each != usual[key]}
    if not (groups or shown) and others:
        first = next(iter(others))
        return f"usual ({first.rpartition('.')[2]}={others[first]} …)"
    return BETWEEN.join([*groups, *(f"{key.rpartition('.')[2]}={value}" for key, value in shown.items())])


def _baseline_label(values: dict[str, Any], choices: dict[str, Any]) -> str:
    name = str(choices.get("model") or values.get("model"))
    return f"{name}{BETWEEN}{values['task']}" if "task" in values else name


def _told_apart(settings: list[Setting]) -> list[Setting]:
    """The same with labels that no two share."""
    labels = [each.label for each in settings]
    return [
        each if labels.count(each.label) == 1 else replace(each, label=f"{each.label} ({each.first.path.name})")
        for each in settings
    ]


def resolved(run: Run) -> Any:
    """A run's settings as they were resolved when it began, else as they were composed."""
    try:
        return OmegaConf.create(_yaml(run.path / CONFIG))
    except Exception:  # of an older version, or damaged
        return run.config


def _choices(run: Run) -> dict[str, Any]:
    """Which option of each group a run had."""
    try:
        return dict(_yaml(run.path / ".hydra" / "hydra.yaml")["hydra"]["runtime"]["choices"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return {}


def _yaml(path: Path) -> Any:
    """What a file holds, read by libyaml where it is there: tens of times as fast, of hundreds of files."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # as safe as safe_load
