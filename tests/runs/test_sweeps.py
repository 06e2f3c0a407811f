"""Names of a sweep's job folders: what varies, safe for file systems, for the shell and for Hydra's grammar."""

from __future__ import annotations

import re

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from colourize.runs.sweeps import job_folder, pairs


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["data=synthetic", "model=cnn", "seed=0"], "model-cnn+seed-0"),
        (["model.num_filters=16", "+trainer.max_time=1"], "num_filters-16+max_time-1"),
        (["task.optimizer.lr=1e-3", "task.loss.lr=2"], "task.optimizer.lr-1e-3+task.loss.lr-2"),
        (["data=synthetic"], "7"),
    ],
)
def test_names(overrides: list[str], name: str) -> None:
    assert job_folder(overrides, ["data"], 7) == name


def test_values_by_their_keys_as_results_csv_has_them() -> None:
    words = ["model=cnn", "~logger", "+trainer.max_time=00:01", "data.category=[horse,deer]", "note=a=b"]
    assert list(pairs(words).items()) == [
        ("model", "cnn"), ("trainer.max_time", "00:01"), ("data.category", "[horse,deer]"), ("note", "a=b"),
    ]  # fmt: skip


AWKWARD = [
    "/data/a",
    "/data_a",
    "data a",
    '"data a"',
    "[horse,deer]",
    "[horse_deer]",
    "../..",
    "pferdè",
    "pferdé",
    "a" * 300,
    "a" * 299 + "b",
]


def test_awkward_values_give_safe_names_of_their_own() -> None:
    names = [job_folder([f"data.root={value}", "seed=0"], [], 0) for value in AWKWARD]
    assert len(set(names)) == len(AWKWARD)
    for name in names:
        assert re.fullmatch(r"root-[\w.+-]+", name, re.ASCII) and len(name) <= 150
        typed = f"checkpoint=multirun/{name}/checkpoints/best.ckpt"
        override = OverridesParser.create().parse_override(typed)
        assert not override.is_sweep_override() and f"checkpoint={override.value()}" == typed
