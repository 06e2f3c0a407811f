"""A run's folder and a sweep's: what is written into them, whole or not at all, and how it is read again."""
