"""Networks as plain `nn.Module`s: what they compute, without loss, data or training."""

from colourize.models.cnn import CNN
from colourize.models.conv_transpose_net import ConvTransposeNet
from colourize.models.convolution import Convolution2d, convolve_by_unfold
from colourize.models.pool_upsample_net import PoolUpsampleNet
from colourize.models.regression_cnn import RegressionCNN
from colourize.models.strided_unet import StridedUNet
from colourize.models.unet import UNet

__all__ = [
    "CNN",
    "ConvTransposeNet",
    "Convolution2d",
    "PoolUpsampleNet",
    "RegressionCNN",
    "StridedUNet",
    "UNet",
    "convolve_by_unfold",
]
