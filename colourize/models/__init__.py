"""Networks as plain `nn.Module`s: what they compute, without loss, data or training."""

from colourize.models.classifier import ResidualClassifier
from colourize.models.convolution import Convolution2d, convolve_by_unfold
from colourize.models.course import CNN, ConvTransposeNet, PoolUpsampleNet, RegressionCNN, StridedUNet, UNet

__all__ = [
    "CNN",
    "ConvTransposeNet",
    "Convolution2d",
    "PoolUpsampleNet",
    "RegressionCNN",
    "ResidualClassifier",
    "StridedUNet",
    "UNet",
    "convolve_by_unfold",
]
