"""Photographs of any size through a trained network: reading, predicting in pieces, joining, writing."""
