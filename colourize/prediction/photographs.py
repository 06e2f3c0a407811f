"""Writes results to files."""

from __future__ import annotations

from pathlib import Path

from colourize.data.picture_files import Photograph
from colourize.errors import InputError, one_line
from colourize.files import whole_file

# True-colour formats with Pillow's options, chosen to have no visible loss.
FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 95}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
}
NO_ALPHA = ("JPEG",)


def save_photograph(photograph: Photograph, path: Path) -> bool:
    """Write a result, whole or not at all, in the format of the file's name, without metadata of its source.

    Returns:
        Whether white replaced transparency, because the format has none.

    Raises:
        OSError, InputError: the file cannot be written, or the format cannot hold so many pixels.
    """
    name, options = FORMATS[path.suffix.lower()]
    image, flat = photograph.colours, photograph.alpha is not None and name in NO_ALPHA
    if flat:
        image = photograph.over_white()
    elif photograph.alpha is not None:
        image.putalpha(photograph.alpha)
    image.info.clear()  # Pillow would write its profile
    try:
        with whole_file(path) as part:
            image.save(part, name, **options)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's
            raise
        raise InputError(f"output={path}: cannot be written ({one_line(error)}); .png holds any picture") from error
    return flat
