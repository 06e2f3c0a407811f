"""Groups finished runs by method: which runs are seeds of one method, what varies between methods, their names.

`identity` says which settings make two runs the same method, and `runs.method_settings` which do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from colourize.errors import is_number
from colourize.methods import identity
from colourize.runs.folders import Run


@dataclass
class Setting:
    """The runs that differ only in their seeds."""

    settings: dict[str, Any]  # everything that makes it this method, see `identity`
    is_baseline: bool
    runs: dict[int, Run] = field(default_factory=dict)  # by seed, in ascending order; `first` has the smallest seed
    label: str = ""  # its name, see `identity.names`
    values: dict[str, Any] = field(default_factory=dict)  # of each key that the sweep varies

    @property
    def model(self) -> str:
        """The option of the group `model`."""
        return str(self.settings.get("model"))

    @property
    def first(self) -> Run:
        return next(iter(self.runs.values()))

    @property
    def task(self) -> tuple[Any, Any]:
        """The options of its degradation and its answer."""
        return self.settings.get("task.degradation"), self.settings.get("task.answer")


@dataclass(frozen=True)
class Settings:
    """All settings of a sweep, ordered by the values that vary, baselines last."""

    settings: list[Setting]
    varied: list[str]  # the fewest keys that distinguish the networks
    usual: dict[str, Any]  # their values in the setting that the others are variations of; {}: there is no such setting
    repeated: list[Run] = field(default_factory=list)  # left out, because another run has the same setting and seed

    @property
    def networks(self) -> list[Setting]:
        return [each for each in self.settings if not each.is_baseline]

    @property
    def baselines(self) -> list[Setting]:
        return [each for each in self.settings if each.is_baseline]

    @property
    def have_seeds(self) -> bool:
        """Whether some network has several seeds."""
        return any(len(each.runs) > 1 for each in self.networks)

    @property
    def axis(self) -> str | None:
        """The key that has a different number in each network, such as `data.batch_size`."""
        others = [each for each in self.networks if self.departures(each)]
        for key in self.varied if self.usual else []:
            are_numbers = all(is_number(each.values[key]) for each in self.networks)
            if are_numbers and all(key in self.departures(each) for each in others):
                return key
        return None

    def departures(self, setting: Setting) -> dict[str, Any]:
        """How a setting differs from the usual one."""
        return identity.departures(setting.values, self.usual, self.varied)

    def off_axis(self, setting: Setting) -> list[str]:
        """The keys, except the axis, in which a setting differs from the usual one; none without an axis."""
        return [key for key in self.departures(setting) if key != self.axis] if self.axis else []

    def variations(self) -> dict[str, list[Setting]]:
        """For each key, the networks with usual values of all other keys; in a grid, which has none, all networks."""
        return {
            key: [each for each in self.networks if not self.usual or set(self.departures(each)) <= {key}]
            for key in self.varied
        }


def read_settings(runs: Sequence[Run]) -> Settings:
    """Group runs by method."""
    groups: dict[Any, Setting] = {}
    repeated = []
    for run in runs:
        settings, config = identity.settings_of_run(run), identity.resolved(run)
        untrained = identity.is_baseline(str((config.get("model") or {}).get("_target_")))
        members = groups.setdefault(identity.identity(settings), Setting(settings, untrained)).runs
        seed = int(config.get("seed") or 0)
        if seed in members and not untrained and not _is_copy(run, members[seed]):
            repeated.append(members[seed])
        members[seed] = run
    found = list(groups.values())
    networks = [each for each in found if not each.is_baseline]
    varied = identity.varied_keys([each.settings for each in networks])
    usual = _usual(networks, varied)
    labels = identity.names([each.settings for each in found], usual, for_people=True)
    for each, label in zip(found, labels, strict=True):
        each.label = label
        each.values = {key: identity.shown(key, each.settings.get(key)) for key in varied}
        each.runs = dict(sorted(each.runs.items()))
    shown = {key: identity.shown(key, value) for key, value in usual.items()}
    return _ordered(Settings(found, varied, shown, repeated))


def _is_copy(run: Run, other: Run) -> bool:
    """Whether two runs are copies of one run, as an experiment copies finished runs (`runs.reuse`)."""
    own, its = ({k: v for k, v in each.record.items() if k not in ("overrides", "taken_from")} for each in (run, other))
    return ("taken_from" in run.record or "taken_from" in other.record) and own == its


def by_input(settings: Sequence[Setting]) -> dict[str, list[Setting]]:
    """Settings with the same input, small or grey pictures, which are compared; the keys end their files' names."""
    found: dict[str, list[Setting]] = {}
    for each in settings:
        found.setdefault("-low" if each.task[0] == "low_resolution" else "-grey", []).append(each)
    return found if len(found) != 1 else {"": list(settings)}


def by_task(settings: Sequence[Setting]) -> dict[tuple[Any, Any], list[Setting]]:
    """Settings with the same input and the same form of answer."""
    found: dict[tuple[Any, Any], list[Setting]] = {}
    for each in settings:
        found.setdefault(each.task, []).append(each)
    return found


def by_value(value: Any) -> tuple[bool, float]:
    """A sort key for settings: numbers in ascending order, then texts in their given order."""
    return not is_number(value), float(value) if is_number(value) else 0.0


def _usual(networks: Sequence[Setting], varied: Sequence[str]) -> dict[str, Any]:
    """The values of the network with the fewest typed settings, if there is only one such network."""
    typed = [len(each.first.overrides) for each in networks]
    if len(networks) > 2 and typed.count(min(typed)) == 1:
        centre = networks[typed.index(min(typed))].settings
        return {key: centre.get(key) for key in varied}
    return identity.usual([each.settings for each in networks], varied)


def _ordered(found: Settings) -> Settings:
    """Sort by value along an axis or in a grid of two keys, else in the order of the runs; baselines come last."""
    keys = [found.axis] if found.axis else found.varied if len(found.varied) <= identity.FEW else []
    groups = [found.off_axis(each) for each in found.settings]

    def place(setting: Setting) -> tuple[Any, ...]:
        values = [by_value(setting.values[key]) for key in keys]
        return setting.is_baseline, groups.index(found.off_axis(setting)), values

    return replace(found, settings=sorted(found.settings, key=place))
