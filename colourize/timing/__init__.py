"""What things cost: one module for each part of `colourize-benchmark`, which is a function `measure`."""
