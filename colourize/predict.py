"""`colourize-predict`: applies a trained network to photographs of any size.

colourize-predict input=photo.jpg
colourize-predict checkpoint=outputs/…/checkpoints/best.ckpt input=photo.jpg output=coloured.png
colourize-predict checkpoint=best.ckpt input=photos output=coloured
colourize-predict checkpoint=best.ckpt input=photo.jpg join=none
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from omegaconf import DictConfig

from colourize.cli import app
from colourize.configuration import as_list
from colourize.errors import ColourizeError, InputError, UsageError, check_count, check_flag

if TYPE_CHECKING:
    from colourize.prediction.places import Place
    from colourize.prediction.predictor import Advance, Predictor


def predict(config: DictConfig) -> None:
    """Predict every picture and write its result; if one of several fails, it is named and the others continue."""
    from colourize.prediction.places import plan

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
    from colourize.prediction.places import save_result

    photograph = open_photograph(place.source)
    try:
        coloured = predictor(photograph.colours, advance)
        flat = save_result(photograph, coloured, place.result)
        if config.samples and isinstance(predictor, HintedPredictor):
            temperature = 1.0 if config.temperature is None else config.temperature
            settings = {"rounds": config.rounds, "temperature": temperature, "order": config.order, "seed": config.seed}
            for number, drawn in enumerate(predictor.samples(photograph.colours, config.samples, **settings), 1):
                save_result(photograph, drawn, sample_path(place, number))
    except InputError as error:
        raise InputError(f"{place.source}: {error}") from error
    samples = [f"{config.samples} samples in {sample_path(place, 1)} and so on"] if config.samples else []
    laid = [f"{place.result.suffix} knows no transparency: laid over white"] if flat else []
    size = f"{coloured.width}×{coloured.height}"
    return "; ".join([f"{place.source} → {place.result} ({size})", *samples, *photograph.notes, *laid])


def sample_path(place: Place, number: int) -> Path:
    """The path of a sample, in the folder of the result; the first sample has number 1."""
    return place.result.with_stem(f"{place.result.stem}-sample-{number}")


@contextlib.contextmanager
def shown(places: Sequence[Place]) -> Iterator[tuple[Callable[[Place], Advance], Callable[..., None]]]:
    """Show bars on a terminal.

    Yields two functions: one begins a picture and returns its `Advance`; the other prints a line when it is done.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    from colourize.cli.messages import printable

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis", max_width=40)),
        BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4)),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        whole = progress.add_task("Pictures", total=len(places), visible=len(places) > 1)
        current = progress.add_task("", total=1.0)

        def begin(place: Place) -> Advance:
            progress.reset(current, description=escape(printable(place.source.name)))
            return lambda share: progress.advance(current, share)

        def tell(line: str, stream: TextIO | None = None) -> None:
            progress.advance(whole)
            # Printed without the bars and without rich's console, so that a path stays on one line and can be copied.
            if not progress.disable:
                progress.stop()
            print(printable(line), file=stream or sys.stdout, flush=True)
            if not progress.disable:
                progress.start()

        yield begin, tell


def main() -> None:
    """The console script."""
    app.run(predict, "predict")


if __name__ == "__main__":
    main()
