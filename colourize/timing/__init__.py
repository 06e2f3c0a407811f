"""The parts of `colourize-benchmark`, which measures the time of training and start-up on this machine."""
