"""The classifier that the learned measures rest on; `colourize.weights.category_classifier` made its weights."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from colourize.models.residual_classifier import ResidualClassifier

WEIGHTS = Path(__file__).with_name("category_classifier.pt")
SIZE = 32  # pixels, height and width, of what it was trained on


@functools.lru_cache(maxsize=1)
def category_classifier() -> ResidualClassifier:
    """The classifier with the shipped weights, frozen, in float32 on the CPU, batch norm made part of convolutions."""
    contents = torch.load(WEIGHTS, map_location="cpu", weights_only=True)
    network = ResidualClassifier(**contents["arguments"])
    network.load_state_dict({name: value.float() for name, value in contents["weights"].items()}, strict=False)
    network.requires_grad_(False).eval()
    for block in network.modules():
        if isinstance(block, nn.Sequential) and isinstance(block[1], nn.BatchNorm2d):
            block[0], block[1] = fuse_conv_bn_eval(block[0], block[1]), nn.Identity()  # type: ignore[type-var]
    return network.to(memory_format=torch.channels_last)


@functools.lru_cache(maxsize=1)
def about() -> dict[str, Any]:
    """How its weights were made, and how good it is: "accuracy" of the ten categories, and of the horses alone."""
    return dict(torch.load(WEIGHTS, map_location="cpu", weights_only=True)["about"])


@torch.no_grad()
def seen(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """What it sees in pictures (N, 3, H, W), RGB in [0, 1]: features (N, D) and logits (N, 10), in float32.

    Pictures of another size are scaled to the one that it knows. It works on the CPU whatever the device: its copy for
    each device would outlive the evaluation.
    """
    small = pictures.detach().float().cpu()
    if small.shape[-2:] != (SIZE, SIZE):
        small = F.interpolate(small, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    with torch.autocast("cpu", enabled=False):
        features, logits = looked_at(category_classifier(), small.contiguous(memory_format=torch.channels_last))
    return features.to(pictures.device), logits.to(pictures.device)


def looked_at(network: ResidualClassifier, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Features, the mean of those of each picture and of its mirror image, and the logits that follow from them.

    On validation pictures this was right 0.7 percentage points more often than a picture alone.
    """
    features = (network.features(pictures) + network.features(pictures.flip(3))) / 2
    return features, network.last(features)
