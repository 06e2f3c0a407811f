"""Finds the pictures of a prediction and the files of its results, and checks them before anything is computed."""

from __future__ import annotations

import glob
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from colourize.configuration import as_list
from colourize.data.picture_files import find_pictures
from colourize.errors import InputError, UsageError, one_line
from colourize.prediction.photographs import FORMATS


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
        raise UsageError(f"format={ending}: must be one of {_endings()}")
    pictures = _find(asked)
    if output is not None and not str(output):
        raise UsageError("output: must name a file or a folder")
    target = None if output is None else Path(str(output)).expanduser()
    if target is not None and _is_file(target, str(output), pictures):
        places = [Place(pictures[0].file, target)]
    else:
        places = _without_results(_named(pictures, target, postfix, ending), pictures, target)
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
        raise UsageError(f"output={target}: must end with one of {_endings()}, or be a folder")
    if len(pictures) > 1:
        many = f"is one file for {len(pictures)} pictures"
        raise UsageError(f"output={target}: {many}; must be a folder, such as output=out/")
    return True


def _named(pictures: Sequence[_Found], target: Path | None, postfix: str, ending: str) -> list[Place]:
    """Name results like their pictures, without the extension unless another picture has the same name."""

    def stem(each: _Found) -> Path:
        if target is None:
            return each.file.with_suffix("")
        return target / each.file.relative_to(each.folder or each.file.parent).with_suffix("")

    counts = Counter(stem(each) for each in pictures)

    def result(each: _Found) -> Path:
        name = each.file.name if counts[stem(each)] > 1 else each.file.stem
        return stem(each).with_name(f"{name}.{ending}" if target is not None else f"{name}-{postfix}.{ending}")

    return [Place(each.file, result(each)) for each in pictures]


def _without_results(places: list[Place], pictures: Sequence[_Found], target: Path | None) -> list[Place]:
    """The places without those whose picture is the result of an earlier call, in any format."""
    results = {place.result.absolute().with_suffix("") for place in places}
    inside = None if target is None else target.resolve()
    for found in pictures:
        if found.folder is not None and found.folder.resolve() == inside:
            advice = "without output=… results lie beside them"
            raise UsageError(f"output={target}: is the folder of the pictures; {advice}")

    def is_result(place: Place, found: _Found) -> bool:
        if found.folder is None:
            return False
        if inside is not None:
            return inside in _real(place.source).parents
        return place.source.absolute().with_suffix("") in results

    return [place for place, found in zip(places, pictures, strict=True) if not is_result(place, found)]


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


def _endings() -> str:
    return ", ".join(ending[1:] for ending in FORMATS)
