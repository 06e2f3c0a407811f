"""Distances between colours, and the probabilities of a classifier: questions A4 and A5."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from colourize.figures.colour_pairs import colours_of, contradictions, draw_contradictions, rank_agreement
from colourize.figures.distributions import confidences_of, draw_distributions, draw_reliability
from colourize.methods.grouping import Setting
from colourize.reporting.context import Context, Element, Text

COUNT = 40  # test pictures from which pixels are chosen
BATCH = 250


def colour_pairs(context: Context) -> list[Element]:
    """Pairs of colours from the pictures that distance in RGB ranks against human perception."""
    colours = colours_of(context.pictures.test(context.results.settings.settings[0].first).movedim(-1, 1) / 255)
    draw = partial(draw_contradictions, contradictions(colours))
    alt = "Pairs of colours with their distances in RGB and by CIEDE2000"
    text = (
        "Squared error in RGB and CIEDE2000, which was fitted to human judgement, order pairs of the test pictures' "
        f"colours differently: their rank correlation is {rank_agreement(colours):.2f}, and 1 would be full agreement."
    )
    caption = "In each row the left pair is nearer in RGB than the right one, and yet looks more different (ΔE2000)."
    return [Text(text, "finding"), *context.plot("pairs", draw, caption, alt)]


def distributions(context: Context) -> list[Element]:
    """For some pixels, a classifier's distribution with its mean and mode, a regression's colour, and the truth."""
    classifiers, others = _answering(context, "palette_classes"), _answering(context, "rgb")
    if not classifiers:
        return []
    first = classifiers[0]

    def draw(path: Path) -> None:
        names = [each.label if len(others) > 1 else "regression" for each in others]
        tasks = {name: context.pictures.task(each.first) for name, each in zip(names, others, strict=True)}
        shown = context.pictures.test(first.first, COUNT)
        draw_distributions(context.pictures.task(first.first), shown, path.with_suffix(""), tasks)

    runs, labels = [each.first for each in (first, *others)], [each.label for each in others]
    caption = (
        f"Five pixels, from the least certain to the surest: the probability of each palette colour by {first.label}, "
        f"their mean and mode, {'the colour of a regression ' if others else ''}and the truth."
    )
    alt = "Predicted class distributions of five pixels"
    return context.made("-distributions.svg", runs, draw, caption, alt, labels)


def reliability(context: Context) -> list[Element]:
    """Whether the classifiers' probabilities are calibrated."""
    classifiers = _answering(context, "palette_classes")

    def draw(path: Path) -> None:
        confidences = {
            each.label: confidences_of(
                context.pictures.task(each.first), context.pictures.test(each.first).split(BATCH)
            )
            for each in classifiers
        }
        draw_reliability(confidences, path.with_suffix(""))

    runs = [each.first for each in classifiers]
    caption = "Accuracy at each confidence, beside the diagonal of perfect calibration, and how many pixels have it."
    return context.made("-reliability.svg", runs, draw, caption, "Reliability of the classifiers")


def _answering(context: Context, answer: str) -> list[Setting]:
    return [each for each in context.results.settings.networks if each.task[1] == answer]
