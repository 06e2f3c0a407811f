"""The landscape behind the horse: sky, ground, what stands on the horizon, and the light of the day."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from colourize.data.horses.basics import WHITE, Array, Rng, choose, ink, vary

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


def random_scene(rng: Rng, portrait: bool) -> Scene:
    sky, ground = choose(rng, SKIES), choose(rng, GROUNDS)
    _, zenith, skyline, sun = SKIES[sky]
    _, far, near, texture, grass = GROUNDS[ground]
    zenith_, skyline_ = vary(rng, (zenith, skyline), 0.08, 0.03)
    far_, near_ = vary(rng, (far, near), 0.11, 0.015 if ground == "snow" else 0.05)
    warmth, exposure = 0.03 * rng.standard_normal(2) + (0.05 * (sky == "sunset"), 1.0)
    a, b, c, d, e, f = rng.random(6).tolist()
    return Scene(
        (zenith_, skyline_), (far_, near_), texture * (0.7 + 0.6 * a), grass * (0.3 + b),
        backdrop=choose(rng, BACKDROPS),
        foliage=vary(rng, (FOLIAGE[int(f * len(FOLIAGE))],), 0.15, 0.06)[0],
        horizon=0.55 + 0.4 * c if portrait else 0.34 + 0.32 * c,
        side=(0.3 + 1.4 * abs(d - 0.5)) * (1 if d > 0.5 else -1),
        sun=sun * (0.7 + 0.4 * e),
        tint=(exposure**2 * np.array([1 + warmth, 1.0, 1 - warmth])).astype(np.float32),
    )  # fmt: skip


def paint_landscape(scene: Scene, canvas: int, rng: Rng) -> Image.Image:
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
            draw.rectangle(box(0, top + rail * gap, 1, top + rail * gap + 0.018), fill=ink(wood))
        for post in np.arange(x[0] * 0.3, 1, 0.26 + 0.1 * w[0]).tolist():
            draw.rectangle(box(post, top - 0.02, post + 0.026, top + 3 * gap + 0.02), fill=ink(wood * 0.85))
        return image
    if scene.backdrop == "hill":
        distant = 0.5 * scene.foliage + 0.4 * skyline
        for i, colour in enumerate((distant, 0.7 * scene.foliage + 0.3 * distant)):
            rx, ry = 0.5 + 0.4 * w[i], 0.05 + (0.2 - 0.1 * i) * h[i]
            draw.ellipse(box(x[i] - rx, line - ry, x[i] + rx, line + ry), fill=ink(colour))
    else:
        tall = 1.1 * line if scene.backdrop == "wood" else 0.14
        if scene.backdrop == "wood":
            draw.rectangle(box(0, 0, 1, line), fill=ink(scene.foliage * 0.75))
        for i in range(18):  # crowns, the tall ones behind the low ones
            top, rx = line - tall * (1.2 - i / 18) * (0.4 + 0.6 * h[i]), 0.05 + 0.07 * w[i]
            leaves = ink(scene.foliage * (0.7 + 0.5 * w[-i]))
            draw.ellipse(box(x[i] - rx, top, x[i] + rx, line + 0.05), fill=leaves)
    foot = round(line * canvas)
    image.paste(plain.crop((0, foot, canvas, canvas)), (0, foot))  # the ground hides their feet
    return image
