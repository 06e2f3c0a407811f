"""The classifying network of question B: CSC421/2516 (2019), programming assignment 2."""

from colourize.models.convolution import Convolution2d
from colourize.models.regression_cnn import RegressionCNN


class CNN(RegressionCNN):
    """RegressionCNN's layers with our Convolution2d, (N, in_channels, H, W) -> (N, out_channels, H, W): question B.

    It has one output per palette colour, a logit without softmax. Our layer computes the same as `nn.Conv2d`, so that
    the results do not change and each network loads the other's weights.
    """

    conv_type = Convolution2d
