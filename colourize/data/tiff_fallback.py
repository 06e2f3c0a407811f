"""Decodes, with tifffile, the TIFF files that Pillow cannot decode or decodes wrongly."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np
import tifffile
from PIL import Image

ORIENTATION, PROFILE = 274, 34675  # tags
MODES = {("MINISBLACK", 2): "LA", ("RGB", 3): "RGB", ("RGB", 4): "RGBA", ("SEPARATED", 4): "CMYK"}


def open_tiff(file: BinaryIO) -> tuple[Image.Image, int]:
    """The first picture of a TIFF file and the number of pictures; colours are reduced to 8 bits, greys are not.

    Raises:
        ValueError: pixels or a compression of an unsupported kind.
    """
    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        page = tiff.pages.first
        width, height, kind = page.imagewidth, page.imagelength, page.photometric.name
        if Image.MAX_IMAGE_PIXELS is not None and width * height > Image.MAX_IMAGE_PIXELS:
            raise ValueError(f"{width * height} pixels, which exceeds limit of {Image.MAX_IMAGE_PIXELS}")
        count = page.samplesperpixel
        greys = kind in ("MINISBLACK", "MINISWHITE") and count == 1
        if (
            page.dtype not in (np.uint8, np.uint16)
            or page.bitspersample not in (8, 16)
            or not (greys or (kind, count) in MODES)
        ):
            what = f"{kind}, {count} channels of {page.bitspersample} bits, {page.sampleformat.name}"
            raise ValueError(f"a kind of TIFF that is not read ({what}); save it as grey or RGB with 8 or 16 bits")
        try:
            pixels = page.asarray()
        except ValueError as error:
            kind = page.compression.name
            raise ValueError(f"{kind} compression of this kind of TIFF is not read; save it uncompressed") from error
        if greys:
            pixels = ~pixels if kind == "MINISWHITE" else pixels
            image = Image.fromarray(pixels.astype(pixels.dtype.newbyteorder("="), copy=False))
        else:
            pixels = pixels if page.planarconfig == 1 else np.moveaxis(pixels, 0, -1)
            if pixels.dtype == np.uint16:
                pixels = (pixels >> 8).astype(np.uint8)  # as Pillow does
            mode, extra = MODES[kind, count], page.extrasamples[:1]
            if mode == "RGBA" and extra == (0,):  # a fourth channel without transparency
                mode, pixels = "RGB", pixels[..., :3]
            stored = "RGBa" if mode == "RGBA" and extra == (1,) else mode  # premultiplied
            image = Image.frombytes(mode, (width, height), pixels.tobytes(), "raw", stored)
        if PROFILE in page.tags:
            image.info["icc_profile"] = page.tags[PROFILE].value
        if ORIENTATION in page.tags:
            image.getexif()[ORIENTATION] = int(page.tags[ORIENTATION].value)
        return image, len(tiff.pages)
