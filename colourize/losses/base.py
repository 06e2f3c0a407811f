"""What every loss offers."""

from __future__ import annotations

from torch import Tensor, nn

from colourize.answers.base import Answer
from colourize.data.batches import Pair


class Loss(nn.Module):
    """What training makes small: a number for a batch, the mean over its pictures.

    It is built only where it is needed, stays in evaluation mode, and none of it is learnt or saved: a network inside
    (for a loss on its features) is frozen.

    Attributes:
        name: what it is logged by where several losses add up; "": by its class' name.
        kinds: of the answers that it can be computed from, see `Answer.kind`.
        needs_files: whether building it reads files, such as a frozen network's weights: an evaluation does without
            such a loss.
    """

    name = ""
    kinds: tuple[str, ...] = ("values", "classes", "categories")
    needs_files = False

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        """The loss of outputs (N, answer.out_channels, H, W) for a batch, a scalar."""
        raise NotImplementedError
