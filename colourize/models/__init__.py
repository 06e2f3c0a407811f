"""Networks as plain `nn.Module`s, without loss, data or training.

The course's networks are in `encoder_decoder.py`, and each of the others in the file with its name on the command
line: `model=zhang` is `models/zhang.py`. Configurations and checkpoints use the names exported here, such as
`colourize.models.UNet`, so that a class may move to another file.
"""

from colourize.models.baselines import GreyCopy, PaletteOracle
from colourize.models.convolution import Convolution2d
from colourize.models.encoder_decoder import CNN, ConvTransposeNet, PoolUpsampleNet, RegressionCNN, StridedUNet, UNet
from colourize.models.grey_lookup import CommonestClass, GreyLookup, GreyRowLookup
from colourize.models.interpolation import Interpolation
from colourize.models.linear_filter import LinearFilter
from colourize.models.pixel_shuffle_resnet import PixelShuffleResNet
from colourize.models.residual_classifier import ResidualClassifier
from colourize.models.residual_sr import ResidualSR
from colourize.models.ronneberger_unet import RonnebergerUNet
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
