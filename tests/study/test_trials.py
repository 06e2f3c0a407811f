"""Which trials a study has: balanced, each picture once a participant, the same from the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from colourize.errors import UsageError
from colourize.study.trials import make_plan

MODELS = ("unet", "cnn", "grey")


def test_every_version_is_balanced_and_shows_no_picture_twice() -> None:
    plan = make_plan(MODELS, range(100, 200), trials_per_model=6, practice=4, catch=6)
    assert len(plan.versions) == 3
    shared = [trial.picture for trial in (*plan.practice, *plan.catch)]
    for version in plan.versions:
        assert Counter((trial.model, trial.real_side) for trial in version) == {
            (model, side): 3 for model in MODELS for side in ("left", "right")
        }
        seen = [*shared, *(trial.picture for trial in version)]
        assert len(set(seen)) == len(seen) and set(seen) <= set(range(100, 200))
    # Over all versions each picture is shown by each model.
    pictures = {trial.picture for trial in plan.versions[0]}
    pairs = [(trial.model, trial.picture) for version in plan.versions for trial in version]
    assert sorted(pairs) == sorted((model, picture) for model in MODELS for picture in pictures)


def test_catch_and_practice_trials_and_the_seed() -> None:
    plan = make_plan(MODELS, range(50), practice=5, catch=6)
    assert [trial.model for trial in plan.practice] == [None, None, None, "unet", "cnn"]
    assert [(trial.kind, trial.model) for trial in plan.catch] == [("catch", None)] * 6
    assert Counter(trial.real_side for trial in plan.catch) == {"left": 3, "right": 3}
    assert make_plan(MODELS, range(200), seed=1) == make_plan(MODELS, range(200), seed=1)
    one, other = (make_plan(MODELS, range(200), seed=seed).versions[0] for seed in (1, 2))
    assert [trial.picture for trial in one] != [trial.picture for trial in other]
    assert [trial.real_side for trial in one] != [trial.real_side for trial in other]


def test_few_pictures_make_a_shorter_study() -> None:
    assert len(make_plan(MODELS, range(20)).versions[0]) == 9  # 10 are for practice and catch trials
    with pytest.raises(UsageError, match="at least 13 pictures; here are 12"):
        make_plan(MODELS, range(12))
    with pytest.raises(UsageError, match="catch=-1: must be"):
        make_plan(MODELS, range(12), catch=-1)
