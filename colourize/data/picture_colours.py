"""Converts decoded pictures to 8-bit sRGB: depth, colour profile, gamma and transparency."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageCms

Curve = Callable[[np.ndarray], np.ndarray]  # levels in [0, 1] to sRGB's, in [0, 1]

SRGB_CHROMATICITIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
PROFILE_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK", "Lab": "LAB"}
STRIP = 256  # rows that are converted at once, an even number
HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics of ITU-T H.273, in cICP and nclx
AS_SRGB = (1, 2, 6, 13, 14, 15)  # television's curves, which screens show as sRGB, and "not specified"
NEAR_SRGB = (1, 2, 5, 6)  # primaries that are shown as sRGB


def to_srgb(image: Image.Image, white: int, inverted: bool, notes: list[str]) -> tuple[Image.Image, Image.Image | None]:
    """The colours (RGB) and the opacity (L, or None where there is no transparency) of a decoded picture.

    Invisible pixels get the colours of pixels around them, so that no filter mixes hidden colours into visible ones.

    Args:
        image: the picture as Pillow decodes it, with its profile in `info`.
        white, inverted: for greys with more than 8 bits, the level of white, and whether this level is black instead.
        notes: what is left out is appended here.

    Raises:
        ValueError: levels without a known white.
    """
    if image.mode == "F":
        raise ValueError("floating-point pictures have no fixed white; save it with 8 or 16 bits")
    deep = image.mode.startswith("I")
    alpha, profile = _alpha(image), _profile(image, notes)
    if deep or image.mode in ("1", "L", "LA", "La"):
        curve = _grey_curve(image, profile, notes)
        if deep:
            colours = _from_deep(image, white, inverted, curve)
        else:
            colours = image if image.mode == "L" else image.convert("L")
            colours = colours if curve is None else colours.point(_table(curve, 255))
        colours = colours.convert("RGB")
    elif profile is not None:
        colours = _by_profile(_without_alpha(image), profile, notes)
    else:
        gamma = _gamma(image, notes)
        colours = _without_alpha(image).convert("RGB") if image.mode != "RGB" else image
        colours = colours if gamma is None else colours.point(_table(gamma, 255) * 3)
    if alpha is not None:
        _cover(colours, alpha.point([0] + 255 * [255]))
    return colours, alpha


def check_signals(head: bytes, notes: list[str]) -> None:
    """Check the codes of ITU-T H.273 in the head of a PNG, AVIF or HEIC file, which Pillow does not read.

    Raises:
        ValueError: levels that are not sRGB's, such as HDR.
    """
    head = head.partition(b"IDAT")[0]
    if (found := head.find(b"cICP")) >= 0 and len(head) >= found + 6:
        primaries, transfer = head[found + 4], head[found + 5]
    elif (found := head.find(b"colrnclx")) >= 0 and len(head) >= found + 12:
        primaries, transfer = head[found + 9], head[found + 11]
    else:
        return
    if transfer in HDR:
        raise ValueError(f"its levels are HDR ({HDR[transfer]}), which 8-bit sRGB has no room for; save it as sRGB")
    if transfer not in AS_SRGB:
        raise ValueError(f"its levels are not sRGB (transfer characteristics {transfer} of H.273); save it as sRGB")
    if primaries not in NEAR_SRGB:
        notes.append(f"its wide colours (primaries {primaries} of H.273) are taken as sRGB")


def _alpha(image: Image.Image) -> Image.Image | None:
    if not image.has_transparency_data:
        return None
    if image.mode.startswith("I"):  # 16-bit greys, one of which is transparent
        clear = image.info["transparency"]
        return image.convert("I").point([255 * (level != clear) for level in range(65536)], "L")
    return image.convert("RGBA").getchannel("A")


def _without_alpha(image: Image.Image) -> Image.Image:
    """A colour picture in a mode that profiles support."""
    if image.mode in PROFILE_MODES.values():
        return image
    return image.convert("RGBA").convert("RGB") if image.has_transparency_data else image.convert("RGB")


def _profile(image: Image.Image, notes: list[str]) -> ImageCms.ImageCmsProfile | None:
    """The colour profile of a picture, if it has one of its own kind."""
    content = image.info.get("icc_profile")
    if not content:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        kind = profile.profile.xcolor_space.strip()
    except (OSError, ValueError):
        notes.append("its colour profile is damaged: taken as sRGB")
        return None
    grey = image.mode.startswith("I") or image.mode in ("1", "L", "LA", "La")
    own = image.mode if image.mode in ("CMYK", "LAB") else "RGB"
    if PROFILE_MODES.get(kind) in (("L", "RGB") if grey else (own,)):
        return profile
    notes.append(f"its colour profile is one of {kind} pictures: left out")
    return None


def _by_profile(image: Image.Image, profile: ImageCms.ImageCmsProfile, notes: list[str]) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ValueError, ImageCms.PyCMSError):
        notes.append("its colour profile is damaged: taken as sRGB")
        return image.convert("RGB")
    assert converted is not None  # it is None for a conversion in place only
    return converted


def _grey_curve(image: Image.Image, profile: ImageCms.ImageCmsProfile | None, notes: list[str]) -> Curve | None:
    """The curve from greys to sRGB; None: they are sRGB already."""
    if profile is None:
        return _gamma(image, notes)
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    mode = PROFILE_MODES[profile.profile.xcolor_space.strip()]
    levels = np.asarray(_by_profile(ramp.convert(mode), profile, notes), float)[0].mean(-1) / 255
    return lambda shares: np.interp(shares, np.linspace(0, 1, 256), levels)


def _gamma(image: Image.Image, notes: list[str]) -> Curve | None:
    """The curve of a PNG's gAMA, unless a profile or an sRGB chunk takes precedence; None: it is nearly sRGB's."""
    if image.info.get("icc_profile") or "srgb" in image.info:
        return None
    primaries = image.info.get("chromaticity", SRGB_CHROMATICITIES)
    if not np.allclose(primaries, SRGB_CHROMATICITIES, atol=0.01):
        notes.append("its primaries (cHRM) are taken as sRGB's")
    gamma = image.info.get("gamma") or 1 / 2.2
    if 0.95 < 2.2 * gamma < 1.05:
        return None

    def curve(shares: np.ndarray) -> np.ndarray:
        light = shares ** (1 / gamma)
        return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)

    return curve


def _from_deep(image: Image.Image, white: int, inverted: bool, curve: Curve | None) -> Image.Image:
    """Convert greys of more than 8 bits to 8 bits by a table, without an array of several bytes per pixel."""
    levels = image.convert("I")
    least, most = _extremes(levels)
    if least < 0 or most > white:
        raise ValueError(f"grey values beyond {white.bit_length()} bits")
    table = _table(curve or (lambda shares: shares), white)
    if inverted:
        table.reverse()
    return levels.point(table + [255] * (65535 - white), "L")  # Pillow needs all 65536 entries


def _extremes(image: Image.Image) -> tuple[int, int]:
    """The minimum and maximum level of a picture with one band."""
    least, most = image.getextrema()
    return int(least), int(most)  # type: ignore[arg-type]  # pairs are those of several bands


def _table(curve: Curve, white: int) -> list[int]:
    return np.rint(255 * curve(np.arange(white + 1) / white)).astype(int).tolist()


def _cover(colours: Image.Image, visible: Image.Image) -> None:
    """Paint the invisible pixels (0 in `visible`, others are 255) with the colours of the visible ones around them.

    The colours come from the picture at half the size, whose pixels are means of visible ones only, and so on,
    recursively.
    """
    width, height = colours.size
    if _extremes(visible)[0] == 255 or max(width, height) == 1:
        return
    half = Image.new("RGB", (-(-width // 2), -(-height // 2)))
    half_visible = Image.new("L", half.size)
    strips = [(0, top, width, min(top + STRIP, height)) for top in range(0, height, STRIP)]
    for strip in strips:
        means, any_visible = _halved(np.asarray(colours.crop(strip)), np.asarray(visible.crop(strip)) > 0)
        half.paste(Image.fromarray(means), (0, strip[1] // 2))
        half_visible.paste(Image.fromarray(any_visible), (0, strip[1] // 2))
    _cover(half, half_visible)
    for strip in strips:
        box = (0.0, strip[1] / 2, width / 2, strip[3] / 2)
        around = half.resize((width, strip[3] - strip[1]), Image.Resampling.BILINEAR, box)
        around.paste(colours.crop(strip), mask=visible.crop(strip))
        colours.paste(around, strip[:2])


def _halved(colours: np.ndarray, visible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the visible pixels in each 2×2, and 255 where there are any."""
    edges = ((0, visible.shape[0] % 2), (0, visible.shape[1] % 2))
    weights = np.pad(visible, edges).astype(np.uint16)[..., None]
    sums, counts = (
        pixels[::2, ::2] + pixels[::2, 1::2] + pixels[1::2, ::2] + pixels[1::2, 1::2]
        for pixels in (np.pad(colours, (*edges, (0, 0))) * weights, weights)
    )
    means = (sums + counts // 2) // np.maximum(counts, 1)
    return means.astype(np.uint8), np.where(counts[..., 0] > 0, 255, 0).astype(np.uint8)
