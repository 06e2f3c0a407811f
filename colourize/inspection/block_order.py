"""Max-pool, ReLU and batch norm in other orders with the same weights: how much the answers change (question F2)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from colourize.models.encoder_decoder import BLOCK_ORDERS, EncoderDecoder


def negative_scales(model: EncoderDecoder) -> dict[str, tuple[int, int]]:
    """By the block that pools: how many channels of its batch norm have a negative scale, and how many it has.

    Only these make a difference in evaluation: the largest of four numbers becomes the smallest there.
    """
    return {name: (int((norm.weight < 0).sum()), norm.num_features) for name, norm in pooled_norms(model).items()}


def pooled_norms(model: EncoderDecoder) -> dict[str, nn.BatchNorm2d]:
    """The batch norms of the blocks that pool, by block."""
    found: dict[str, nn.BatchNorm2d] = {}
    for name, block in model.named_children():
        if any(isinstance(layer, nn.MaxPool2d) for layer in block.children()):
            found[name] = next(layer for layer in block.children() if isinstance(layer, nn.BatchNorm2d))
    return found


def with_order(model: EncoderDecoder, order: str) -> EncoderDecoder:
    """A network of the same weights whose blocks that pool have another order, in evaluation mode."""
    other = type(model)(
        model.in_channels, model.out_channels, model.num_filters, model.kernel_size, model.num_filters_last, order,
        model.middle_blocks if model.has_middle else None,
    )  # fmt: skip
    other.load_state_dict(model.state_dict())
    return other.to(next(model.parameters()).device).to(memory_format=torch.channels_last).eval()


@torch.no_grad()
def order_differences(model: EncoderDecoder, inputs: Tensor, *, classes: bool) -> list[dict[str, Any]]:
    """How each order's answers to inputs differ from those of the network's own order, with the same weights.

    A line for each order: `negative_scales` of all batch norms of blocks that pool, whether the outputs are `equal` to
    the last bit, the `largest` difference, the root mean square one as `rms`, and that of the outputs themselves as
    `outputs_rms`; of classifiers the share of pixels whose likeliest class changes, `classes_changed`. Then three more
    with every second scale of these batch norms made negative, in all orders alike.

    Args:
        inputs: (N, in_channels, H, W).
        classes: whether the outputs are logits.
    """
    return [
        {**_difference(one, with_order(one, order), inputs, classes), "order": order, "scales": scales}
        for scales, one in (
            ("as trained", with_order(model, model.block_order)),
            ("every second negated", _negated(model)),
        )
        for order in BLOCK_ORDERS
    ]


def _negated(model: EncoderDecoder) -> EncoderDecoder:
    other = with_order(model, model.block_order)
    for norm in pooled_norms(other).values():
        norm.weight.data[::2] *= -1
    return other


def _difference(one: EncoderDecoder, other: EncoderDecoder, inputs: Tensor, classes: bool) -> dict[str, Any]:
    outputs, others = one(inputs).float(), other(inputs).float()
    difference = others - outputs
    line: dict[str, Any] = {
        "order": "", "scales": "", "negative_scales": sum(count for count, _ in negative_scales(one).values()),
        "equal": torch.equal(outputs, others), "largest": float(difference.abs().max()),
        "rms": float(difference.square().mean().sqrt()), "outputs_rms": float(outputs.square().mean().sqrt()),
    }  # fmt: skip
    if classes:
        line["classes_changed"] = float((outputs.argmax(1) != others.argmax(1)).float().mean())
    return line
