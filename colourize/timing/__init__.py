"""The parts of `colourize-benchmark`: what training and start-up cost on this machine."""
