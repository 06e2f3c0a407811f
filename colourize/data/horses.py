"""Pictures of horses drawn by our own code: training and test material that needs no download.

CIFAR-10 is not shipped with this package, yet a first training, the tests and the examples need colour
pictures of horses. These are drawn from a jointed skeleton in a small landscape. As in photographs, part
of the colour follows from grey level and place (sky above, ground below, a bay's black mane and legs) and
part does not (the same grey may be a chestnut, a dun or a grey horse), so colourizing them is a real task.

The order of the file is the order of drawing: scene, palette of the coat, skeleton, drawing, light.
A picture's side is 1, x to the right, y down. A horse faces right, its height at the withers is 1, and its
points are complex numbers, x + iy with y up: turning a limb is then one multiplication.
"""

from cmath import rect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, pi, radians, sin
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from colourize.errors import UsageError

Array = NDArray[Any]  # real numbers
Points = NDArray[np.complex128]
Rng = np.random.Generator

MIN_SIZE = 8
SUPERSAMPLE = 4  # shapes are drawn on a canvas this many times larger, then averaged down
SPLINE_STEPS = 4  # straight pieces per spline segment: smooth enough for a 512 pixel canvas


# ---------------------------------------------------------------------------------------------- scene

SKIES = {  # name: (weight, colour at the zenith, colour at the horizon, strength of direct light)
    "clear": (0.40, (86, 136, 202), (178, 206, 230), 1.0),
    "hazy": (0.14, (150, 182, 214), (214, 221, 222), 0.7),
    "overcast": (0.20, (168, 174, 180), (214, 215, 212), 0.35),
    "storm": (0.08, (92, 102, 118), (160, 164, 166), 0.5),
    "sunset": (0.18, (104, 98, 138), (238, 178, 122), 0.8),
}
GROUNDS = {  # name: (weight, far colour, near colour, strength of texture, depth of grass over the hooves)
    "grass": (0.42, (126, 150, 86), (80, 110, 48), 0.16, 0.06),
    "dry grass": (0.20, (186, 168, 112), (152, 130, 76), 0.15, 0.06),
    "sand": (0.15, (206, 186, 150), (186, 162, 122), 0.07, 0.0),
    "earth": (0.13, (148, 118, 90), (112, 84, 62), 0.12, 0.01),
    "snow": (0.10, (212, 218, 226), (196, 204, 218), 0.04, 0.03),
}
FOLIAGE = ((38, 62, 32), (54, 82, 38), (30, 48, 36), (70, 76, 34), (112, 80, 38))
BACKDROPS = {"open": (0.30,), "hill": (0.20,), "trees": (0.20,), "wood": (0.14,), "fence": (0.16,)}


@dataclass(frozen=True)
class Scene:
    sky: tuple[Array, Array]  # zenith, horizon
    ground: tuple[Array, Array]  # far, near
    texture: float
    grass: float  # depth of the grass over the hooves, in horse units
    backdrop: str
    foliage: Array
    horizon: float
    side: float  # where the light comes from: -1 left, 1 right
    sun: float  # strength of direct light
    tint: Array  # the camera's exposure and white balance, one factor per channel


def _choose(rng: Rng, table: Mapping[str, Sequence[Any]]) -> str:
    """A name from a table whose rows begin with a weight; several times faster than `rng.choice`."""
    mark = rng.random() * sum(row[0] for row in table.values())
    for name, row in table.items():
        mark -= row[0]
        if mark < 0:
            return name
    return next(iter(table))  # only if rounding let the mark outlive the weights


def _vary(rng: Rng, colours: Sequence[ArrayLike], brightness: float, hue: float) -> Array:
    """The colours, in rows, with one common change of brightness and of balance between the channels."""
    factor = np.exp(brightness * rng.standard_normal() + hue * rng.standard_normal(3))
    varied: Array = np.minimum(np.asarray(colours) * factor, 250.0)
    return varied


def _scene(rng: Rng, portrait: bool) -> Scene:
    sky, ground = _choose(rng, SKIES), _choose(rng, GROUNDS)
    _, zenith, skyline, sun = SKIES[sky]
    _, far, near, texture, grass = GROUNDS[ground]
    zenith_, skyline_ = _vary(rng, (zenith, skyline), 0.08, 0.03)
    far_, near_ = _vary(rng, (far, near), 0.11, 0.015 if ground == "snow" else 0.05)
    warmth, exposure = 0.03 * rng.standard_normal(2) + (0.05 * (sky == "sunset"), 1.0)
    a, b, c, d, e, f = rng.random(6).tolist()
    return Scene(
        (zenith_, skyline_), (far_, near_), texture * (0.7 + 0.6 * a), grass * (0.3 + b),
        backdrop=_choose(rng, BACKDROPS),
        foliage=_vary(rng, (FOLIAGE[int(f * len(FOLIAGE))],), 0.15, 0.06)[0],
        horizon=0.55 + 0.4 * c if portrait else 0.34 + 0.32 * c,
        side=(0.3 + 1.4 * abs(d - 0.5)) * (1 if d > 0.5 else -1),
        sun=sun * (0.7 + 0.4 * e),
        tint=(exposure**2 * np.array([1 + warmth, 1.0, 1 - warmth])).astype(np.float32),
    )  # fmt: skip


# ------------------------------------------------------------------------------- palette of the coat

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
WHITE = (228, 224, 216)
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


def _coat(rng: Rng, portrait: bool) -> Coat:
    name = _choose(rng, COATS)
    body, mane, legs, muzzle, white = _vary(rng, (*COATS[name][1:], WHITE), 0.09, 0.02)
    pale = name in MOTTLING
    pinto, blaze, halter, colour, *socks = rng.random(8).tolist()
    patches: list[Points] = []
    if pinto < 0.14 and not pale:
        for x, y, radius in rng.uniform((-0.5, 0.5, 0.1), (0.6, 1.2, 0.24), (5, 3)).tolist():
            ring = radius * rng.uniform(0.6, 1.4, 7) * np.exp(2j * pi / 7 * np.arange(7))
            patches.append(_spline(x + 1j * y + ring))
    return Coat(
        body, mane, legs, muzzle, white, MOTTLING.get(name, MOTTLING_ELSE), patches,
        socks=[not pale and sock < (0.9 if patches else 0.3) for sock in socks],
        blaze=0.0 if pale or blaze < 0.55 else 0.03 + 0.05 * (blaze - 0.55),
        halter=np.array(HALTERS[int(colour * len(HALTERS))]) if halter < (0.4 if portrait else 0.1) else None,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------- skeleton


def _points(*xy: float) -> Points:
    return np.array(xy).view(np.complex128)


@lru_cache(maxsize=64)
def _basis(count: int, closed: bool) -> Points:
    """The matrix from control points to points of the Catmull-Rom spline through them."""
    t = np.arange(SPLINE_STEPS) / SPLINE_STEPS
    cubic = np.array([(0, -1, 2, -1), (2, 0, -5, 3), (0, 1, 4, -3), (0, 0, -1, 1)]) / 2
    weights = cubic @ np.stack([t**0, t, t**2, t**3])
    segments = count if closed else count - 1
    matrix = np.zeros((segments * SPLINE_STEPS + (not closed), count), complex)
    for segment in range(segments):
        for k in range(4):
            j = segment + k - 1
            j = j % count if closed else min(max(j, 0), count - 1)
            matrix[segment * SPLINE_STEPS : (segment + 1) * SPLINE_STEPS, j] += weights[k]
    if not closed:
        matrix[-1, -1] = 1
    return matrix


@lru_cache(maxsize=64)
def _slope(count: int) -> Points:
    """The matrix from control points to the direction of their open spline."""
    return np.gradient(_basis(count, False), axis=0)


def _spline(points: Points, closed: bool = True) -> Points:
    curve: Points = _basis(len(points), closed) @ points
    return curve


def _limb(joints: Points, widths: Array) -> Points:
    """The outline of a limb of the given widths along a chain of joints."""
    line, ahead = _spline(joints, False), _slope(len(joints)) @ joints
    side = ahead / np.abs(ahead) * _spline(widths * 0.5j, False)
    return np.concatenate([line + side, (line - side)[::-1]])


# name: (weight, angle of neck, of head, swing and lift of the legs, all in degrees; flow of mane and tail)
POSES = {
    "stand": (0.28, 41, -50, 5, 0, 0.0),
    "graze": (0.18, -38, -84, 9, 0, 0.0),
    "walk": (0.16, 33, -46, 19, 42, 0.1),
    "trot": (0.08, 42, -54, 27, 75, 0.45),
    "gallop": (0.14, 28, -32, 42, 80, 0.95),
    "portrait": (0.16, 40, -44, 5, 0, 0.1),
}
STRIDES = {  # phases of near and far fore, near and far hind; other poses have STANDING
    "walk": (pi / 2, 3 * pi / 2, 0.0, pi),
    "trot": (0.0, pi, pi, 0.0),
    "gallop": (0.0, 0.7, 2.6, 3.2),
}
STANDING = (-1.4, 1.4, -1.2, 1.2)
TORSO = _points(
    0.22, 0.99, 0.08, 0.955, -0.08, 0.94, -0.22, 0.96, -0.36, 0.97, -0.48, 0.89, -0.52, 0.76, -0.45, 0.62,
    -0.22, 0.61, 0.02, 0.54, 0.24, 0.51, 0.40, 0.54, 0.51, 0.67, 0.48, 0.84,
)  # fmt: skip
# The head lies along its axis from the poll, at 0, to the lips; the forehead is on the positive side.
HEAD = _spline(_points(
    -0.03, 0.02, 0.05, 0.07, 0.14, 0.078, 0.27, 0.055, 0.38, 0.048, 0.445, 0.042, 0.475, 0.0, 0.455, -0.06,
    0.39, -0.085, 0.30, -0.08, 0.22, -0.12, 0.13, -0.155, 0.04, -0.14,
))  # fmt: skip
MUZZLE = _spline(_points(0.39, 0.035, 0.445, 0.04, 0.475, 0.0, 0.455, -0.06, 0.395, -0.08, 0.375, -0.02))
EYE = _spline(_points(0.125, 0.022, 0.15, 0.042, 0.175, 0.026, 0.15, 0.008))
NOSTRIL = _spline(_points(0.425, 0.022, 0.445, 0.028, 0.452, 0.008, 0.432, 0.0))
MOUTH = _points(0.462, -0.035, 0.40, -0.043, 0.40, -0.051, 0.462, -0.045)
EAR = _points(-0.01, 0.01, -0.06, 0.055, -0.095, 0.105, -0.035, 0.095, 0.04, 0.062)
FORELOCK = _points(-0.04, 0.04, 0.02, 0.095, 0.13, 0.085, 0.10, 0.045, 0.03, 0.03)
STRAPS = [
    _limb(line, np.full(len(line), 0.022)) for line in (
        _points(0.30, 0.055, 0.31, -0.01, 0.30, -0.08), _points(0.30, -0.02, 0.16, -0.06, 0.02, 0.03),
        _points(0.16, -0.06, 0.07, -0.14),
    )
]  # fmt: skip
TAIL_DOWN = _points(0, 0, -0.085, -0.08, -0.11, -0.28, -0.08, -0.55)
TAIL_FLYING = _points(0, 0, -0.14, 0.05, -0.32, 0.0, -0.50, -0.12)
TAIL_WIDTHS = np.array([0.06, 0.12, 0.15, 0.03])
BARREL, ELBOW, HIP, DOCK = 0.8j, 0.35 + 0.66j, -0.36 + 0.82j, -0.47 + 0.91j
WITHERS, BACK, CHEST, BREAST, SHOULDER = 0.22 + 0.99j, 0.02 + 0.935j, 0.52 + 0.75j, 0.51 + 0.66j, 0.44 + 0.60j
NECK_LENGTH, NOSE = 0.57, 0.475
FORE_BONES, HIND_BONES = (0.33, 0.215, 0.07), (0.25, 0.275, 0.255, 0.07)
# Widths of a leg at each joint and half way to the next.
FORE_WIDTHS = np.array([0.20, 0.15, 0.088, 0.066, 0.075, 0.060, 0.064])
HIND_WIDTHS = np.array([0.30, 0.30, 0.23, 0.15, 0.10, 0.072, 0.076, 0.062, 0.064])
HOOF = _points(-0.034, 0.0, 0.036, 0.0, 0.064, -0.065, -0.038, -0.065)
FAR_SIDE = 0.045 + 0.025j  # the legs of the other side stand a little further off


class Leg(NamedTuple):
    joints: Points  # and the points half way between them
    hoof: Points


@dataclass(frozen=True)
class Skeleton:
    torso: Points
    neck: Points
    crest: Points  # the upper line of the neck, withers to poll
    poll: complex
    heading: complex  # the direction of the head
    ears: float  # turn of the ears, radians; positive is back
    tail: Points
    legs: list[Leg]  # near and far fore, near and far hind
    flow: float  # how far mane and tail fly, 0 to 1


def _leg(joint: complex, phase: float, swing: float, lift: float, hind: bool) -> Leg:
    """A leg in its stride: it swings to and fro, and is bent while it comes forward.

    Angles are in degrees from straight down, positive forward.
    """
    reach, forward = swing * sin(phase), max(0.0, cos(phase))
    bend, loose = lift * forward, forward * min(1.0, lift / 30)
    cannon = 2 + reach - 0.1 * bend if hind else reach - 0.65 * bend
    pastern = (1 - loose) * (30 + 0.4 * reach) + loose * (cannon - 25)
    if hind:
        angles = [22 + 0.7 * reach + 0.35 * bend, -38 + reach - 0.3 * bend, cannon, pastern]
    else:
        angles = [reach + 0.35 * bend, cannon, pastern]
    chain = [joint]
    for length, angle in zip(HIND_BONES if hind else FORE_BONES, angles, strict=True):
        step = rect(length, radians(angle - 90))
        chain += [chain[-1] + step / 2, chain[-1] + step]
    # A pastern slopes forward by some 30 degrees when its hoof stands flat.
    return Leg(np.array(chain), HOOF * rect(1, radians(pastern - 30)) + chain[-1])


def _skeleton(rng: Rng, pose: str) -> Skeleton:
    _, neck, head, swing, lift, flow = POSES[pose]
    start = 2 * pi * rng.random()
    a, b, c, d, e, f = rng.standard_normal(6).tolist()
    phases = [start + phase for phase in STRIDES.get(pose, ())] or STANDING[:: 1 if f > 0 else -1]
    tilt = rect(1, radians(5) * sin(start)) if pose == "gallop" else 1

    def tilted(points: Any) -> Any:
        return (points - BARREL) * tilt + BARREL

    along, heading = rect(1, radians(neck + 6 * a)), rect(1, radians(head + 6 * b))
    across = along * 1j
    withers, chest = tilted(WITHERS), tilted(CHEST)
    poll = withers + along * (NECK_LENGTH + 0.02 * c)
    arch = (0.05 + 0.015 * d) * (1 if neck > 0 else 0.2)
    throat = poll + (0.06 - 0.14j) * heading
    crest = [withers, withers + along * 0.28 + across * arch, poll + across * 0.02]
    under = (throat + chest) / 2 + across * 0.015
    return Skeleton(
        tilted(TORSO),
        neck=np.array([tilted(BACK), *crest, throat, under, chest, tilted(BREAST), tilted(SHOULDER)]),
        crest=np.array(crest), poll=poll, heading=heading,
        ears=0.25 * abs(e) + 0.7 * (pose == "gallop"),
        tail=tilted(DOCK) + (1 - flow) * TAIL_DOWN + flow * TAIL_FLYING,
        legs=[
            _leg(tilted(HIP if i >= 2 else ELBOW) + i % 2 * FAR_SIDE, phases[i], swing, lift, i >= 2)
            for i in range(4)
        ],
        flow=flow,
    )  # fmt: skip


# -------------------------------------------------------------------------------------------- drawing


def _ink(colour: Array) -> tuple[int, ...]:
    return tuple(map(int, colour.tolist()))


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
        self._draw.polygon(self.outline(points), fill=(*_ink(colour), height))

    def solid(self) -> Image.Image:
        """Where there is horse."""
        return self.image.getchannel(3).point([0] + [255] * 255)

    def patches(self, outlines: list[Points], colour: Array, height: int) -> None:
        """Paint that stays within the shapes already there."""
        mask = Image.new("L", self.image.size)
        for points in outlines:
            ImageDraw.Draw(mask).polygon(self.outline(points), fill=255)
        self.image.paste((*_ink(colour), height), mask=ImageChops.darker(mask, self.solid()))


def _paint_leg(brush: Brush, leg: Leg, coat: Coat, hind: bool, far: bool, sock: bool) -> None:
    shade, height = (0.66, 60) if far else (1.0, 165)
    outline = _limb(leg.joints, HIND_WIDTHS if hind else FORE_WIDTHS)
    knee = (len(leg.joints) - 5) * SPLINE_STEPS  # the outline runs down one side and up the other
    brush.shape(leg.hoof, (coat.white * 0.6 if sock else coat.legs * 0.8) * shade, height)
    brush.shape(outline, coat.body * shade, height)
    points = outline[knee - 3 : 3 - knee]  # the colour of the lower leg begins a little above the knee
    brush.shape(points, coat.legs * shade, height)
    if sock:
        brush.shape(outline[knee + SPLINE_STEPS : -knee - SPLINE_STEPS], coat.white * shade, height)


def _paint_horse(brush: Brush, bones: Skeleton, coat: Coat, rng: Rng) -> None:
    """Far legs first, then tail, body, near legs, neck, head and mane, each over what lies behind it."""
    for i in (1, 3):
        _paint_leg(brush, bones.legs[i], coat, i >= 2, True, coat.socks[i])
    brush.shape(_limb(bones.tail, TAIL_WIDTHS), coat.mane, 70)
    brush.shape(_spline(bones.torso), coat.body, 140)
    for i in (2, 0):
        _paint_leg(brush, bones.legs[i], coat, i >= 2, False, coat.socks[i])
    brush.shape(_spline(bones.neck), coat.body, 150)
    if coat.patches:
        brush.patches(coat.patches, coat.white, 150)

    def on_head(points: Points, colour: Array, height: int = 190) -> None:
        brush.shape(points * bones.heading + bones.poll, colour, height)

    ears = EAR * rect(1, bones.ears)
    on_head(ears + (0.03 + 0.02j), coat.body * 0.6, 120)
    on_head(HEAD, coat.body)
    on_head(MUZZLE, coat.muzzle)
    if coat.blaze:
        inner = _points(0.42, 0.045, 0.27, 0.055, 0.09, 0.06) - 1j * coat.blaze
        on_head(np.concatenate([_points(0.06, 0.08, 0.27, 0.06, 0.42, 0.05), inner]), coat.white)
    for detail, darkness in ((EYE, 0.3), (NOSTRIL, 0.3), (MOUTH, 0.55)):
        on_head(detail, coat.muzzle * darkness)
    if coat.halter is not None:
        for strap in STRAPS:
            on_head(strap, coat.halter)

    # The mane hangs on the near side in locks of unequal length, or flies back at a gallop.
    crest = _spline(bones.crest, False)[1:]
    down = (bones.crest[1] - bones.crest[0]) * -1j / abs(bones.crest[1] - bones.crest[0])
    fall = (1 - bones.flow) * (down * 0.10 - 0.05j) + bones.flow * (-0.13 + 0.03j)
    tips = crest + rng.uniform(0.65, 1.25, len(crest)) * fall
    brush.shape(np.concatenate([crest - 0.012 * down, tips[::-1]]), coat.mane, 165)
    on_head(FORELOCK, coat.mane, 195)
    on_head(ears, coat.body * 0.92, 200)


def _landscape(scene: Scene, canvas: int, rng: Rng) -> Image.Image:
    """Sky and ground as smooth ramps, and what stands on the horizon."""
    (zenith, skyline), (far, near), line = scene.sky, scene.ground, scene.horizon
    y = ((np.arange(canvas) + 0.5) / canvas)[:, None]
    up, down = np.maximum(1 - y / line, 0) ** 0.8, np.maximum((y - line) / max(1 - line, 0.1), 0) ** 0.7
    column = np.where(y < line, skyline + (zenith - skyline) * up, far + (near - far) * down)
    ramp = Image.fromarray(column.astype(np.uint8)[:, None])
    plain = ramp.resize((canvas, canvas), Image.Resampling.NEAREST)
    if scene.backdrop == "open":
        return plain
    image = plain.copy()
    draw = ImageDraw.Draw(image)
    x, w, h = rng.random((3, 18)).tolist()

    def box(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        return canvas * x0, canvas * y0, canvas * x1, canvas * y1

    if scene.backdrop == "fence":
        wood = np.array(WHITE) * 0.95 if h[0] < 0.4 else np.array([110.0, 84, 62]) * (0.6 + 0.6 * h[1])
        top, gap = line - 0.06 - 0.06 * h[2], 0.055
        for rail in range(3):
            draw.rectangle(box(0, top + rail * gap, 1, top + rail * gap + 0.018), fill=_ink(wood))
        for post in np.arange(x[0] * 0.3, 1, 0.26 + 0.1 * w[0]).tolist():
            draw.rectangle(box(post, top - 0.02, post + 0.026, top + 3 * gap + 0.02), fill=_ink(wood * 0.85))
        return image
    if scene.backdrop == "hill":
        distant = 0.5 * scene.foliage + 0.4 * skyline
        for i, colour in enumerate((distant, 0.7 * scene.foliage + 0.3 * distant)):
            rx, ry = 0.5 + 0.4 * w[i], 0.05 + (0.2 - 0.1 * i) * h[i]
            draw.ellipse(box(x[i] - rx, line - ry, x[i] + rx, line + ry), fill=_ink(colour))
    else:
        tall = 1.1 * line if scene.backdrop == "wood" else 0.14
        if scene.backdrop == "wood":
            draw.rectangle(box(0, 0, 1, line), fill=_ink(scene.foliage * 0.75))
        for i in range(18):  # crowns, the tall ones behind the low ones
            top, rx = line - tall * (1.2 - i / 18) * (0.4 + 0.6 * h[i]), 0.05 + 0.07 * w[i]
            leaves = _ink(scene.foliage * (0.7 + 0.5 * w[-i]))
            draw.ellipse(box(x[i] - rx, top, x[i] + rx, line + 0.05), fill=leaves)
    foot = round(line * canvas)
    image.paste(plain.crop((0, foot, canvas, canvas)), (0, foot))  # the ground hides their feet
    return image


# ---------------------------------------------------------------------------------------------- light


def _field(rng: Rng, rows: int, columns: int, size: int) -> Array:
    """Smooth noise of about unit strength, the same at every size."""
    grid = Image.fromarray(rng.standard_normal((rows, columns), np.float32))
    return np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC))


def _light(relief: Image.Image, scene: Scene) -> Array:
    """Light on the horse: its relief, blurred, is a rounded body; slopes that face the light are bright."""
    height = np.asarray(relief.filter(ImageFilter.GaussianBlur(0.03 * relief.width)), np.float32)
    light: Array = np.zeros_like(height)
    light[1:] = (0.30 + 0.25 * scene.sun) * (height[1:] - height[:-1])
    light[:, 1:] -= 0.35 * scene.side * scene.sun * (height[:, 1:] - height[:, :-1])
    light = np.minimum(np.maximum(light * (relief.width / 255 / 12), -0.5), 0.4)
    return 1 + light


def _picture(size: int, seed: int, index: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng([seed, index])
    pose = _choose(rng, POSES)
    portrait = pose == "portrait"
    scene, coat, bones = _scene(rng, portrait), _coat(rng, portrait), _skeleton(rng, pose)

    # The camera: the whole horse, or head and neck, fills most of the picture.
    facing, squeeze, fill, at_x, at_y, air = rng.random(6).tolist()
    squeeze = 0.82 + 0.18 * squeeze  # a horse seen somewhat from the front or behind is shorter
    hooves = np.concatenate([leg.hoof for leg in bones.legs])
    if portrait:
        nose = bones.poll + NOSE * bones.heading
        outline = np.array([bones.poll - 0.35 + 0.15j, nose + 0.06 - 0.25j])
    else:
        outline = np.concatenate([HEAD * bones.heading + bones.poll, bones.torso, bones.tail, hooves])
    left, right = outline.real.min() - 0.04, outline.real.max() + 0.02
    bottom, top = outline.imag.min(), outline.imag.max() + 0.06
    wide, high = (right - left) * squeeze, top - bottom
    scale = (0.95 + 0.2 * fill if portrait else 0.78 + 0.2 * fill) / max(wide, high)
    zoom = complex(scale * squeeze if facing < 0.5 else -scale * squeeze, -scale)
    x0 = 0.5 + 0.8 * (at_x - 0.5) * (1 - scale * wide) - (left + right) / 2 * zoom.real
    y0 = 0.5 + 0.8 * (at_y - 0.4) * (1 - scale * high) - (bottom + top) / 2 * zoom.imag
    origin = complex(x0, y0)
    floor = origin.imag + float(hooves.imag.min()) * zoom.imag
    drop = floor + (0.1 * scale * air if pose == "gallop" else 0.0)  # a galloping horse leaves the ground
    if not portrait:
        scene = replace(scene, horizon=min(scene.horizon, floor - 0.12))

    brush = Brush(size * SUPERSAMPLE, zoom, origin)
    _paint_horse(brush, bones, coat, rng)
    picture = np.asarray(_landscape(scene, size * SUPERSAMPLE, rng).reduce(SUPERSAMPLE), np.float32)
    fine, broad = _field(rng, 36, 30, size), _field(rng, 8, 5, size)
    x = (np.arange(size, dtype=np.float32) + 0.5) / size
    y = x[:, None]
    below = np.minimum(np.maximum((y - scene.horizon) * size, 0), 1)
    grain = below * scene.texture * (0.7 * fine + 0.45 * broad)
    grain += (1 - below) * (0.08 * fine if scene.backdrop == "wood" else 0.03 * broad)

    # The shadow lies under the hooves, a little to the side away from the light.
    ends = hooves.real * zoom.real + origin.real - 0.08 * scene.side * scale
    centre, reach = float(ends.max() + ends.min()) / 2, float(ends.max() - ends.min()) / 2 + 0.08
    shadow = 1.4 - 1.4 * ((x - centre) / reach) ** 2 - 1.4 * ((y - drop) / (0.08 * scale)) ** 2
    shadow = np.minimum(np.maximum(shadow, 0), 1) * below * (0.3 + 0.25 * scene.sun)
    picture = picture * ((1 + grain) * (1 - shadow))[..., None]

    small = brush.image.reduce(SUPERSAMPLE)
    cover = np.asarray(brush.solid().reduce(SUPERSAMPLE), np.float32) / 255
    light = _light(small.getchannel(3), scene) * (1 + coat.mottling * fine)
    horse = np.asarray(small, np.float32)[..., :3] * light[..., None]
    if scene.grass and drop == floor:  # blades of grass stand before the hooves
        blades = np.minimum(np.maximum((y - floor) / (scene.grass * scale) + 1 + 0.3 * fine, 0), 0.9)
        cover, horse = cover * (1 - blades), horse * (1 - blades)[..., None]
    picture = (picture * (1 - cover)[..., None] + horse) * scene.tint
    noise = rng.standard_normal((size, size, 4), np.float32)
    picture += 2 * noise[..., 3:] + noise[..., :3] + 0.5
    return np.asarray(np.minimum(np.maximum(picture, 0), 255), np.uint8)


def draw_horses(count: int, size: int = 32, seed: int = 0, start: int = 0) -> NDArray[np.uint8]:
    """Draw the pictures `start` to `start + count - 1` of a seed.

    Returns uint8 RGB of shape (count, size, size, 3), values 0 to 255. A picture depends on its seed and
    index only, and shows the same scene at every size; only its noise differs.

    Raises UsageError for a negative count, seed or start and for a size below 8.
    """
    for name, value in {"count": count, "size": size, "seed": seed, "start": start}.items():
        least = MIN_SIZE if name == "size" else 0
        if value < least:
            raise UsageError(f"draw_horses: {name} is {value}; it must be at least {least}.")
    pictures = np.empty((count, size, size, 3), np.uint8)
    for i in range(count):
        pictures[i] = _picture(size, seed, start + i)
    return pictures
