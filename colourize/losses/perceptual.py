"""Losses on the features of a frozen network.

Johnson, Alahi & Fei-Fei (2016), "Perceptual losses for real-time style transfer and super-resolution",
https://arxiv.org/abs/1603.08155.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colourize.answers.base import Answer
from colourize.data.batches import Pair
from colourize.errors import UsageError, one_line
from colourize.losses.pictures import PictureLoss
from colourize.measures.category_classifier import category_classifier

# The category classifier's layers, named by resolution (the picture's, a half, a quarter), → their indices in `body`.
CLASSIFIER_LAYERS = {"full_1": 0, "full_2": 1, "half_1": 3, "half_2": 4, "quarter_1": 6}
# ImageNet's mean and standard deviation of R, G and B, with which torchvision's VGG-16 was trained.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


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


def frozen_network(wanted: Sequence[str], vgg16: str | None) -> NamedLayers:
    """Named layers of this project's own category classifier, or of the VGG-16 in a file.

    The VGG-16 (Simonyan & Zisserman 2015) has its layers' names in the literature: "relu2_2" ends the second block.

    Args:
        wanted: the names of the layers.
        vgg16: a file of its weights as torch saves them, with torchvision's names (`vgg16-….pth`); None: the
            classifier, as a copy, so that it can move to any device.

    Raises:
        UsageError: there is no such layer, or the file is missing or holds something else.
    """
    if vgg16 is None:
        return NamedLayers(copy.deepcopy(category_classifier().body), CLASSIFIER_LAYERS, wanted)
    from torchvision.models.vgg import cfgs, make_layers

    chain, names, block, number = make_layers(cfgs["D"]), {}, 1, 0
    for place, layer in enumerate(chain):
        if isinstance(layer, nn.ReLU):
            number += 1
            names[f"relu{block}_{number}"] = place
        elif isinstance(layer, nn.MaxPool2d):
            block, number = block + 1, 0
    network = NamedLayers(chain, names, wanted, IMAGENET_MEAN, IMAGENET_STD)
    if not Path(vgg16).is_file():
        raise UsageError(f"task.loss: vgg16={vgg16}: there is no such file")
    try:
        weights = torch.load(vgg16, map_location="cpu", weights_only=True)
        network.chain.load_state_dict({name: weights[f"features.{name}"] for name in network.chain.state_dict()})
    except Exception as error:
        raise UsageError(f"task.loss: vgg16={vgg16}: no weights of torchvision's VGG-16 ({one_line(error)})") from error
    return network


class NamedLayers(nn.Module):
    """The outputs of some layers of a sequential network, from one pass that ends at the deepest of them.

    Pictures (N, 3, H, W), RGB in [0, 1], of any size → features (N, C, h, w) by the layers' names.

    Args:
        chain: the sequential network.
        names: the names of its layers → their indices in `chain`.
        wanted: the names of the layers whose outputs are returned.
        mean, std: of R, G and B; pictures are normalised with them first.

    Raises:
        UsageError: the chain has no layer of such a name.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        chain: nn.Sequential,
        names: Mapping[str, int],
        wanted: Iterable[str],
        mean: Iterable[float] = (0.0, 0.0, 0.0),
        std: Iterable[float] = (1.0, 1.0, 1.0),
    ) -> None:
        super().__init__()
        self.places: dict[int, str] = {}
        for name in wanted:
            if not isinstance(name, str) or name not in names:
                raise UsageError(f"task.loss: layers={one_line(name)}: must be some of {', '.join(names)}")
            self.places[names[name]] = name
        self.chain = chain[: max(self.places) + 1]
        self.register_buffer("mean", torch.tensor([*mean]).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor([*std]).view(-1, 1, 1))

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        found = {}
        hidden = (pictures - self.mean) / self.std
        for place, layer in enumerate(self.chain):
            hidden = layer(hidden)
            if place in self.places:
                found[self.places[place]] = hidden
        return found
