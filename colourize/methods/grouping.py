"""The methods among finished runs: which runs are seeds of one, what varies between them, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from colourize.methods import identity
from colourize.runs.folders import Run


@dataclass(frozen=True)
class Setting:
    """The runs that differ only in their seeds."""

    label: str  # its name, see `identity.names`
    model: str  # the option of the group `model`
    values: dict[str, Any]  # of each key that the sweep varies
    runs: dict[int, Run]  # by seed, in ascending order; `first` is that of the least seed
    is_baseline: bool
    settings: dict[str, Any] = field(default_factory=dict)  # everything that makes it this method, see `identity`

    @property
    def first(self) -> Run:
        return next(iter(self.runs.values()))

    @property
    def task(self) -> tuple[Any, Any]:
        """The options of its degradation and its answer."""
        return self.settings.get("task.degradation"), self.settings.get("task.answer")


@dataclass(frozen=True)
class Settings:
    """All settings of a sweep in the order of their runs, baselines last."""

    settings: list[Setting]
    varied: list[str]  # the fewest keys that distinguish the networks
    usual: dict[str, Any]  # the values of these in the setting from which the others differ in the fewest keys
    repeated: list[Run] = field(default_factory=list)  # left out, as another run has the same setting and seed

    @property
    def networks(self) -> list[Setting]:
        return [each for each in self.settings if not each.is_baseline]

    @property
    def baselines(self) -> list[Setting]:
        return [each for each in self.settings if each.is_baseline]

    def departures(self, setting: Setting) -> dict[str, Any]:
        """How a setting differs from the usual one."""
        return identity.departures(setting.values, self.usual, self.varied)


def read_settings(runs: Sequence[Run]) -> Settings:
    """Group runs by their methods."""
    groups: dict[Any, Setting] = {}
    repeated = []
    for run in runs:
        settings, config = identity.settings_of_run(run), identity.resolved(run)
        untrained = identity.is_baseline(str((config.get("model") or {}).get("_target_")))
        new = Setting("", str(settings.get("model")), {}, {}, untrained, settings)
        members = groups.setdefault(identity.identity(settings), new).runs
        seed = int(config.get("seed") or 0)
        if seed in members and not untrained:  # runs of a baseline are all the same
            repeated.append(members[seed])
        members[seed] = run
    networks = [each.settings for each in groups.values() if not each.is_baseline]
    varied = identity.varied_keys(networks)
    labels = identity.names([each.settings for each in groups.values()])
    found = [
        Setting(label, each.model, {key: identity.shown(key, each.settings.get(key)) for key in varied},
                dict(sorted(each.runs.items())), each.is_baseline, each.settings)
        for label, each in zip(labels, groups.values(), strict=True)
    ]  # fmt: skip
    base = {key: identity.shown(key, value) for key, value in identity.usual(networks, varied).items()}
    return Settings(sorted(found, key=lambda each: each.is_baseline), varied, base, repeated)
