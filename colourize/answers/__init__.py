"""What a network predicts: how a picture is encoded as a target, and how outputs are decoded to a picture."""

from colourize.answers.ab_bins import AbBins
from colourize.answers.base import Answer, SoftClasses
from colourize.answers.category import Category
from colourize.answers.palette_classes import PaletteClasses
from colourize.answers.regression import RGB, LabChroma

__all__ = ["RGB", "AbBins", "Answer", "Category", "LabChroma", "PaletteClasses", "SoftClasses"]
