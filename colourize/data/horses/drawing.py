"""The whole picture: a horse in a landscape, seen by a camera, with light, shadow and noise."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from colourize.data.horses.anatomy import HEAD, NOSE, POSES, random_skeleton
from colourize.data.horses.basics import Array, Rng, choose
from colourize.data.horses.landscapes import Scene, paint_landscape, random_scene
from colourize.data.horses.painting import Brush, paint_horse, random_coat

SUPERSAMPLE = 4  # shapes are drawn on a canvas this many times larger, then averaged down


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
    pose = choose(rng, POSES)
    portrait = pose == "portrait"
    scene, coat, bones = random_scene(rng, portrait), random_coat(rng, portrait), random_skeleton(rng, pose)

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
    paint_horse(brush, bones, coat, rng)
    picture = np.asarray(paint_landscape(scene, size * SUPERSAMPLE, rng).reduce(SUPERSAMPLE), np.float32)
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


def draw_horses(count: int, size: int = 32, seed: int = 0) -> NDArray[np.uint8]:
    """Draw the first `count` pictures of a seed, uint8 RGB (count, size, size, 3); the size must be 8 or more.

    A picture depends on its seed and index only, and shows the same scene at every size; only its noise differs.
    """
    pictures = np.empty((count, size, size, 3), np.uint8)
    for index in range(count):
        pictures[index] = _picture(size, seed, index)
    return pictures
