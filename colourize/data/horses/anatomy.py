"""The build of a horse, and its skeleton in a pose."""

from cmath import rect
from dataclasses import dataclass
from math import cos, pi, radians, sin
from typing import Any, NamedTuple

import numpy as np

from colourize.data.horses.basics import Points, Rng, from_xy, limb, spline

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
TORSO = from_xy(
    0.22, 0.99, 0.08, 0.955, -0.08, 0.94, -0.22, 0.96, -0.36, 0.97, -0.48, 0.89, -0.52, 0.76, -0.45, 0.62,
    -0.22, 0.61, 0.02, 0.54, 0.24, 0.51, 0.40, 0.54, 0.51, 0.67, 0.48, 0.84,
)  # fmt: skip
# The head lies along its axis from the poll, at 0, to the lips; the forehead is on the positive side.
HEAD = spline(from_xy(
    -0.03, 0.02, 0.05, 0.07, 0.14, 0.078, 0.27, 0.055, 0.38, 0.048, 0.445, 0.042, 0.475, 0.0, 0.455, -0.06,
    0.39, -0.085, 0.30, -0.08, 0.22, -0.12, 0.13, -0.155, 0.04, -0.14,
))  # fmt: skip
MUZZLE = spline(from_xy(0.39, 0.035, 0.445, 0.04, 0.475, 0.0, 0.455, -0.06, 0.395, -0.08, 0.375, -0.02))
EYE = spline(from_xy(0.125, 0.022, 0.15, 0.042, 0.175, 0.026, 0.15, 0.008))
NOSTRIL = spline(from_xy(0.425, 0.022, 0.445, 0.028, 0.452, 0.008, 0.432, 0.0))
MOUTH = from_xy(0.462, -0.035, 0.40, -0.043, 0.40, -0.051, 0.462, -0.045)
EAR = from_xy(-0.01, 0.01, -0.06, 0.055, -0.095, 0.105, -0.035, 0.095, 0.04, 0.062)
FORELOCK = from_xy(-0.04, 0.04, 0.02, 0.095, 0.13, 0.085, 0.10, 0.045, 0.03, 0.03)
STRAPS = [
    limb(line, np.full(len(line), 0.022)) for line in (
        from_xy(0.30, 0.055, 0.31, -0.01, 0.30, -0.08), from_xy(0.30, -0.02, 0.16, -0.06, 0.02, 0.03),
        from_xy(0.16, -0.06, 0.07, -0.14),
    )
]  # fmt: skip
TAIL_DOWN = from_xy(0, 0, -0.085, -0.08, -0.11, -0.28, -0.08, -0.55)
TAIL_FLYING = from_xy(0, 0, -0.14, 0.05, -0.32, 0.0, -0.50, -0.12)
TAIL_WIDTHS = np.array([0.06, 0.12, 0.15, 0.03])
BARREL, ELBOW, HIP, DOCK = 0.8j, 0.35 + 0.66j, -0.36 + 0.82j, -0.47 + 0.91j
WITHERS, BACK, CHEST, BREAST, SHOULDER = 0.22 + 0.99j, 0.02 + 0.935j, 0.52 + 0.75j, 0.51 + 0.66j, 0.44 + 0.60j
NECK_LENGTH, NOSE = 0.57, 0.475
FORE_BONES, HIND_BONES = (0.33, 0.215, 0.07), (0.25, 0.275, 0.255, 0.07)
# Widths of a leg at each joint and half way to the next.
FORE_WIDTHS = np.array([0.20, 0.15, 0.088, 0.066, 0.075, 0.060, 0.064])
HIND_WIDTHS = np.array([0.30, 0.30, 0.23, 0.15, 0.10, 0.072, 0.076, 0.062, 0.064])
HOOF = from_xy(-0.034, 0.0, 0.036, 0.0, 0.064, -0.065, -0.038, -0.065)
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


def random_skeleton(rng: Rng, pose: str) -> Skeleton:
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
