"""Loss functions: what training minimises."""

from colourize.losses.base import Loss
from colourize.losses.distillation import Distillation
from colourize.losses.perceptual import FeatureLoss, StyleLoss
from colourize.losses.pictures import PSNRLoss, TotalVariation
from colourize.losses.pixel import CrossEntropy, MeanAbsoluteError, MeanSquaredError
from colourize.losses.rebalanced import RebalancedCrossEntropy
from colourize.losses.weighted_sum import WeightedSum

__all__ = [
    "CrossEntropy",
    "Distillation",
    "FeatureLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "PSNRLoss",
    "RebalancedCrossEntropy",
    "StyleLoss",
    "TotalVariation",
    "WeightedSum",
]
