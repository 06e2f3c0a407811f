"""Experiments: which jobs cells, seeds and baselines make, beside what is typed."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf

from colourize.configuration import config_dir
from colourize.errors import UsageError
from colourize.runs.experiments import fixed_keys, jobs

QUESTIONS = sorted(
    path.stem for path in (config_dir() / "experiment").glob("*.yaml") if "question:" in path.read_text()
)


def experiment(cells: list[dict[str, Any]], **more: Any) -> DictConfig:
    """A composed configuration with what an experiment's file adds."""
    return OmegaConf.create(
        {"trainer": {"max_epochs": 25}, "cells": cells, "seeds": [0, 1], "baselines": [], **more}
    )  # fmt: skip


def test_cells_times_seeds_with_all_cells_of_a_seed_first() -> None:
    config = experiment([{}, {"model": "cnn", "task": "super_resolution"}])
    assert jobs(config, ["experiment=x"]) == [
        ["experiment=x", "seed=0"],
        ["experiment=x", "model=cnn", "task=super_resolution", "seed=0"],
        ["experiment=x", "seed=1"],
        ["experiment=x", "model=cnn", "task=super_resolution", "seed=1"],
    ]


def test_what_is_typed_wins_and_equal_jobs_are_one() -> None:
    config = experiment([{"data.batch_size": 20}, {"data.batch_size": 50}])
    assert jobs(config, ["data.batch_size=10", "seed=7"]) == [["data.batch_size=10", "seed=7"]]
    assert jobs(experiment([{}], seeds=[5]), ["seeds=[5]"]) == [["seed=5"]]  # it is no setting of a run


def test_a_value_that_a_cell_computes_follows_what_is_typed() -> None:
    config = experiment([{}, {"trainer.max_epochs": "${product:${trainer.max_epochs},2}"}], seeds=[0])
    config.trainer.max_epochs = 3  # as Hydra composes it from what is typed
    assert jobs(config, ["trainer.max_epochs=3"]) == [
        ["trainer.max_epochs=3", "seed=0"],
        ["trainer.max_epochs=6", "seed=0"],
    ]
    with pytest.raises(UsageError, match=r"trainer\.max_epochs=3,4: must be one value"):
        jobs(config, ["trainer.max_epochs=3,4"])


def test_baselines_stand_once_beside_each_task_whatever_network_is_typed() -> None:
    cells = [{"task": "a"}, {"task": "b"}, {"task": "b", "data.batch_size": 5}]
    config = experiment(cells, seeds=[0], baselines=["grey_lookup", {"model": "palette_oracle", "task": "b"}])
    found = jobs(config, ["model=cnn", "model.num_filters=4"])
    assert found[:3] == [
        ["task=a", "model=grey_lookup", "seed=0"],
        ["task=b", "model=grey_lookup", "seed=0"],
        ["task=b", "model=palette_oracle", "seed=0"],
    ]
    own = {"model": "grey_lookup", "task": "b", "degradation": "hints"}
    told = jobs(experiment(cells, seeds=[0], baselines=[own]), [])
    assert told[0] == ["task=b", "model=grey_lookup", "degradation=hints", "seed=0"]
    assert all(job[:2] == ["model=cnn", "model.num_filters=4"] for job in found[3:]) and len(found) == 6


@pytest.mark.parametrize(
    ("words", "fixed"),
    [
        (["model=cnn,unet", "seed=0,1", "data=synthetic"], ["data"]),
        (["seed=range(0,3)", "~logger", "+trainer.max_time=1"], ["logger", "trainer.max_time"]),
        (["seed=choice(3)", "data.category=[horse,deer]"], ["seed", "data.category"]),
        (["seed=0,1", "seed=2"], ["seed"]),  # an experiment's own, and what was typed
        (["seed=0,0", "model=cnn,unet"], ["seed"]),
    ],
)
def test_names_leave_out_the_keys_of_one_value(words: list[str], fixed: list[str]) -> None:
    config = OmegaConf.create()
    assert fixed_keys(config, words, jobs(config, words)) == fixed


def test_names_of_an_experiment_keep_the_seed_and_what_a_cell_lacks() -> None:
    config = experiment([{"model": "cnn"}, {"model": "cnn", "task": "a"}], seeds=[0], baselines=["grey_lookup"])
    words = ["experiment=x", "model.num_filters=4"]
    assert fixed_keys(config, words, jobs(config, words)) == ["experiment", "model.num_filters"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cells": []}, "cells: must be a list"),
        ({"cells": [3]}, "cells: must"),
        ({"seeds": []}, r"seeds=\[\]: must be"),
    ],
)
def test_cells_and_seeds_that_are_none(changed: dict[str, Any], message: str) -> None:
    config = experiment([{}])
    config.update(changed)
    with pytest.raises(UsageError, match=message):
        jobs(config, [])


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_composes_and_has_jobs(name: str, compose: Any) -> None:
    """Its jobs themselves run in the report's slow test, each at toy size."""
    config = compose(f"experiment={name}")
    asked = jobs(config, [f"experiment={name}"])
    assert len({frozenset(job) for job in asked}) == len(asked) >= len(config.cells) * len(config.seeds)
    assert compose(*asked[-1]).trainer.precision == "32-true"
