"""The colours of a horse: its coat with the markings, and its halter."""

from dataclasses import dataclass
from math import pi

import numpy as np

from colourize.data.horses.basics import WHITE, Array, Rng, choose, vary
from colourize.data.horses.curves import Points, spline

COATS = {  # name: (weight, body, mane and tail, lower legs, muzzle)
    "bay": (0.20, (118, 76, 50), (26, 20, 18), (32, 25, 22), (58, 40, 32)),
    "dark bay": (0.12, (82, 54, 39), (22, 18, 17), (26, 21, 20), (70, 50, 38)),
    "black": (0.10, (46, 42, 43), (20, 18, 20), (36, 33, 35), (50, 45, 45)),
    "chestnut": (0.20, (142, 86, 57), (136, 82, 54), (130, 79, 53), (112, 70, 54)),
    "flaxen chestnut": (0.07, (126, 77, 51), (208, 174, 122), (120, 72, 46), (104, 68, 54)),
    "grey": (0.12, (194, 194, 192), (220, 218, 212), (146, 146, 148), (108, 106, 108)),
    "dapple grey": (0.08, (138, 140, 145), (82, 82, 88), (84, 84, 90), (74, 73, 77)),
    "palomino": (0.07, (200, 158, 98), (230, 218, 188), (206, 174, 124), (158, 126, 100)),
    "dun": (0.04, (184, 154, 106), (42, 34, 28), (52, 42, 34), (92, 76, 60)),
}
HALTERS = ((150, 34, 34), (34, 62, 140), (70, 44, 28), (26, 26, 30), (40, 110, 70))
MOTTLING = {"dapple grey": 0.12, "grey": 0.06}  # strength; other coats have MOTTLING_ELSE
MOTTLING_ELSE = 0.03


@dataclass(frozen=True)
class Coat:
    body: Array
    mane: Array
    legs: Array
    muzzle: Array
    white: Array
    mottling: float
    patches: list[Points]  # a pinto's white patches
    socks: list[bool]  # near and far fore, near and far hind
    blaze: float  # width of the white on the face, 0 for none
    halter: Array | None


def random_coat(rng: Rng, portrait: bool) -> Coat:
    name = choose(rng, COATS)
    body, mane, legs, muzzle, white = vary(rng, (*COATS[name][1:], WHITE), 0.09, 0.02)
    pale = name in MOTTLING
    pinto, blaze, halter, colour, *socks = rng.random(8).tolist()
    patches: list[Points] = []
    if pinto < 0.14 and not pale:
        for x, y, radius in rng.uniform((-0.5, 0.5, 0.1), (0.6, 1.2, 0.24), (5, 3)).tolist():
            ring = radius * rng.uniform(0.6, 1.4, 7) * np.exp(2j * pi / 7 * np.arange(7))
            patches.append(spline(x + 1j * y + ring))
    return Coat(
        body, mane, legs, muzzle, white, MOTTLING.get(name, MOTTLING_ELSE), patches,
        socks=[not pale and sock < (0.9 if patches else 0.3) for sock in socks],
        blaze=0.0 if pale or blaze < 0.55 else 0.03 + 0.05 * (blaze - 0.55),
        halter=np.array(HALTERS[int(colour * len(HALTERS))]) if halter < (0.4 if portrait else 0.1) else None,
    )  # fmt: skip
