"""Finds the pictures of a prediction, names the files of its results before anything is computed, and writes them."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from colourize.configuration import as_list
from colourize.data.picture_files import Photograph, find_pictures
from colourize.errors import InputError, UsageError, full_disk, one_line
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
ENDINGS = ", ".join(ending[1:] for ending in FORMATS)
NO_ALPHA = ("JPEG",)


class Place(NamedTuple):
    """A picture file and the file of its result."""

    source: Path
    result: Path


class _Found(NamedTuple):
    """A picture file, and the folder in which it was found; None: the file itself was named."""

    file: Path
    folder: Path | None


def plan(asked: Any, output: Any, postfix: str, ending: str, *, overwrite: bool) -> list[Place]:
    """Decide where the result of each picture goes.

    Results of an earlier call are not pictures of the next one: files that are the result of another picture in the
    same folder, or that are in the folder `output`, are skipped, unless they are named themselves.

    Args:
        asked: a file, a folder with its sub-folders, a pattern such as `photos/*.jpg`, or a list.
        output: a file, for one picture; or a folder, in which sub-folders are kept; None: in the folder of each
            picture, as `<name>-<postfix>.png`.
        postfix: the suffix of results, such as "coloured".
        ending: the format of results whose names are not given, such as "png".
        overwrite: whether existing files may be replaced, except pictures themselves.

    Raises:
        UsageError: a value that is not allowed, or a result that exists already.
        InputError: there is no such picture.
    """
    if f".{ending}" not in FORMATS:
        raise UsageError(f"format={ending}: must be one of {ENDINGS}")
    pictures = _find(asked)
    if output is not None and not str(output):
        raise UsageError("output: must name a file or a folder")
    target = None if output is None else Path(str(output)).expanduser()
    if target is not None and _is_file(target, str(output), pictures):
        places = [Place(pictures[0].file, target)]
    else:
        results = _results(pictures, target, postfix, ending)
        same = {result.absolute().with_suffix("") for result in results}
        named = zip(pictures, results, strict=True)
        places = [Place(each.file, result) for each, result in named if not _is_result(each, target, same)]
    _check(places, overwrite)
    return places


def _find(asked: Any) -> list[_Found]:
    values = as_list(asked)
    found = {each.file.absolute(): each for value in values for each in _named_by(str(value))}
    if not found:
        raise InputError(f"input={asked}: no picture lies there")
    return list(found.values())


def _named_by(value: str) -> list[_Found]:
    path = Path(value).expanduser()
    if path.is_dir():
        return [_Found(file, path) for file in find_pictures(path, f"input={one_line(value)}")]
    if path.exists():
        return [_Found(path, None)]
    if not glob.has_magic(value):
        raise InputError(f"input={value}: there is no such file or folder")
    parts = path.parts
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    files = [Path(each) for each in sorted(glob.glob(str(path), recursive=True))]
    return [_Found(each, Path(*parts[:fixed])) for each in files if each.is_file()]


def _is_file(target: Path, typed: str, pictures: Sequence[_Found]) -> bool:
    if target.is_dir() or typed.endswith(("/", "\\")) or not target.suffix:
        return False
    if target.suffix.lower() not in FORMATS:
        raise UsageError(f"output={target}: must end with one of {ENDINGS}, or be a folder")
    if len(pictures) > 1:
        many = f"is one file for {len(pictures)} pictures"
        raise UsageError(f"output={target}: {many}; must be a folder, such as output=out/")
    return True


def _results(pictures: Sequence[_Found], target: Path | None, postfix: str, ending: str) -> list[Path]:
    """Name results like their pictures, without the extension unless another picture has the same name."""
    if target is None:
        stems, end = [each.file.with_suffix("") for each in pictures], f"-{postfix}.{ending}"
    else:
        inside = [each.file.relative_to(each.folder or each.file.parent) for each in pictures]
        stems, end = [target / path.with_suffix("") for path in inside], f".{ending}"
    counts = Counter(stems)
    names = [each.file.name if counts[stem] > 1 else stem.name for each, stem in zip(pictures, stems, strict=True)]
    return [stem.with_name(name + end) for stem, name in zip(stems, names, strict=True)]


def _is_result(found: _Found, target: Path | None, results: set[Path]) -> bool:
    """Whether a picture that was found in a folder is the result of an earlier call, in any format."""
    if found.folder is None:
        return False
    if target is None:
        return found.file.absolute().with_suffix("") in results
    if found.folder.resolve() == target.resolve():
        advice = "without output=… results lie beside them"
        raise UsageError(f"output={target}: is the folder of the pictures; {advice}")
    return target.resolve() in _real(found.file).parents


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve fails for a link to itself


def _check(places: Sequence[Place], overwrite: bool) -> None:
    if not places:
        raise InputError("input: holds nothing but results of earlier calls")
    for place in places:
        if _real(place.result) == _real(place.source):
            raise UsageError(f"output={place.result}: is the picture itself; its result must go elsewhere")
        if place.result.is_dir():
            raise UsageError(f"output={place.result}: is a folder; a result would need this name")
    double = [str(path) for path, count in Counter(place.result.absolute() for place in places).items() if count > 1]
    if double:
        raise UsageError(f"output: {double[0]} would be the result of several pictures; predict them one by one")
    there = [place.result for place in places if place.result.exists()]
    if there and not overwrite:
        others = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise UsageError(f"output={there[0]}: is there already{others}; overwrite=true replaces it")


def save_result(photograph: Photograph, colours: Image.Image, path: Path) -> bool:
    """Write a result whole or not at all, in the format of the file's name.

    It gets the photograph's transparency, and loses the metadata of its source. `colours` itself is changed so.

    Returns:
        Whether white replaced the transparency, because the format has none.

    Raises:
        InputError: the file cannot be written, or the format cannot hold so many pixels.
        OSError: the disk is full.
    """
    name, options = FORMATS[path.suffix.lower()]
    alpha = None if photograph.alpha is None else photograph.alpha.resize(colours.size)
    flat = alpha is not None and name in NO_ALPHA
    if flat:
        colours = Photograph(colours, alpha).over_white()
    elif alpha is not None:
        colours.putalpha(alpha)
    colours.info.clear()  # Pillow would write its profile
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            colours.save(part, name, **options)
    except (OSError, ValueError) as error:
        if full_disk(error):
            raise  # the other pictures would not fit either
        reason, advice = one_line(error), "; .png holds any picture"
        if isinstance(error, OSError) and error.errno is not None:  # the system's
            reason, advice = one_line(error.strerror or error), ""
        raise InputError(f"output={path}: cannot be written ({reason}){advice}") from error
    return flat
