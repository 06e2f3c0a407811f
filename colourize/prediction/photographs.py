"""Photographs: what a picture file holds beside its colours, and writing a result as a file."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

from colourize.data.picture_files import WHITE, UnreadableError, open_picture
from colourize.errors import InputError, one_line
from colourize.files import whole_file

# What a result may be written as, and how: formats of true colour; losses, where there are any, that nobody sees.
FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 95}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
}
NO_ALPHA = ("JPEG",)


@dataclass
class Photograph:
    """A picture of any size: its colours (RGB, sRGB, upright), and how opaque each pixel is (L); None: all are."""

    colours: Image.Image
    alpha: Image.Image | None = None


def open_photograph(path: Path) -> Photograph:
    """A picture file, turned as its EXIF data say; a colour profile is converted to sRGB, transparency is kept.

    Where a pixel is transparent its colours are those that the file holds, and not laid over white.

    Raises:
        UnreadableError: see `open_picture`.
    """
    colours = open_picture(path)  # checks all that may be wrong with a file
    try:
        # A second look at what `open_picture` leaves out. Only the head is read, unless there is something.
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            profile = image.info.get("icc_profile")
            if image.mode.startswith(("I", "F")) or not (profile or image.has_transparency_data):
                return Photograph(colours)
            return _whole(image, profile, colours)
    except Exception as error:  # as in `open_picture`
        raise UnreadableError(path, one_line(error)) from None


def _whole(image: Image.Image, profile: bytes | None, plain: Image.Image) -> Photograph:
    """The photograph of a file with a profile or transparency; `plain` is the same without either."""
    upright = ImageOps.exif_transpose(image)
    alpha = None
    if upright.has_transparency_data:
        alpha = upright.convert("RGBA").getchannel("A")
        plain = upright.convert("RGBA").convert("RGB")
    if profile:
        colours = upright if upright.mode in ("L", "RGB", "CMYK") else plain
        plain = _to_srgb(colours, profile) or plain
    return Photograph(plain, alpha)


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """RGB in sRGB; None where the profile is damaged, or of pictures of another kind."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None


def save_photograph(photograph: Photograph, path: Path) -> bool:
    """Write a result, whole or not at all, in the format of its name; nothing of the file it came from goes with it.

    Returns:
        Whether it was laid over white, as its format knows no transparency.

    Raises:
        OSError, InputError: the place cannot be written to, or the format cannot hold so many pixels.
    """
    name, options = FORMATS[path.suffix.lower()]
    image, flat = photograph.colours, photograph.alpha is not None and name in NO_ALPHA
    if photograph.alpha is not None and flat:
        image = Image.new("RGB", image.size, WHITE)
        image.paste(photograph.colours, mask=photograph.alpha)
    elif photograph.alpha is not None:
        image.putalpha(photograph.alpha)
    image.info.clear()  # Pillow writes a profile that it finds there
    try:
        with whole_file(path) as part:
            image.save(part, name, **options)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's
            raise
        raise InputError(f"output={path}: cannot be written ({one_line(error)}); .png holds any picture") from error
    return flat
