"""A network's steps, blocks, layer table and diagram, against what is known of the course's networks."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from colourize.errors import UsageError
from colourize.inspection import layers
from colourize.inspection.diagram import SKIP, diagram
from colourize.inspection.tracing import blocks, trace
from colourize.models import CNN, ConvTransposeNet, RegressionCNN, ResidualClassifier, StridedUNet, UNet
from colourize.models.flops import flops_per_picture

NETWORKS = [CNN, RegressionCNN, UNet, ConvTransposeNet, StridedUNet, ResidualClassifier]
every_network = pytest.mark.parametrize("network", NETWORKS)


def edges(found):
    """Which block reads which, by name; the input's name is "input"."""
    parts = blocks(found)
    names = ["input", *(part.name for part in parts)]
    return [(part.name, [names[source + 1] for source in part.sources]) for part in parts]


def test_blocks_and_skips_are_the_unets():
    found = trace(UNet(1, 24), 1, (32, 32))
    assert edges(found) == [
        ("down1", ["input"]),
        ("down2", ["down1"]),
        ("middle", ["down2"]),
        ("up1", ["down2", "middle"]),
        ("up2", ["down1", "up1"]),
        ("final", ["input", "up2"]),
    ]
    ends = [part.calls[-1].output for part in blocks(found)]
    assert ends == [(32, 16, 16), (64, 8, 8), (64, 8, 8), (32, 16, 16), (24, 32, 32), (24, 32, 32)]
    assert [diagram(each).count(SKIP) for each in (found, trace(CNN(1, 24), 1, (32, 32)))] == [6, 0]
    # Without a middle block, what is put beside down2 is down2 itself.
    assert edges(trace(UNet(1, 24, middle_blocks=0), 1, (32, 32)))[3] == ("up1", ["down2", "middle"])


@every_network
def test_numbers_add_up_to_the_whole(network):
    model = network(3, 10).train()
    table = layers.layers(trace(model, 3, (24, 16)))
    assert model.training and not any(each._forward_hooks or each._forward_pre_hooks for each in model.modules())
    everything, convolutions = layers.totals(table)
    assert everything.weights + everything.other == sum(each.numel() for each in model.parameters())
    assert everything.operations == flops_per_picture(model, 3, (24, 16)) == 2 * everything.connections
    assert convolutions.weights == everything.weights and convolutions.operations == everything.operations


def test_the_table_of_question_a1():
    """By hand, for the courses' RegressionCNN on pictures of 32×32."""
    table = [each for each in layers.layers(trace(RegressionCNN(1, 3), 1, (32, 32))) if each.filters]
    rows = [(each.layer, each.kernel, each.filters, each.input, each.output, each.weights) for each in table]
    assert rows == [
        ("down1.conv", "3×3", 32, "1×32×32", "32×32×32", 288),
        ("down2.conv", "3×3", 64, "32×16×16", "64×16×16", 18_432),
        ("middle.conv", "3×3", 64, "64×8×8", "64×8×8", 36_864),
        ("up1.conv", "3×3", 32, "64×8×8", "32×8×8", 18_432),
        ("up2.conv", "3×3", 3, "32×16×16", "3×16×16", 864),
        ("final", "3×3", 3, "3×32×32", "3×32×32", 81),
    ]
    assert [each.connections for each in table[:2]] == [288 * 32 * 32, 18_432 * 16 * 16]
    assert [each.outputs for each in table[:2]] == [32 * 32 * 32, 64 * 16 * 16]


class Functional(nn.Module):
    """What users write: functions between layers, a layer used twice, a parameter of its own, a look at values."""

    def __init__(self, peeks: bool) -> None:
        super().__init__()
        self.first, self.twice = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.scale = nn.Parameter(torch.ones(1))
        self.peeks = peeks

    def forward(self, inputs):
        hidden = F.relu(self.first(inputs[..., :6, :6]))
        if self.peeks and hidden.mean().item() < 0:
            return hidden
        return hidden + self.twice(self.twice(hidden)) * self.scale


@pytest.mark.parametrize("peeks", [False, True])
def test_functions_shared_layers_and_models_that_need_values(peeks):
    model = Functional(peeks)
    found = trace(model, 1, (8, 8))
    assert edges(found) == [("first", ["input"]), ("twice", ["first"]), ("twice (2)", ["twice"])]
    table = layers.layers(found)
    total = layers.totals(table)[0]
    assert total.weights + total.other == sum(each.numel() for each in model.parameters())
    assert [each.weights for each in table if each.layer.startswith("twice")] == [16, 0]


def test_a_picture_that_does_not_fit():
    with pytest.raises(UsageError, match=r"^model: CNN cannot be run on a picture of 3 channels and 8×8 pixels: "):
        trace(CNN(1, 24), 3, (8, 8))


@every_network
def test_the_diagram_names_every_block_and_lies_within_its_frame(network):
    found = trace(network(3, 10), 3, (32, 32))
    svg = ElementTree.fromstring(diagram(found, "a <b> & c"))
    space = "{http://www.w3.org/2000/svg}"
    texts = [each.text for each in svg.iter(f"{space}text")]
    assert {part.name for part in blocks(found)} <= set(texts)
    assert texts[0].startswith("a <b> & c: ") and svg.get("aria-label") == "Diagram of a <b> & c"
    _, _, width, height = map(float, svg.get("viewBox").split())
    assert width < 700, "it fits a page"
    assert max(map(len, layers.text(layers.layers(found), "a network").splitlines())) <= 80
    boxes = [{key: float(value) for key, value in each.items() if key in ("x", "y", "width", "height")}
             for each in svg.iter(f"{space}rect")]  # fmt: skip
    for one, other in pairwise(boxes):
        assert one["y"] + one["height"] < other["y"], "below each other"
    assert all(one["x"] >= 0 and one["x"] + one["width"] <= width for one in boxes)
    assert boxes[-1]["y"] + boxes[-1]["height"] <= height
