"""Random numbers that belong to a picture: which ones, on what they depend, how they are distributed."""

from __future__ import annotations

import hashlib
import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from colourize.data.batches import Batch
from colourize.data.draws import Draws

MASK, GOLDEN = (1 << 64) - 1, 0x9E3779B97F4A7C15


def draws(which: Any = range(64), *, seed: int = 0, epoch: int = 0, stage: str = "train", purpose: str = "a") -> Draws:
    return Draws(torch.tensor(list(which), dtype=torch.int64), seed=seed, epoch=epoch, stage=stage, purpose=purpose)


def mix(number: int) -> int:
    """SplitMix64's finaliser, in whole numbers of any size."""
    number = (number ^ (number >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    number = (number ^ (number >> 27)) * 0x94D049BB133111EB & MASK
    return number ^ (number >> 31)


def bits(recipe: str, picture: int, place: int) -> int:
    key = int.from_bytes(hashlib.blake2b(recipe.encode(), digest_size=8).digest(), "big")
    return mix(mix(picture * GOLDEN + key & MASK) + place * GOLDEN & MASK)


# ---------------------------------------------------------------------------------- the numbers themselves


def test_the_hash_is_splitmix64() -> None:
    # What everybody's SplitMix64 answers to the seed 1234567.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [mix(1234567 + place * GOLDEN & MASK) for place in (1, 2, 3, 4)] == published


def test_numbers_are_those_of_plain_arithmetic() -> None:
    which, recipe = [0, 1, 4999, 2**40], "7/3/train/noise"
    for low, high in ((0, 10), (-2, 3)):
        ours = draws(which, seed=7, epoch=3, purpose="noise")
        uniform, integers, normal = ours.uniform(2, 3), ours.integers(low, high, 2), ours.normal(3)
        for row, picture in enumerate(which):
            taken = [bits(recipe, picture, place) for place in range(1, 15)]
            u = [(number & 0xFFFFFF) / 2**24 for number in taken]
            assert uniform[row].flatten().tolist() == u[:6]
            assert integers[row].tolist() == [low + (number & MASK >> 2) % (high - low) for number in taken[6:8]]
            radii, angles = u[8:11], u[11:14]
            expected = [
                math.sqrt(-2 * math.log(1 - r)) * math.cos(2 * math.pi * a) for r, a in zip(radii, angles, strict=True)
            ]
            assert normal[row].tolist() == pytest.approx(expected, abs=1e-5)


def test_numbers_never_change() -> None:
    """Runs of an older version can be had again: these were written down when the generator was."""
    ours = draws([0, 12345], seed=1, epoch=2, purpose="augmentation")
    assert ours.uniform().tolist() == [8021147 / 2**24, 10671799 / 2**24]
    assert ours.integers(0, 1000).tolist() == [942, 186]
    assert ours.normal().tolist() == pytest.approx([-0.191347522, -0.187001430], abs=1e-6)


def test_shapes_and_limits() -> None:
    ours = draws(range(3))
    assert ours.uniform().shape == (3,) and ours.normal(4, 5).shape == (3, 4, 5)
    assert ours.integers(0, 2, 0).shape == (3, 0) and draws([]).normal(2, 2).shape == (0, 2, 2)
    uniform, normal = draws(range(2000)).uniform(500), draws(range(2000)).normal(500)
    assert uniform.dtype == normal.dtype == torch.float32
    assert 0 <= uniform.min() < 1e-5 and 1 - 1e-5 < uniform.max() < 1
    assert normal.isfinite().all() and 4.5 < normal.abs().max() < 6
    integers = draws(range(2000)).integers(-3, 4)
    assert integers.dtype == torch.int64 and sorted(set(integers.tolist())) == list(range(-3, 4))


# ------------------------------------------------------------------------------------ on what they depend


@pytest.mark.parametrize("kind", ["uniform", "normal", "integers"])
def test_a_pictures_numbers_are_its_own(kind: str) -> None:
    """Whatever the batch is, whatever drew before, whatever else is drawn for."""

    def of(which: Any, **recipe: Any) -> torch.Tensor:
        ours = draws(which, **recipe)
        first, second = (getattr(ours, kind)(*((0, 1 << 40) if kind == "integers" else ()), 3, 4) for _ in range(2))
        assert not torch.equal(first, second)
        return torch.stack([first, second], 1)

    whole = of(range(64))
    assert len(whole.flatten().unique()) > 64 * 24 - 8  # uniform ones are 24 bits: two may be equal by chance
    order = np.random.default_rng(0).permutation(64)
    torch.testing.assert_close(of(order), whole[order], rtol=0, atol=1e-6 if kind == "normal" else 0)
    torch.manual_seed(5)
    for size in (1, 7):
        other = draws(range(64), purpose="another")
        other.normal(9)
        torch.rand(3)
        parts = torch.cat([of(part.tolist()) for part in torch.arange(64).split(size)])
        # A logarithm's last bit may depend on how many are computed.
        torch.testing.assert_close(parts, whole, rtol=0, atol=1e-6 if kind == "normal" else 0)
    for change in ({"seed": 1}, {"epoch": 1}, {"stage": "val"}, {"purpose": "b"}):
        assert (of(range(64), **change) == whole).float().mean() < 0.01, change
    # No recipe can be read as another one.
    assert (of(range(64), seed=1, epoch=11) == of(range(64), seed=11, epoch=1)).float().mean() < 0.01
    assert (of(range(1, 65)) == whole).float().mean() < 0.01


def test_calls_may_be_joined() -> None:
    ours, theirs = draws(), draws()
    assert torch.equal(torch.cat([ours.uniform(2), ours.uniform(5, 1).squeeze(2)], 1), theirs.uniform(7))


def test_a_batch_hands_out_its_own() -> None:
    pictures, which = torch.zeros(2, 4, 4, 3, dtype=torch.uint8), torch.tensor([5, 9])
    batch = Batch(pictures, which, "val", epoch=3, seed=8)
    expected = draws([5, 9], seed=8, epoch=3, stage="val", purpose="hints").uniform(4)
    assert torch.equal(batch.draws("hints").uniform(4), expected)
    assert torch.equal(batch.draws("hints").uniform(4), expected)  # not the next ones


def test_global_generators_are_left_alone() -> None:
    states = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]
    ours = draws()
    ours.uniform(3), ours.normal(3), ours.integers(0, 5, 3)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1] and random.getstate() == states[2]  # type: ignore[index]


# ----------------------------------------------------------------------------------- how they are distributed

MANY = 40_000
SLICES = {
    "of many pictures": lambda kind: kind(draws(range(MANY))).flatten(),
    "of one picture": lambda kind: kind(draws([7]), MANY).flatten(),
    "of many epochs": lambda kind: torch.cat([kind(draws([7], epoch=epoch), 8).flatten() for epoch in range(1000)]),
    "of many seeds": lambda kind: torch.cat([kind(draws([0], seed=seed), 8).flatten() for seed in range(1000)]),
}


@pytest.mark.parametrize("slice_", SLICES.values(), ids=SLICES)
def test_distributions(slice_: Any) -> None:
    """Nothing here is random: the bounds are those that one set of numbers in ten thousand would miss."""
    uniform = slice_(lambda ours, *shape: ours.uniform(*shape)).double().numpy()
    normal = slice_(lambda ours, *shape: ours.normal(*shape)).double().numpy()
    integers = slice_(lambda ours, *shape: ours.integers(-5, 12, *shape)).numpy()
    assert stats.kstest(uniform, "uniform").pvalue > 1e-4
    assert stats.kstest(normal, "norm").pvalue > 1e-4
    for moment, expected in ((1, 0), (2, 1), (3, 0), (4, 3)):
        error = math.sqrt(stats.norm.moment(2 * moment) / len(normal))
        assert (normal**moment).mean() == pytest.approx(expected, abs=4 * error)
    assert stats.chisquare(np.bincount(integers + 5, minlength=17)).pvalue > 1e-4
    # Neighbours in the slice (pictures, places, epochs, seeds) have nothing to do with each other.
    for apart in (1, 2, 8):
        for numbers in (uniform, normal):
            assert abs(stats.spearmanr(numbers[:-apart], numbers[apart:]).statistic) < 4 / math.sqrt(len(numbers))


def test_pictures_epochs_seeds_stages_and_purposes_are_not_correlated() -> None:
    first = draws(range(MANY)).uniform().numpy()
    others = [
        draws(range(1, MANY + 1)).uniform(),
        draws(range(MANY), epoch=1).uniform(),
        draws(range(MANY), seed=1).uniform(),
        draws(range(MANY), stage="val").uniform(),
        draws(range(MANY), purpose="b").uniform(),
        draws(range(MANY)).uniform(2)[:, 1],
    ]
    for other in others:
        assert abs(stats.spearmanr(first, other.numpy()).statistic) < 4 / math.sqrt(MANY)
        joint = np.histogram2d(first, other.numpy(), bins=8, range=[[0, 1], [0, 1]])[0]
        assert stats.chisquare(joint.flatten()).pvalue > 1e-4
