"""How the outputs change with other orders of max-pool, ReLU and batch norm and the same weights (question F2)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from colourize.models.encoder_decoder import BLOCK_ORDERS, EncoderDecoder


def with_order(model: EncoderDecoder, order: str) -> EncoderDecoder:
    """A network in evaluation mode with the same weights and another order of layers in the blocks that pool."""
    other = type(model)(
        model.in_channels, model.out_channels, model.num_filters, model.kernel_size, model.num_filters_last, order,
        model.middle_blocks if model.has_middle else None,
    )  # fmt: skip
    other.load_state_dict(model.state_dict())
    return other.to(next(model.parameters()).device).to(memory_format=torch.channels_last).eval()


@torch.no_grad()
def order_differences(model: EncoderDecoder, inputs: Tensor, *, classes: bool) -> list[dict[str, Any]]:
    """How each order's outputs differ from those of the network's own order, with the same weights.

    Each order has a row: the number of `negative_scales` in the batch norms of blocks that pool (only these matter in
    evaluation, as the largest of four numbers becomes the smallest), whether the outputs are bitwise `equal`, their
    `largest` and root mean square difference (`rms`), the root mean square of the outputs (`outputs_rms`), and, for
    classifiers, the share of pixels whose likeliest class changes (`classes_changed`). Three more rows follow, in which
    every second scale of these batch norms is made negative.

    Args:
        inputs: (N, in_channels, H, W).
        classes: whether the outputs are logits.
    """
    trained, negated = (with_order(model, model.block_order) for _ in range(2))
    for norm in _pooled_norms(negated):
        norm.weight[::2] *= -1
    lines: list[dict[str, Any]] = []
    for scales, one in (("as trained", trained), ("every second negated", negated)):
        outputs = one(inputs).float()
        negative = sum(int((norm.weight < 0).sum()) for norm in _pooled_norms(one))
        for order in BLOCK_ORDERS:
            others = with_order(one, order)(inputs).float()
            difference = others - outputs
            line = {
                "order": order, "scales": scales, "negative_scales": negative,
                "equal": torch.equal(outputs, others), "largest": float(difference.abs().max()),
                "rms": float(difference.square().mean().sqrt()), "outputs_rms": float(outputs.square().mean().sqrt()),
            }  # fmt: skip
            if classes:
                line["classes_changed"] = float((outputs.argmax(1) != others.argmax(1)).float().mean())
            lines.append(line)
    return lines


def _pooled_norms(model: EncoderDecoder) -> list[nn.BatchNorm2d]:
    blocks = [[*block.children()] for block in model.children()]
    pooling = [layers for layers in blocks if any(isinstance(layer, nn.MaxPool2d) for layer in layers)]
    return [layer for layers in pooling for layer in layers if isinstance(layer, nn.BatchNorm2d)]
