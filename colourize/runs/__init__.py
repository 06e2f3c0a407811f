"""The folders of runs and sweeps: writing their files, whole or not at all, and reading them again."""
