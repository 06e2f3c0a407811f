"""What layers answer: against the network's own arithmetic, statistics by hand, scales that are shared."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from colourize.errors import UsageError
from colourize.inspection.activations import Activations, record
from colourize.inspection.block_order import order_differences
from colourize.inspection.sheets import Column, activation_sheet, scales
from colourize.models import CNN, UNet


@torch.no_grad()
def test_blocks_answer_as_the_diagram_says_and_the_network_is_not_changed():
    torch.manual_seed(0)
    model, inputs = UNet(1, 5, num_filters=4).train(), torch.rand(3, 1, 16, 16)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = {each.name: each.values for each in record(model, inputs)}
    assert model.training and all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
    model.eval()  # the U-Net written out, without any folding
    down1 = model.down1(inputs)
    down2 = model.down2(down1)
    middle = model.middle(down2)
    up1 = model.up1(torch.cat([middle, down2], 1))
    up2 = model.up2(torch.cat([up1, down1], 1))
    final = model.final(torch.cat([up2, inputs], 1))
    assert list(found) == ["down1", "down2", "middle", "up1", "up2", "final"]
    for each, expected in zip(found.values(), (down1, down2, middle, up1, up2, final), strict=True):
        assert torch.equal(each, expected)


@torch.no_grad()
def test_any_module():
    model, inputs = UNet(1, 5, num_filters=4).eval(), torch.rand(2, 1, 8, 8)
    names = ["down1.conv", "down1.norm", "up2.relu", "up2"]
    found = {each.name: each.values for each in record(model, inputs, names)}
    assert list(found) == names
    assert torch.equal(found["down1.norm"], model.down1.norm(model.down1.conv(inputs)))
    assert found["down1.norm"].min() < 0
    assert found["up2"].shape[2:] == (8, 8) and found["up2.relu"].shape[2:] == (4, 4)
    with pytest.raises(UsageError, match=r"^modules=down9: there is no such layer; must be some of down1, down1\.conv"):
        record(model, inputs, ["down9"])
    model.unused = nn.ReLU()
    with pytest.raises(UsageError, match=r"^modules=unused: UNet never runs this layer"):
        record(model, inputs, ["unused"])
    twice = nn.Sequential(nn.Conv2d(1, 2, 1), layer := nn.ReLU(), nn.Conv2d(2, 2, 1), layer)
    assert [each.name for each in record(twice, torch.rand(1, 1, 4, 4), ["1"])] == ["1", "1 (2)"]


def test_statistics_by_hand():
    values = torch.tensor([[[[0.0, 2.0]], [[3.0, 3.0]], [[0.0, 0.0]]], [[[1.0, 0.0]], [[3.0, 3.0]], [[0.0, 4.0]]]])
    found = Activations("layer", values)
    assert found.dead == [1]  # silent in the first picture alone is not dead
    assert found.describe() == {
        "layer": "layer", "shape": "3×1×2", "mean": pytest.approx(19 / 12), "sparsity": pytest.approx(5 / 12),
        "channels": 3, "dead": 1, "pictures": 2,
    }  # fmt: skip


def column(answer="", **layers):
    recorded = [Activations(name, values[None]) for name, values in layers.items()]
    return Column("net", {"grey": torch.rand(3, 8, 8)}, recorded, 0, answer)


def test_a_layer_has_one_scale_in_all_columns():
    one = column(down=torch.full((4, 8, 8), 1.0), final=torch.full((3, 8, 8), -2.0), answer="RGB")
    two = column(down=torch.full((4, 8, 8), 5.0), final=torch.full((3, 8, 8), 9.0), answer="PaletteClasses")
    # RGB and logits have no common one.
    assert scales([one, two]) == {("down", ""): (0, 5), ("final", "RGB"): (-2, 2), ("final", "PaletteClasses"): (0, 9)}
    sheet, alone = (np.asarray(activation_sheet(each)).astype(int) for each in ([one, two], [one]))
    assert sheet.shape[0] == alone.shape[0] and sheet.shape[1] > alone.shape[1]
    assert sheet[:, : alone.shape[1]].sum() < alone.sum()  # darker beside a louder network


def test_dead_channels_have_a_red_frame():
    values = torch.rand(2, 4, 8, 8)
    values[:, 2] = 0
    made = Column("net", {"grey": torch.rand(3, 8, 8)}, [Activations("down", values)], 0)
    red = (np.asarray(activation_sheet([made])) == (214, 39, 40)).all(-1)
    assert red.any(0).sum() == 62  # one map wide
    # Networks with other layers stand beside each other.
    models = [CNN(1, 5, num_filters=40), nn.Sequential(nn.Conv2d(1, 70, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())]
    columns = [Column("net", {}, record(each.eval(), torch.rand(2, 1, 16, 16)), 1) for each in models]
    assert activation_sheet(columns, "title").size[0] > 1000


def test_the_orders_differ_by_negative_scales_alone():
    torch.manual_seed(0)
    model = CNN(1, 5, num_filters=8).eval()
    lines = order_differences(model, 3 * torch.randn(4, 1, 16, 16), classes=True)
    assert [line["negative_scales"] for line in lines] == [0, 0, 0, 12, 12, 12]
    # The course's, and max-pool before ReLU, are equal in any case; before batch norm only without negative scales.
    assert [line["equal"] for line in lines[:2] + lines[3:5]] == [True] * 4
    assert lines[2]["largest"] < 1e-5 and lines[5]["largest"] > 0.01 and "classes_changed" in lines[5]
    assert not (model.down1.norm.weight < 0).any(), "the network itself stays as it was"
