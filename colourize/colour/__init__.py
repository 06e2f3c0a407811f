"""Colour: palettes of a few representative colours, and what a pixel's nearest one is."""

from colourize.colour.palette import Palette, fit_palette, load_palette

__all__ = ["Palette", "fit_palette", "load_palette"]
