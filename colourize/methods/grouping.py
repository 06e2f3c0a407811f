"""The methods among finished runs: which runs are seeds of one, what they vary, and what each is called by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from colourize.methods.identity import departures, identity, is_baseline, names, resolved, settings_of_run, shown, usual
from colourize.methods.identity import varied_keys as varied_among
from colourize.runs.folders import Run


@dataclass(frozen=True)
class Setting:
    """The runs that differ in nothing but their seeds.

    Attributes:
        label: its name, see `identity.names`.
        model: the option of the group `model`.
        values: of each key that the sweep varies.
        runs: by seed, in ascending order.
        settings: everything that makes it this method, see `identity`.
    """

    label: str
    model: str
    values: dict[str, Any]
    runs: dict[int, Run]
    is_baseline: bool
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> Run:
        """The run of the least seed."""
        return next(iter(self.runs.values()))

    @property
    def task(self) -> tuple[Any, Any]:
        """The options of its degradation and its answer."""
        return self.settings.get("task.degradation"), self.settings.get("task.answer")


@dataclass(frozen=True)
class Settings:
    """All settings of a sweep, in the order of their runs, baselines last.

    Attributes:
        varied: the fewest keys that tell the networks apart.
        usual: the values of these in the setting from which the others depart in the fewest keys.
        repeated: runs that are left out, because another run has the same setting and the same seed.
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
        return departures(setting.values, self.usual, self.varied)


def read_settings(runs: Sequence[Run]) -> Settings:
    """Group runs by what makes a method."""
    groups: dict[tuple[Any, ...], dict[int, Run]] = {}
    methods: dict[tuple[Any, ...], dict[str, Any]] = {}
    untrained: dict[tuple[Any, ...], bool] = {}
    repeated = []
    for run in runs:
        settings, config = settings_of_run(run), resolved(run)
        key = identity(settings)
        methods[key] = settings
        untrained[key] = is_baseline(str((config.get("model") or {}).get("_target_")))
        members = groups.setdefault(key, {})
        seed = int(config.get("seed") or 0)
        if seed in members and not untrained[key]:  # of a baseline all are the same
            repeated.append(members[seed])
        members[seed] = run
    networks = [methods[key] for key in groups if not untrained[key]]
    varied = varied_among(networks)
    labels = dict(zip(groups, names([methods[key] for key in groups]), strict=True))
    settings_of = [
        Setting(
            labels[key], str(methods[key].get("model")), {name: shown(name, methods[key].get(name)) for name in varied},
            dict(sorted(members.items())), untrained[key], methods[key],
        )
        for key, members in groups.items()
    ]  # fmt: skip
    base = {key: shown(key, value) for key, value in usual(networks, varied).items()}
    return Settings(sorted(settings_of, key=lambda each: each.is_baseline), varied, base, repeated)
