"""The trials of a study: pairs of a true picture and a coloured one, from a seed.

No participant sees a picture twice, since different colours would give it away. There are as many versions of the
trials as models, and each participant gets one; over all versions every model shows every picture (a Latin square).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from colourize.errors import UsageError, check_count

SIDES = ("left", "right")
PRACTICE, CATCH, REAL = KINDS = ("practice", "catch", "real")


@dataclass(frozen=True)
class Trial:
    """One pair to choose from."""

    kind: str  # practice (comes first, with feedback), catch (checks attention) or real (counts)
    model: str | None  # the model of the picture beside the true one; None: the true one's negative
    picture: int  # the index of the picture
    real_side: str  # the side of the true picture, left or right


@dataclass(frozen=True)
class Plan:
    """All trials of a study; a participant does the practice, then one of the versions with the catch trials in it."""

    practice: tuple[Trial, ...]
    catch: tuple[Trial, ...]
    versions: tuple[tuple[Trial, ...], ...]


def make_plan(
    models: Sequence[str], pictures: Sequence[int], seed: int = 0, *, trials_per_model: int = 40, practice: int = 4,
    catch: int = 6,
) -> Plan:  # fmt: skip
    """The trials of a study; the same arguments give the same trials.

    Args:
        models: the labels of the models.
        pictures: the unique indices of the pictures to choose from.
        seed: the seed of the choice of pictures and sides.
        trials_per_model: trials per participant for each model; fewer if there are not enough pictures.
        practice, catch: trials of these kinds per participant. The first half of the practice, rounded up, shows
            negatives, the second half pictures of the models.

    Raises:
        UsageError: a count or the seed is not allowed, or there are too few pictures.
    """
    check_count("trials_per_model", trials_per_model)
    for key, value in (("seed", seed), ("practice", practice), ("catch", catch)):
        check_count(key, value, 0)
    if not models or len(set(models)) < len(models) or len(set(pictures)) < len(pictures):
        raise ValueError("a study needs models and pictures, each of them once")
    each = min(trials_per_model, (len(pictures) - practice - catch) // len(models))
    if each < 1:
        trials, least = f"{practice} practice and {catch} catch trials", len(models) + practice + catch
        here = f"at least {least} pictures; here are {len(pictures)}"
        raise UsageError(f"a study of {len(models)} models with {trials} needs {here}")
    rng = np.random.default_rng(seed)
    numbers = [int(number) for number in rng.permutation(np.asarray(pictures))]
    first, second = practice, practice + catch
    shown = [None if 2 * place < practice else models[place % len(models)] for place in range(practice)]
    practised = _trials(rng, PRACTICE, shown, numbers[:first])
    caught = _trials(rng, CATCH, [None] * catch, numbers[first:second])
    groups = [numbers[start : start + each] for start in range(second, second + each * len(models), each)]
    versions = []
    for version in range(len(models)):
        names = [models[(place + version) % len(models)] for place in range(len(models))]
        parts = [_trials(rng, REAL, [name] * each, group) for name, group in zip(names, groups, strict=True)]
        versions.append(tuple(trial for part in parts for trial in part))
    return Plan(practised, caught, tuple(versions))


def _trials(
    rng: np.random.Generator, kind: str, models: Sequence[str | None], pictures: Sequence[int]
) -> tuple[Trial, ...]:
    """A trial for each picture. The true picture is on the left as often as on the right, up to an odd one."""
    start = rng.integers(2)
    sides = rng.permutation([SIDES[(start + place) % 2] for place in range(len(pictures))])
    return tuple(Trial(kind, *each) for each in zip(models, pictures, map(str, sides), strict=True))
