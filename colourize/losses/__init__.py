"""What training makes small."""

from colourize.losses.base import Loss
from colourize.losses.pixel import CrossEntropy, MeanAbsoluteError, MeanSquaredError

__all__ = ["CrossEntropy", "Loss", "MeanAbsoluteError", "MeanSquaredError"]
