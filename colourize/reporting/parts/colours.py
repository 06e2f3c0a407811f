"""What distance misleads, and what a classifier believes: questions A4 and A5."""

from __future__ import annotations

import torch

from colourize.figures.colour_pairs import colours_of, contradictions, draw_contradictions, rank_agreement
from colourize.figures.distributions import draw_distributions
from colourize.figures.reliability import confidences_of, draw_reliability
from colourize.methods.grouping import Setting
from colourize.reporting.elements import Element, Figure, Text
from colourize.reporting.parts.context import Context
from colourize.reporting.pictures import made_of

COUNT = 40  # test pictures from which pixels are chosen
BATCH = 250


def colour_pairs(context: Context) -> list[Element]:
    """Pairs of the pictures' own colours that distance in RGB ranks against human perception."""
    setting = context.results.settings.settings[0]
    pictures = torch.from_numpy(context.pictures.data(setting.first).pictures.test)
    colours = colours_of(pictures.movedim(-1, 1) / 255)
    agreement = rank_agreement(colours)
    path = context.figure("pairs")
    draw_contradictions(contradictions(colours), path)
    return [
        Text(
            "Over random pairs of the test pictures' colours, distance in RGB and CIEDE2000 have a rank correlation of "
            f"{agreement:.2f}: one is no good stand-in for the other wherever it is not 1.",
            "finding",
        ),
        Figure(
            path.with_suffix(".svg"),
            "In each row the left pair is nearer in RGB than the right one, and yet farther to the eye (ΔE2000).",
            "Pairs of colours with their distances in RGB and by CIEDE2000",
        ),
    ]


def distributions(context: Context) -> list[Element]:
    """For some pixels a classifier's distribution as bars, beside its mean and mode, regression's colour, the truth."""
    classifiers, others = _classifiers(context), _regressions(context)
    if not classifiers:
        return []
    setting = classifiers[0]
    path = context.figure("distributions")
    runs = [each.first for each in (setting, *others)]

    def draw() -> None:
        pictures = torch.from_numpy(context.pictures.data(setting.first).pictures.test[:COUNT])
        tasks = {each.label: context.pictures.task(each.first) for each in others}
        draw_distributions(context.pictures.task(setting.first), pictures, path, tasks)

    if not made_of(path.with_suffix(".svg"), runs, draw, also=[each.label for each in others]):
        return []
    return [
        Figure(
            path.with_suffix(".svg"),
            f"Five pixels, from the least certain to the surest: what {setting.label} believes of each palette colour, "
            "the mean and the mode of that, the colour of a regression, and the truth.",
            "Predicted class distributions of five pixels",
        )
    ]


def reliability(context: Context) -> list[Element]:
    """Whether classifiers are right as often as they say."""
    classifiers = _classifiers(context)
    if not classifiers:
        return []
    path = context.figure("reliability")

    def draw() -> None:
        confidences = {}
        for setting in classifiers:
            pictures = torch.from_numpy(context.pictures.data(setting.first).pictures.test)
            confidences[setting.label] = confidences_of(context.pictures.task(setting.first), pictures.split(BATCH))
        draw_reliability(confidences, path)

    if not made_of(path.with_suffix(".svg"), [each.first for each in classifiers], draw):
        return []
    return [
        Figure(
            path.with_suffix(".svg"),
            "Accuracy at each confidence, beside the diagonal of perfect calibration, and how many pixels have it.",
            "Reliability of the classifiers",
        )
    ]


def _classifiers(context: Context) -> list[Setting]:
    return [each for each in context.results.settings.networks if each.first.record.get("answer") == "PaletteClasses"]


def _regressions(context: Context) -> list[Setting]:
    return [each for each in context.results.settings.networks if each.first.record.get("answer") == "RGB"]
