"""Averages a trained network's outputs over symmetric versions of its input: a self-ensemble.

With two, these are the picture and its horizontal mirror image, which are equally likely photographs. All eight
symmetries of the square are for networks to which up and down do not matter either, such as those of super-resolution
(Timofte, Rothe & Van Gool 2016, "Seven ways to improve example-based single image super resolution",
https://arxiv.org/abs/1511.02228; Lim et al. 2017, "Enhanced deep residual networks for single image super-resolution").
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from colourize.answers.base import Answer
from colourize.errors import UsageError, one_line
from colourize.models.mirroring import mirrored

# For each number of symmetries: whether a picture is transposed, and along which dimensions it is flipped then.
SYMMETRIES: dict[int, list[tuple[bool, tuple[int, ...]]]] = {
    1: [(False, ())],
    2: [(False, ()), (False, (3,))],
    8: [(transposed, flipped) for transposed in (False, True) for flipped in ((), (2,), (3,), (2, 3))],
}


def check_symmetries(number: object) -> None:
    """Raise a UsageError unless the number of symmetries is supported."""
    if type(number) is not int or number not in SYMMETRIES:
        raise UsageError(f"test_time_symmetries={one_line(number)}: must be 1, 2 (mirror images) or 8 (of the square)")


def over_symmetries(
    outputs_of: Callable[[Tensor], Tensor], inputs: Tensor, answer: Answer, multiple: int, number: int
) -> Tensor:
    """The mean of the outputs for symmetric versions of inputs (N, C, H, W), each mapped back.

    Sides that are flipped or transposed are padded to multiples of `multiple` first, so that pooling sees the same
    pixels in a picture and in its pieces.

    Args:
        outputs_of: the network.
        answer: defines how outputs are averaged.
        multiple: the network's `size_multiple`.
        number: the number of symmetries, 1, 2 or 8.
    """
    height, width = inputs.shape[-2:]
    rows, columns = (-(-side // multiple) * multiple for side in (height, width))
    # Horizontal mirror images leave the rows in place.
    padded = mirrored(inputs, 0, rows if number > 2 else height, columns)
    mean = answer.mean_of(_answered(outputs_of, padded, *each) for each in SYMMETRIES[number])
    return mean[..., :height, :width] if answer.per_pixel else mean


def _answered(
    outputs_of: Callable[[Tensor], Tensor], inputs: Tensor, transposed: bool, flipped: tuple[int, ...]
) -> Tensor:
    """The outputs for one symmetric version of the inputs, mapped back."""
    outputs = outputs_of((inputs.mT if transposed else inputs).flip(flipped))
    if outputs.dim() == 2:  # one answer for the whole picture
        return outputs
    outputs = outputs.flip(flipped)
    return outputs.mT if transposed else outputs
