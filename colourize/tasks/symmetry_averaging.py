"""Averages over symmetric pictures when a trained network is used: self-ensembles.

Two are a picture and its mirror image, left to right, of which a network of photographs has learnt no difference. All
eight symmetries of the square are for networks that know no up and down either, such as those of super-resolution
(Timofte, Rothe & Van Gool 2016, "Seven ways to improve example-based single image super resolution",
https://arxiv.org/abs/1511.02228; Lim et al. 2017, "Enhanced deep residual networks for single image super-resolution").
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from colourize.answers.base import Answer
from colourize.errors import UsageError, one_line
from colourize.models.mirroring import mirrored

# By number: whether a picture is transposed, and then along which dimensions it is flipped.
SYMMETRIES: dict[int, list[tuple[bool, tuple[int, ...]]]] = {
    1: [(False, ())],
    2: [(False, ()), (False, (3,))],
    8: [(transposed, flipped) for transposed in (False, True) for flipped in ((), (2,), (3,), (2, 3))],
}


def check_symmetries(number: object) -> None:
    """Raise a UsageError for a number of symmetries that there is not."""
    if type(number) is not int or number not in SYMMETRIES:
        raise UsageError(f"test_time_symmetries={one_line(number)}: must be 1, 2 (mirror images) or 8 (of the square)")


def over_symmetries(
    outputs_of: Callable[[Tensor], Tensor], inputs: Tensor, answer: Answer, multiple: int, number: int
) -> Tensor:
    """The mean of what is answered to inputs (N, C, H, W) in so many positions, each turned back.

    All are given sides of whole multiples where these are turned, so that pooling meets the same pixels in a picture
    and in its pieces.

    Args:
        outputs_of: the network.
        answer: that its outputs are of.
        multiple: the network's `size_multiple`.
        number: of symmetries, 1, 2 or 8.
    """
    height, width = inputs.shape[-2:]
    rows, columns = (-(-side // multiple) * multiple for side in (height, width))
    # Mirror images leave the rows where they are.
    padded = mirrored(inputs, 0, rows if number > 2 else height, columns)
    found = answer.mean_of(_answered(outputs_of, padded, *each) for each in SYMMETRIES[number])
    return found[..., :height, :width] if answer.per_pixel else found


def _answered(
    outputs_of: Callable[[Tensor], Tensor], inputs: Tensor, transposed: bool, flipped: tuple[int, ...]
) -> Tensor:
    """What is answered to a picture in another position, turned back."""
    outputs = outputs_of((inputs.mT if transposed else inputs).flip(flipped))
    if outputs.dim() == 2:  # of whole pictures
        return outputs
    outputs = outputs.flip(flipped)
    return outputs.mT if transposed else outputs
