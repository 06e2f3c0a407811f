"""What a network sees: the ways in which a true picture loses information."""

from colourize.degradations.base import Degradation, Undegraded
from colourize.degradations.grey import Grey, Luminance
from colourize.degradations.hints import Hints
from colourize.degradations.low_resolution import LowResolution

__all__ = ["Degradation", "Grey", "Hints", "LowResolution", "Luminance", "Undegraded"]
