"""The painted horse: the colours of its coat, its shapes, and their relief."""

from cmath import rect
from dataclasses import dataclass
from math import pi

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from colourize.data.horses import anatomy
from colourize.data.horses.anatomy import Leg, Skeleton
from colourize.data.horses.basics import (
    SPLINE_STEPS,
    WHITE,
    Array,
    Points,
    Rng,
    choose,
    from_xy,
    ink,
    limb,
    spline,
    vary,
)

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


class Brush:
    """Paints polygons given in horse units; each has a colour and a relief for the light to fall on.

    CMYK is Pillow's image of four plain channels: here red, green, blue and the relief, black and 0 outside.
    """

    def __init__(self, canvas: int, zoom: complex, origin: complex) -> None:
        self.zoom = np.array([zoom.real, zoom.imag]) * canvas
        self.origin = np.array([origin.real, origin.imag]) * canvas
        self.image = Image.new("CMYK", (canvas, canvas))
        self._draw = ImageDraw.Draw(self.image)

    def outline(self, points: Points) -> list[float]:
        xy: list[float] = (points.view(float).reshape(-1, 2) * self.zoom + self.origin).ravel().tolist()
        return xy

    def shape(self, points: Points, colour: Array, height: int) -> None:
        self._draw.polygon(self.outline(points), fill=(*ink(colour), height))

    def solid(self) -> Image.Image:
        """Where there is horse."""
        return self.image.getchannel(3).point([0] + [255] * 255)

    def patches(self, outlines: list[Points], colour: Array, height: int) -> None:
        """Paint that stays within the shapes already there."""
        mask = Image.new("L", self.image.size)
        for points in outlines:
            ImageDraw.Draw(mask).polygon(self.outline(points), fill=255)
        self.image.paste((*ink(colour), height), mask=ImageChops.darker(mask, self.solid()))


def _paint_leg(brush: Brush, leg: Leg, coat: Coat, hind: bool, far: bool, sock: bool) -> None:
    shade, height = (0.66, 60) if far else (1.0, 165)
    outline = limb(leg.joints, anatomy.HIND_WIDTHS if hind else anatomy.FORE_WIDTHS)
    knee = (len(leg.joints) - 5) * SPLINE_STEPS  # the outline runs down one side and up the other
    brush.shape(leg.hoof, (coat.white * 0.6 if sock else coat.legs * 0.8) * shade, height)
    brush.shape(outline, coat.body * shade, height)
    points = outline[knee - 3 : 3 - knee]  # the colour of the lower leg begins a little above the knee
    brush.shape(points, coat.legs * shade, height)
    if sock:
        brush.shape(outline[knee + SPLINE_STEPS : -knee - SPLINE_STEPS], coat.white * shade, height)


def paint_horse(brush: Brush, bones: Skeleton, coat: Coat, rng: Rng) -> None:
    """Far legs first, then tail, body, near legs, neck, head and mane, each over what lies behind it."""
    for i in (1, 3):
        _paint_leg(brush, bones.legs[i], coat, i >= 2, True, coat.socks[i])
    brush.shape(limb(bones.tail, anatomy.TAIL_WIDTHS), coat.mane, 70)
    brush.shape(spline(bones.torso), coat.body, 140)
    for i in (2, 0):
        _paint_leg(brush, bones.legs[i], coat, i >= 2, False, coat.socks[i])
    brush.shape(spline(bones.neck), coat.body, 150)
    if coat.patches:
        brush.patches(coat.patches, coat.white, 150)

    def on_head(points: Points, colour: Array, height: int = 190) -> None:
        brush.shape(points * bones.heading + bones.poll, colour, height)

    ears = anatomy.EAR * rect(1, bones.ears)
    on_head(ears + (0.03 + 0.02j), coat.body * 0.6, 120)
    on_head(anatomy.HEAD, coat.body)
    on_head(anatomy.MUZZLE, coat.muzzle)
    if coat.blaze:
        inner = from_xy(0.42, 0.045, 0.27, 0.055, 0.09, 0.06) - 1j * coat.blaze
        on_head(np.concatenate([from_xy(0.06, 0.08, 0.27, 0.06, 0.42, 0.05), inner]), coat.white)
    for detail, darkness in ((anatomy.EYE, 0.3), (anatomy.NOSTRIL, 0.3), (anatomy.MOUTH, 0.55)):
        on_head(detail, coat.muzzle * darkness)
    if coat.halter is not None:
        for strap in anatomy.STRAPS:
            on_head(strap, coat.halter)

    # The mane hangs on the near side in locks of unequal length, or flies back at a gallop.
    crest = spline(bones.crest, False)[1:]
    down = (bones.crest[1] - bones.crest[0]) * -1j / abs(bones.crest[1] - bones.crest[0])
    fall = (1 - bones.flow) * (down * 0.10 - 0.05j) + bones.flow * (-0.13 + 0.03j)
    tips = crest + rng.uniform(0.65, 1.25, len(crest)) * fall
    brush.shape(np.concatenate([crest - 0.012 * down, tips[::-1]]), coat.mane, 165)
    on_head(anatomy.FORELOCK, coat.mane, 195)
    on_head(ears, coat.body * 0.92, 200)
