"""Applies a trained network to photographs of any size: reading, predicting in pieces, joining, writing."""
