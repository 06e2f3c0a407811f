"""Shared code of the console scripts: starting, help, error messages, tables on the terminal."""
