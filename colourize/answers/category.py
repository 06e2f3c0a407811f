"""What a picture shows: the network predicts one distribution over categories for the whole picture."""

from __future__ import annotations

from torch import Tensor

from colourize.answers.base import Answer
from colourize.data.batches import Batch
from colourize.errors import UsageError, check_count


class Category(Answer):
    """The category of a whole picture, as its source labels it. It does not decode to a picture.

    Outputs: logits (N, num_categories).

    Args:
        num_categories: the number of categories; CIFAR-10 has ten, also when fewer are chosen.
    """

    kind = "categories"
    per_pixel = False

    def __init__(self, num_categories: int = 10) -> None:
        super().__init__()
        check_count("task.answer.num_categories", num_categories, least=2)
        self.out_channels = num_categories

    def encode(self, truth: Tensor, batch: Batch) -> Tensor:
        """The pictures' labels, (N,) int64."""
        if batch.labels is None:
            raise UsageError("data: these pictures have no categories; data=cifar10 data.category=all has")
        return batch.labels

    def pictures(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        return {}
