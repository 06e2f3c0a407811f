"""Networks as plain `nn.Module`s, without loss, data or training.

Each is in the file with its name on the command line: `model=unet` is `models/unet.py`. Configurations and checkpoints
use the names exported here, such as `colourize.models.UNet`, so that a class may move to another file.
"""

from colourize.models.baselines import GreyCopy, PaletteOracle
from colourize.models.cnn import CNN
from colourize.models.conv_transpose_net import ConvTransposeNet
from colourize.models.convolution import Convolution2d
from colourize.models.grey_lookup import CommonestClass, GreyLookup, GreyRowLookup
from colourize.models.interpolation import Interpolation
from colourize.models.linear_filter import LinearFilter
from colourize.models.pixel_shuffle_resnet import PixelShuffleResNet
from colourize.models.pool_upsample_net import PoolUpsampleNet
from colourize.models.regression_cnn import RegressionCNN
from colourize.models.residual_classifier import ResidualClassifier
from colourize.models.residual_sr import ResidualSR
from colourize.models.ronneberger_unet import RonnebergerUNet
from colourize.models.strided_unet import StridedUNet
from colourize.models.unet import UNet
from colourize.models.zhang import ZhangNet

__all__ = [
    "CNN",
    "CommonestClass",
    "ConvTransposeNet",
    "Convolution2d",
    "GreyCopy",
    "GreyLookup",
    "GreyRowLookup",
    "Interpolation",
    "LinearFilter",
    "PaletteOracle",
    "PixelShuffleResNet",
    "PoolUpsampleNet",
    "RegressionCNN",
    "ResidualClassifier",
    "ResidualSR",
    "RonnebergerUNet",
    "StridedUNet",
    "UNet",
    "ZhangNet",
]
