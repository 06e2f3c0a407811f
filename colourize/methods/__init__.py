"""Several methods on the same pictures: which they are, what is measured of each, and how they differ."""
