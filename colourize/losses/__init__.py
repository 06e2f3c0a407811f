"""What training makes small."""

from colourize.losses.base import Loss
from colourize.losses.pixel import CrossEntropy, MeanAbsoluteError, MeanSquaredError
from colourize.losses.rebalanced import RebalancedCrossEntropy

__all__ = ["CrossEntropy", "Loss", "MeanAbsoluteError", "MeanSquaredError", "RebalancedCrossEntropy"]
