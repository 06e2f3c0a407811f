"""Losses on the features of a frozen network.

Johnson, Alahi & Fei-Fei (2016), "Perceptual losses for real-time style transfer and super-resolution",
https://arxiv.org/abs/1603.08155.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.answers.base import Answer
from colourize.data.batches import Pair
from colourize.errors import UsageError, one_line
from colourize.losses.frozen_networks import NamedLayers, classifier_layers, vgg16_layers
from colourize.losses.pictures import PictureLoss


class PerceptualLoss(PictureLoss):
    """The distance between picture and truth in layers of a frozen network, summed over these layers.

    Pictures keep their size. The loss is computed in float32, whatever the precision of the training.

    Args:
        layers: names of layers of this project's category classifier (full_1, full_2, half_1, half_2, quarter_1) or of
            the VGG-16 (relu1_1 … relu5_3); None: those of `usual`.
        vgg16: a file of the weights of torchvision's VGG-16; None: use this project's own classifier.

    Attributes:
        usual: the default layers, of the classifier and of the VGG-16.
    """

    needs_files = True
    usual: tuple[Sequence[str], Sequence[str]]

    def __init__(self, layers: Sequence[str] | None = None, vgg16: str | None = None) -> None:
        super().__init__()
        if layers is None:
            layers = self.usual[0 if vgg16 is None else 1]
        if isinstance(layers, str) or not layers:
            raise UsageError(f"task.loss: layers={one_line(layers)}: must be a list of layers")
        self.layers, self.vgg16 = list(layers), vgg16
        self.network = frozen_network(self.layers, vgg16)

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        return self.compare(*self.seen(outputs, pair, answer))

    def seen(self, outputs: Tensor, pair: Pair, answer: Answer) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The frozen network's features of the picture, and of the truth, by layer."""
        with torch.autocast(outputs.device.type, enabled=False):
            predicted: dict[str, Tensor] = self.network(self.picture(outputs.float(), pair, answer))
            with torch.no_grad():
                true: dict[str, Tensor] = self.network(pair.truth)
        return predicted, true

    def compare(self, predicted: Mapping[str, Tensor], true: Mapping[str, Tensor]) -> Tensor:
        """The loss of features (N, C, h, w), by layer, a scalar."""
        with torch.autocast(next(iter(predicted.values())).device.type, enabled=False):
            return torch.stack([self.distance(predicted[name], true[name]) for name in self.layers]).sum()

    def distance(self, predicted: Tensor, true: Tensor) -> Tensor:
        """The loss of one layer, the mean over pictures."""
        raise NotImplementedError


class FeatureLoss(PerceptualLoss):
    """Feature reconstruction: ‖φ(ŷ) − φ(y)‖² / (C·h·w) of each layer φ of C channels and h×w pixels."""

    usual = (["half_2"], ["relu2_2"])

    def distance(self, predicted: Tensor, true: Tensor) -> Tensor:
        return F.mse_loss(predicted, true)


class StyleLoss(PerceptualLoss):
    """Style reconstruction: ‖G(ŷ) − G(y)‖² of each layer's Gram matrices (`gram`), which features occur together.

    This is the paper's squared Frobenius norm. The paper's code also divides it by C², so that its weights do not carry
    over.
    """

    usual = (["full_2", "half_2", "quarter_1"], ["relu1_2", "relu2_2", "relu3_3", "relu4_3"])

    def distance(self, predicted: Tensor, true: Tensor) -> Tensor:
        return (gram(predicted) - gram(true)).square().sum((1, 2)).mean()


def gram(features: Tensor) -> Tensor:
    """G[c, d] = Σ over pixels of φ[c]·φ[d] / (C·h·w): features (N, C, h, w) → (N, C, C)."""
    rows = features.flatten(2)
    return rows @ rows.mT / rows[0].numel()


def frozen_network(layers: Sequence[str], vgg16: str | None) -> NamedLayers:
    """Named layers of the VGG-16 in a file, or of this project's classifier."""
    return classifier_layers(layers) if vgg16 is None else vgg16_layers(vgg16, layers)
