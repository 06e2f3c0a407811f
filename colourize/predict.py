"""`colourize-predict`: photographs of any size through a trained network.

colourize-predict checkpoint=outputs/…/checkpoints/best.ckpt input=photo.jpg output=coloured.png
colourize-predict checkpoint=best.ckpt input=photos output=coloured
colourize-predict checkpoint=best.ckpt input=photo.jpg join=none
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from colourize.cli import app

if TYPE_CHECKING:
    from colourize.prediction.places import Place
    from colourize.prediction.predictor import Advance, Predictor


def predict(config: DictConfig) -> None:
    """Predict every picture and write its result; of several, one that fails is named, and the rest goes on."""
    from colourize.errors import ColourizeError, InputError
    from colourize.prediction.places import plan
    from colourize.prediction.showing import shown

    predictor = _predictor(config)
    postfix = "coloured" if predictor.factor == 1 else "enlarged"
    places = plan(config.input, config.output, postfix, str(config.format), overwrite=config.overwrite)
    failed = 0
    with shown(places) as (begin, tell):
        for place in places:
            try:
                tell(_one(predictor, place, begin(place)))
            except ColourizeError as error:
                if len(places) == 1:
                    raise
                failed += 1
                tell(f"error: {error}", sys.stderr)
    if failed:
        raise InputError(f"input={config.input}: {failed} of {len(places)} pictures failed (named above)")


def _predictor(config: DictConfig) -> Predictor:
    from colourize.checkpoints import load
    from colourize.errors import UsageError, check_flag
    from colourize.methods.candidates import find_checkpoints
    from colourize.prediction.predictor import Predictor

    check_flag("overwrite", config.overwrite)
    if config.input is None:
        raise UsageError("input: missing; give a picture, a folder or a pattern, such as input=photo.jpg")
    if config.checkpoint is None:
        raise UsageError("checkpoint: missing; give a trained network's file, such as …/checkpoints/best.ckpt")
    paths = find_checkpoints(config.checkpoint)
    if len(paths) > 1:
        raise UsageError(f"checkpoint={config.checkpoint}: matches {len(paths)} files; must be one, such as {paths[0]}")
    task = load(paths[0], config.trust)
    return Predictor(task, config.join, config.picture, config.size, config.tile, config.device)


def _one(predictor: Predictor, place: Place, advance: Advance) -> str:
    """Predict one picture, write the result, and return the line to print."""
    from colourize.data.picture_files import open_photograph
    from colourize.errors import InputError, full_disk, one_line
    from colourize.prediction.photographs import save_photograph

    photograph = open_photograph(place.source)
    try:
        photograph.colours = predictor(photograph.colours, advance)
    except InputError as error:
        raise InputError(f"{place.source}: {error}") from error
    if photograph.alpha is not None:
        photograph.alpha = photograph.alpha.resize(photograph.colours.size)
    try:
        place.result.parent.mkdir(parents=True, exist_ok=True)
        flat = save_photograph(photograph, place.result)
    except OSError as error:
        if full_disk(error):
            raise  # the other pictures would not fit either
        raise InputError(f"output={place.result}: cannot be written ({one_line(error.strerror or error)})") from error
    width, height = photograph.colours.size
    laid = [f"{place.result.suffix} knows no transparency: laid over white"] if flat else []
    return "; ".join([f"{place.source} → {place.result} ({width}×{height})", *photograph.notes, *laid])


def main() -> None:
    """The console script."""
    app.run(predict, "predict")


if __name__ == "__main__":
    main()
