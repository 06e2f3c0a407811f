"""The base class of losses."""

from __future__ import annotations

from torch import Tensor, nn

from colourize.answers.base import Answer
from colourize.data.batches import Pair


class Loss(nn.Module):
    """What training minimises: a scalar for a batch, the mean over its pictures.

    A loss is built only where it is needed and stays in evaluation mode. Nothing in it is learnt or saved; a network
    inside it (for a loss on features) is frozen.

    Attributes:
        name: the name that it is logged by in a weighted sum; "": its class' name.
        kinds: the kinds of answers that it can be computed from, see `Answer.kind`.
        needs_files: whether building it reads files, such as the weights of a frozen network. An evaluation leaves out
            such a loss.
    """

    name = ""
    kinds: tuple[str, ...] = ("values", "classes", "categories")
    needs_files = False

    def forward(self, outputs: Tensor, pair: Pair, answer: Answer) -> Tensor:
        """The loss of outputs (N, answer.out_channels, H, W) for a batch, a scalar."""
        raise NotImplementedError
