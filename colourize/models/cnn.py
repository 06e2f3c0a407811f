"""The course's second network: colours by classification, with the project's own convolution."""

from colourize.models.convolution import Convolution2d
from colourize.models.regression_cnn import RegressionCNN


class CNN(RegressionCNN):
    """RegressionCNN's layers with our Convolution2d, (N, in_channels, H, W) -> (N, out_channels, H, W).

    Made for one output per palette colour: the outputs are logits, without softmax. Being as good as
    `nn.Conv2d`, our layer leaves the results as they are, and either network loads the other's weights.
    Source: CSC421/2516 (2019), programming assignment 2, question B.
    """

    conv_type = Convolution2d
