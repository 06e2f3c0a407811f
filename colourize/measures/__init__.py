"""Measures of how good predicted pictures are."""
