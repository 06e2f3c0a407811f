"""What things cost: each part of `colourize-benchmark` is a module with a function `measure`."""
