"""Super-resolution by residual blocks: where it works, what it reads, its weights, and what it is refused for."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from colourize.errors import UsageError
from colourize.models import ResidualSR


@pytest.mark.parametrize("scale_factor", [2, 4, 8])
def test_it_works_at_the_low_resolution_and_doubles_at_the_end(scale_factor):
    model = ResidualSR(3, 5, num_filters=4, num_blocks=3, scale_factor=scale_factor)
    sizes: dict[str, int] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda module, args, out, name=name: sizes.update({name: out.shape[-1]}))
    assert model(torch.rand(2, 3, 16, 24)).shape == (2, 5, 16, 24)
    low = 24 // scale_factor
    assert {sizes[name] for name in sizes if name.startswith(("first", "blocks"))} == {low}
    assert [sizes[name] for name in sizes if name.startswith("up")] == [low * 2**n for n in range(len(model.up))]
    assert sizes["last"] == 24 and len(model.up) == {2: 1, 4: 2, 8: 3}[scale_factor]


def test_each_block_of_equal_pixels_is_one_pixel():
    model = ResidualSR(3, 3, num_filters=4, scale_factor=4).eval()
    low = torch.rand(1, 3, 3, 5)
    seen: list[torch.Tensor] = []
    model.first.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    model(F.interpolate(low, scale_factor=4, mode="nearest"))
    assert torch.equal(seen[0], low)


def test_parameters_by_hand():
    """9×9 in and out; in a block two 3×3 and two norms; for each doubling a 3×3 to four times the channels, a norm."""
    width, blocks = 6, 3
    first, last = 81 * 3 * width + width, 81 * width * 3 + 3
    block = 2 * (9 * width * width + width + 2 * width)
    double = 9 * width * 4 * width + 4 * width + 2 * width
    model = ResidualSR(3, 3, width, blocks, 4)
    assert sum(each.numel() for each in model.parameters()) == first + blocks * block + 2 * double + last


def test_no_chequered_pattern_at_the_start():
    up = ResidualSR(3, 3, num_filters=4, scale_factor=2).up.eval()
    outputs = up(torch.randn(1, 4, 5, 6))
    assert torch.equal(outputs, outputs[..., ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_a_block_without_change_is_identity():
    model = ResidualSR(3, 3, num_filters=4).eval()
    nn.init.zeros_(model.blocks[0].change[4].weight)
    hidden = torch.randn(1, 4, 5, 5)
    assert torch.equal(model.blocks[0](hidden), hidden)  # also where it is negative


def test_the_factor_is_the_degradations(tiny_task):
    def model(**arguments: int) -> dict[str, object]:
        return {"_target_": "colourize.models.ResidualSR", "num_filters": 2, **arguments}

    assert tiny_task("low", "regression", model=model(scale_factor=4)).model.scale_factor == 4
    with pytest.raises(UsageError, match=r"^model\.scale_factor=2: must be task\.degradation\.scale_factor, 4$"):
        tiny_task("low", "regression", model=model(scale_factor=2))
    with pytest.raises(UsageError, match=r"^model: ResidualSR enlarges small pictures; degradation=low_resolution"):
        tiny_task("grey", "regression", model=model())
