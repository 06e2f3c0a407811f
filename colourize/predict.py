"""`colourize-predict`: applies a trained network to photographs of any size.

colourize-predict input=photo.jpg
colourize-predict checkpoint=outputs/…/checkpoints/best.ckpt input=photo.jpg output=coloured.png
colourize-predict checkpoint=best.ckpt input=photos output=coloured
colourize-predict checkpoint=best.ckpt input=photo.jpg join=none
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from colourize.cli import app
from colourize.configuration import as_list
from colourize.errors import ColourizeError, InputError, UsageError, check_count, check_flag, full_disk, one_line

if TYPE_CHECKING:
    from PIL.Image import Image

    from colourize.data.picture_files import Photograph
    from colourize.prediction.places import Place
    from colourize.prediction.predictor import Advance, Predictor


def predict(config: DictConfig) -> None:
    """Predict every picture and write its result; if one of several fails, it is named and the others continue."""
    from colourize.prediction.places import plan
    from colourize.prediction.showing import shown

    predictor = _predictor(config)
    postfix = "coloured" if predictor.factor == 1 else "enlarged"
    places = plan(config.input, config.output, postfix, str(config.format), overwrite=config.overwrite)
    samples = [sample_path(place, number + 1) for place in places for number in range(config.samples)]
    there = [path for path in samples if path.exists()]
    if there and not config.overwrite:
        raise UsageError(f"samples: {there[0]} is there already; overwrite=true replaces it")
    failed = 0
    with shown(places) as (begin, tell):
        for place in places:
            try:
                tell(_one(predictor, place, begin(place), config))
            except ColourizeError as error:
                if len(places) == 1:
                    raise
                failed += 1
                tell(f"error: {error}", sys.stderr)
    if failed:
        raise InputError(f"input={config.input}: {failed} of {len(places)} pictures failed (named above)")


def _predictor(config: DictConfig) -> Predictor:
    from colourize.checkpoints import load
    from colourize.joint.sampling import check_settings
    from colourize.methods.candidates import find_checkpoints
    from colourize.prediction.hinted import HintedPredictor, read_points
    from colourize.prediction.predictor import Predictor

    check_flag("overwrite", config.overwrite)
    check_count("samples", config.samples, least=0)
    check_count("seed", config.seed, least=0)
    if config.input is None:
        raise UsageError("input: missing; give a picture, a folder or a pattern, such as input=photo.jpg")
    if config.checkpoint is None:
        raise UsageError("checkpoint: missing; give builtin:colour, or a trained network's file")
    paths = find_checkpoints(config.checkpoint)
    if len(paths) > 1:
        raise UsageError(f"checkpoint={config.checkpoint}: matches {len(paths)} files; must be one, such as {paths[0]}")
    task = load(paths[0], config.trust)
    keys = ("join", "picture", "size", "tile", "device", "test_time_symmetries", "upsampling")
    arguments = [config[key] for key in keys]
    if config.samples:
        if len(as_list(config.size)) > 1:
            raise UsageError(f"size={config.size}: must be one number, or null, as samples are drawn at one size")
        check_settings(config.rounds, 1 if config.temperature is None else config.temperature, config.order)
    else:
        task.answer.decode_at(config.temperature)
    if config.hints is None and not config.samples:
        predictor = Predictor(task, *arguments)
    else:
        points = [] if config.hints is None else read_points(Path(str(config.hints)).expanduser())
        predictor = HintedPredictor(task, *arguments, points=points)
    if config.temperature is not None and not config.samples and predictor.picture != task.answer.annealed_picture:
        raise UsageError(
            f"temperature={config.temperature}: changes nothing of picture={predictor.picture}; "
            f"must be null, or picture={task.answer.annealed_picture}"
        )
    return predictor


def _one(predictor: Predictor, place: Place, advance: Advance, config: DictConfig) -> str:
    """Predict one picture, write the result and the samples, and return the line to print."""
    from colourize.data.picture_files import open_photograph
    from colourize.prediction.hinted import HintedPredictor

    photograph = open_photograph(place.source)
    grey = photograph.colours
    try:
        flat = _save(photograph, predictor(grey, advance), place.result)
        if config.samples and isinstance(predictor, HintedPredictor):
            settings = {"rounds": config.rounds, "order": config.order, "seed": config.seed}
            if config.temperature is not None:
                settings["temperature"] = config.temperature
            for number, drawn in enumerate(predictor.samples(grey, config.samples, **settings), 1):
                _save(photograph, drawn, sample_path(place, number))
    except InputError as error:
        raise InputError(f"{place.source}: {error}") from error
    width, height = photograph.colours.size
    samples = [f"{config.samples} samples in {sample_path(place, 1)} and so on"] if config.samples else []
    laid = [f"{place.result.suffix} knows no transparency: laid over white"] if flat else []
    return "; ".join([f"{place.source} → {place.result} ({width}×{height})", *samples, *photograph.notes, *laid])


def sample_path(place: Place, number: int) -> Path:
    """The path of a sample, in the folder of the result; the first sample has number 1."""
    return place.result.with_stem(f"{place.result.stem}-sample-{number}")


def _save(photograph: Photograph, colours: Image, path: Path) -> bool:
    """Write a result with the photograph's transparency; returns whether white replaced the transparency."""
    from colourize.prediction.photographs import save_photograph

    photograph.colours = colours
    if photograph.alpha is not None:
        photograph.alpha = photograph.alpha.resize(colours.size)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return save_photograph(photograph, path)
    except OSError as error:
        if full_disk(error):
            raise  # the other pictures would not fit either
        raise InputError(f"output={path}: cannot be written ({one_line(error.strerror or error)})") from error


def main() -> None:
    """The console script."""
    app.run(predict, "predict")


if __name__ == "__main__":
    main()
