"""Random numbers that belong to a picture: their values, what they depend on, and their distribution."""

from __future__ import annotations

import hashlib
import math
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


def test_numbers_are_those_of_plain_arithmetic():
    # The published answers of SplitMix64 to the seed 1234567.
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [mix(1234567 + place * GOLDEN & MASK) for place in (1, 2, 3, 4)] == published
    which = [0, 1, 4999, 2**40]
    key = int.from_bytes(hashlib.blake2b(b"7/3/train/noise", digest_size=8).digest(), "big")
    batch = Batch(torch.zeros(4, 2, 2, 3, dtype=torch.uint8), torch.tensor(which), "train", epoch=3, seed=7)
    ours = batch.draws("noise")
    uniform, integers, normal = ours.uniform(2, 3), ours.integers(-2, 3, 2), ours.normal(3)
    for row, picture in enumerate(which):
        taken = [mix(mix(picture * GOLDEN + key & MASK) + place * GOLDEN & MASK) for place in range(1, 15)]
        u = [(number & 0xFFFFFF) / 2**24 for number in taken]
        assert uniform[row].flatten().tolist() == u[:6]
        assert integers[row].tolist() == [-2 + (number & MASK >> 2) % 5 for number in taken[6:8]]
        expected = [
            math.sqrt(-2 * math.log(1 - r)) * math.cos(2 * math.pi * a) for r, a in zip(u[8:11], u[11:14], strict=True)
        ]
        assert normal[row].tolist() == pytest.approx(expected, abs=1e-5)
    assert torch.equal(batch.draws("noise").uniform(2, 3), uniform)  # not the next ones


@pytest.mark.parametrize("kind", ["uniform", "normal", "integers"])
def test_a_pictures_numbers_are_its_own(kind):
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
    state = torch.get_rng_state()
    for size in (1, 7):
        other = draws(range(64), purpose="another")
        other.normal(9)
        parts = torch.cat([of(part.tolist()) for part in torch.arange(64).split(size)])
        # A logarithm's last bit may depend on how many are computed.
        torch.testing.assert_close(parts, whole, rtol=0, atol=1e-6 if kind == "normal" else 0)
    for change in ({"seed": 1}, {"epoch": 1}, {"stage": "val"}, {"purpose": "b"}):
        assert (of(range(64), **change) == whole).float().mean() < 0.01, change
    assert torch.equal(torch.get_rng_state(), state)  # the global generator is left alone
    # No recipe can be read as another one.
    assert (of(range(64), seed=1, epoch=11) == of(range(64), seed=11, epoch=1)).float().mean() < 0.01
    assert (of(range(1, 65)) == whole).float().mean() < 0.01


MANY = 40_000
SLICES = {
    "of many pictures": lambda kind: kind(draws(range(MANY))).flatten(),
    "of one picture": lambda kind: kind(draws([7]), MANY).flatten(),
    "of many epochs": lambda kind: torch.cat([kind(draws([7], epoch=epoch), 8).flatten() for epoch in range(1000)]),
    "of many seeds": lambda kind: torch.cat([kind(draws([0], seed=seed), 8).flatten() for seed in range(1000)]),
}


@pytest.mark.parametrize("slice_", SLICES.values(), ids=SLICES)
def test_distributions(slice_):
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
