"""The hidden block (and question F2), pictures of any size, and what a wrong setting is told."""

import numpy as np
import pytest
import torch

from colourize.models import StridedUNet, UNet, encoder_decoder


@pytest.mark.parametrize(("size", "padded_size"), [
    ((30, 29), (32, 32)),
    ((32, 7), (32, 8)),
    ((3, 5), (4, 8)),
    ((2, 3), (4, 4)),
    ((1, 1), (4, 4)),
])  # fmt: skip
def test_other_sizes_are_padded_and_cropped(size, padded_size):
    torch.manual_seed(0)
    model = UNet(1, 3, num_filters=4).eval()
    inputs = torch.randn(2, 1, *size)
    margins = [(0, 0), (0, 0), *((0, more - less) for less, more in zip(size, padded_size, strict=True))]
    padded = torch.from_numpy(np.pad(inputs.numpy(), margins, mode="reflect"))
    torch.testing.assert_close(model(inputs), model(padded)[..., : size[0], : size[1]])


def test_multiples_of_four_are_not_padded(monkeypatch):
    model = StridedUNet(1, 3, num_filters=2).eval()
    inputs = torch.randn(1, 1, 8, 12)
    expected = model.forward_aligned(inputs)
    monkeypatch.setattr(encoder_decoder, "mirrored", None)  # any use of it fails
    assert torch.equal(model(inputs), expected)


def test_last_width_is_one_filter_per_output_but_no_more_than_64():
    for outputs, last in ((3, 3), (24, 24), (64, 64), (65, 64), (313, 64)):
        model = UNet(1, outputs, num_filters=2).eval()
        assert model.num_filters_last == model.up2.norm.num_features == last
        assert model(torch.zeros(1, 1, 4, 4)).shape == (1, outputs, 4, 4)
    assert UNet(1, 313, num_filters=2, num_filters_last=100).up2.norm.num_features == 100  # who asks gets more
