"""What a network sees: the ways in which a true picture loses information."""

from colourize.degradations.base import Degradation
from colourize.degradations.grey import Grey
from colourize.degradations.hints import Hints
from colourize.degradations.low_resolution import LowResolution
from colourize.degradations.luminance import Luminance
from colourize.degradations.none import Undegraded

__all__ = ["Degradation", "Grey", "Hints", "LowResolution", "Luminance", "Undegraded"]
