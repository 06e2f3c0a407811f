"""Colour: colour spaces and colour differences, and palettes of a few representative colours."""

from colourize.colour.palette import Palette, fit_palette, load_palette

__all__ = ["Palette", "fit_palette", "load_palette"]
