"""Evaluations, and reports on finished runs as one page with a section for each question."""
