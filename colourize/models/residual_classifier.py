"""A small residual network that classifies a whole picture."""

from __future__ import annotations

from torch import Tensor, nn

from colourize.errors import check_count
from colourize.models.residual import Residual


class ResidualClassifier(nn.Module):
    """Nine layers, halving a picture three times: (N, in_channels, H, W) → logits (N, out_channels).

    It has 3×3 convolutions with batch norm and ReLU, and two residual blocks (He et al. 2016, "Deep residual learning
    for image recognition"), in the order that trains in the fewest epochs on CIFAR-10 (D. Page, "How to train your
    ResNet", 2018). The largest value of each channel goes into one linear layer.

    Args:
        in_channels: the channels of the pictures.
        out_channels: the number of categories.
        num_filters: the number of filters of the first level; the last has four times as many.
    """

    per_pixel = False

    def __init__(self, in_channels: int, out_channels: int, num_filters: int = 32) -> None:
        super().__init__()
        check_count("model.num_filters", num_filters)
        width, double, four = num_filters, 2 * num_filters, 4 * num_filters
        self.in_channels, self.out_channels, self.num_features = in_channels, out_channels, four
        self.body = nn.Sequential(
            convolution(in_channels, width),  # (N, width, H, W)
            convolution(width, double),
            nn.MaxPool2d(2),  # (N, 2·width, H/2, W/2)
            residual(double),
            convolution(double, four),
            nn.MaxPool2d(2),  # (N, 4·width, H/4, W/4)
            residual(four),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),  # (N, 4·width)
        )
        self.last = nn.Linear(four, out_channels)

    def features(self, pictures: Tensor) -> Tensor:
        """The inputs of the last layer, (N, num_features), at least 0."""
        features: Tensor = self.body(pictures)
        return features

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.last(self.features(pictures))
        return logits


def residual(channels: int) -> Residual:
    """Two convolutions with a shortcut around them."""
    return Residual(convolution(channels, channels), convolution(channels, channels))


def convolution(in_channels: int, out_channels: int) -> nn.Sequential:
    """A 3×3 convolution that keeps the size, batch norm, ReLU; batch norm's shift replaces the bias."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU()
    )
