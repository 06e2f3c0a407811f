"""Distances between colours, and the probabilities of a classifier: questions A4 and A5."""

from __future__ import annotations

from functools import partial

import torch

from colourize.figures.colour_pairs import colours_of, contradictions, draw_contradictions, rank_agreement
from colourize.figures.distributions import draw_distributions
from colourize.figures.reliability import confidences_of, draw_reliability
from colourize.methods.grouping import Setting
from colourize.reporting.context import Context
from colourize.reporting.elements import Element, Text

COUNT = 40  # test pictures from which pixels are chosen
BATCH = 250


def colour_pairs(context: Context) -> list[Element]:
    """Pairs of colours from the pictures that distance in RGB ranks against human perception."""
    colours = colours_of(_pictures(context, context.results.settings.settings[0]).movedim(-1, 1) / 255)
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
    classifiers, others = _answering(context, "PaletteClasses"), _answering(context, "RGB")
    if not classifiers:
        return []
    first = classifiers[0]
    path = context.path("figures", "-distributions.svg")

    def draw() -> None:
        names = [each.label if len(others) > 1 else "regression" for each in others]
        tasks = {name: context.pictures.task(each.first) for name, each in zip(names, others, strict=True)}
        shown = _pictures(context, first)[:COUNT]
        draw_distributions(context.pictures.task(first.first), shown, path.with_suffix(""), tasks)

    runs, labels = [each.first for each in (first, *others)], [each.label for each in others]
    caption = (
        f"Five pixels, from the least certain to the surest: the probability of each palette colour by {first.label}, "
        f"their mean and mode, {'the colour of a regression ' if others else ''}and the truth."
    )
    return context.made(path, runs, draw, caption, "Predicted class distributions of five pixels", labels)


def reliability(context: Context) -> list[Element]:
    """Whether the classifiers' probabilities are calibrated."""
    classifiers = _answering(context, "PaletteClasses")
    path = context.path("figures", "-reliability.svg")

    def draw() -> None:
        confidences = {
            each.label: confidences_of(context.pictures.task(each.first), _pictures(context, each).split(BATCH))
            for each in classifiers
        }
        draw_reliability(confidences, path.with_suffix(""))

    if not classifiers:
        return []
    runs = [each.first for each in classifiers]
    caption = "Accuracy at each confidence, beside the diagonal of perfect calibration, and how many pixels have it."
    return context.made(path, runs, draw, caption, "Reliability of the classifiers")


def _answering(context: Context, answer: str) -> list[Setting]:
    return [each for each in context.results.settings.networks if each.first.record.get("answer") == answer]


def _pictures(context: Context, setting: Setting) -> torch.Tensor:
    """A setting's test pictures, (N, H, W, 3) uint8."""
    return torch.from_numpy(context.pictures.data(setting.first).pictures.test)
