"""Sheets of pictures and plots."""
