"""The LightningModule that wraps a network: the loop that all tasks share."""

from colourize.data.batches import Pair
from colourize.tasks.restoration import RestorationTask

__all__ = ["Pair", "RestorationTask"]
