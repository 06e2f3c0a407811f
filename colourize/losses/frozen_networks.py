"""Frozen networks with named layers, for losses that compare the features of pictures."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from colourize.errors import UsageError, one_line
from colourize.measures.category_classifier import category_classifier

# The category classifier's layers, named by resolution (the picture's, a half, a quarter), → their indices in `body`.
CLASSIFIER_LAYERS = {"full_1": 0, "full_2": 1, "half_1": 3, "half_2": 4, "quarter_1": 6}
VGG16_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
# ImageNet's mean and standard deviation of R, G and B, with which torchvision's VGG-16 was trained.
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


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
        self.places = {place_of(names, name): name for name in wanted}
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


def place_of(names: Mapping[str, int], name: object) -> int:
    """The index of a layer in a sequential network."""
    if not isinstance(name, str) or name not in names:
        raise UsageError(f"task.loss: layers={one_line(name)}: must be some of {', '.join(names)}")
    return names[name]


def classifier_layers(wanted: Iterable[str]) -> NamedLayers:
    """Layers of this project's own category classifier; a copy, so that it can move to any device."""
    body = copy.deepcopy(category_classifier().body)
    return NamedLayers(body, CLASSIFIER_LAYERS, wanted)


def vgg16_layers(path: str, wanted: Iterable[str]) -> NamedLayers:
    """Layers of a VGG-16 (Simonyan & Zisserman 2015), named as in the literature: "relu2_2" ends the second block.

    Args:
        path: a file of its weights as torch saves them, with torchvision's names (`vgg16-….pth`).

    Raises:
        UsageError: the file is missing, or holds something else.
    """
    wanted = list(wanted)
    layers: list[nn.Module] = []
    names: dict[str, int] = {}
    before = 3
    for block, widths in enumerate(VGG16_WIDTHS, 1):
        for number, width in enumerate(widths, 1):
            layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
            names[f"relu{block}_{number}"], before = len(layers) - 1, width
        layers.append(nn.MaxPool2d(2))
    network = NamedLayers(nn.Sequential(*layers), names, wanted, IMAGENET_MEAN, IMAGENET_STD)
    if not Path(path).is_file():
        raise UsageError(f"task.loss: vgg16={path}: there is no such file")
    try:
        weights = torch.load(path, map_location="cpu", weights_only=True)
        network.chain.load_state_dict({name: weights[f"features.{name}"] for name in network.chain.state_dict()})
    except Exception as error:
        raise UsageError(f"task.loss: vgg16={path}: no weights of torchvision's VGG-16 ({one_line(error)})") from error
    return network
