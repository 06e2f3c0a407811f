"""Random numbers that belong to a picture: noise, hints, augmentation, from seed, epoch, stage and picture alone.

The numbers of an ordinary generator depend on all earlier draws, and so on the batch size, the device and resumed
epochs. A counter-based generator *looks up* a number by hashing what it is for instead: Salmon et al. (2011), "Parallel
random numbers: as easy as 1, 2, 3", https://doi.org/10.1145/2063384.2063405. The hash is SplitMix64's (Steele, Lea &
Flood 2014, https://doi.org/10.1145/2660193.2660195, with Stafford's constants).
"""

from __future__ import annotations

import hashlib
import math
from functools import cached_property

import torch
from torch import Tensor

GOLDEN = 0x9E3779B97F4A7C15 - (1 << 64)  # 2⁶⁴ over the golden ratio, odd; as the signed number that torch's int64 holds
MIX_1, MIX_2 = 0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64)
BITS = 24  # bits of a float32's significand, which holds every multiple of 2⁻²⁴ below 1


class Draws:
    """The random numbers of a batch's pictures for one purpose.

    Two calls give different numbers. The same calls in the same order give the same numbers in any batch and on any
    device (normal numbers up to the device's rounding of logarithm and cosine).

    Args:
        which: (N,) int64, the pictures' indices in their stage.
        seed, epoch, stage: those of the batch.
        purpose: such as "noise"; the numbers of two purposes are independent.
    """

    def __init__(self, which: Tensor, *, seed: int, epoch: int, stage: str, purpose: str) -> None:
        self._which = which
        self._recipe = f"{seed}/{epoch}/{stage}/{purpose}"
        self._drawn = 0  # for each picture

    @cached_property
    def _pictures(self) -> Tensor:
        """A hash of each picture, (N,) int64, computed on demand, as most batches need none."""
        key = int.from_bytes(hashlib.blake2b(self._recipe.encode(), digest_size=8).digest(), "big", signed=True)
        return _hash(self._which * GOLDEN + key)

    def uniform(self, *shape: int) -> Tensor:
        """Numbers from the uniform distribution over [0, 1), float32, (N, *shape), multiples of 2⁻²⁴."""
        return self._bits(shape).bitwise_and_((1 << BITS) - 1).float().mul_(2.0**-BITS)

    def normal(self, *shape: int) -> Tensor:
        """Numbers from the standard normal distribution, float32, (N, *shape), by Box and Muller's method."""
        # 1 - u is never 0.
        radius = (-2 * torch.log(1 - self.uniform(*shape))).sqrt_()
        return radius.mul_(torch.cos(2 * math.pi * self.uniform(*shape)))

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """Integers low … high - 1, all equally likely (to one part in 2⁴⁰), int64, (N, *shape)."""
        return low + self._bits(shape).bitwise_and_((1 << 62) - 1) % (high - low)

    def _bits(self, shape: tuple[int, ...]) -> Tensor:
        """Numbers of 64 random bits, int64, (N, *shape)."""
        count = math.prod(shape)
        places = torch.arange(self._drawn + 1, self._drawn + 1 + count, device=self._pictures.device)
        self._drawn += count
        return _hash(self._pictures[:, None] + places * GOLDEN).view(len(self._which), *shape)


def _hash(numbers: Tensor) -> Tensor:
    """SplitMix64's finaliser: each bit of the result depends on all bits of the number. int64, wrapping around."""
    for shift, factor in ((30, MIX_1), (27, MIX_2), (31, 1)):
        # Zeros must be shifted in from the left, but torch's shift of a signed number repeats the sign bit.
        numbers = (numbers ^ ((numbers >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return numbers
