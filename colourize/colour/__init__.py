"""Colour: colour spaces and colour differences, and palettes of a few representative colours."""
