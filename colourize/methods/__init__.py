"""Compares methods on the same pictures: which methods there are, their measures, and their differences."""
