"""Draws sheets of the feature maps of the network's blocks, for the same validation pictures after some epochs."""

from __future__ import annotations

from lightning import Trainer
from PIL import Image

from colourize.callbacks.samples import PictureSheets
from colourize.data.pictures import PictureData
from colourize.errors import check_count
from colourize.tasks.restoration import RestorationTask


class ActivationSheets(PictureSheets):
    """Shows feature maps of a copy of the network.

    Args:
        folder, num_pictures, every_n_epochs: see PictureSheets.
        count: the number of pictures from which mean, sparsity and dead channels are computed.
        modules: the names of modules, see `inspection.activations.record`; None: all blocks.
    """

    name = "activations"

    def __init__(
        self,
        folder: str,
        num_pictures: int = 2,
        count: int = 100,
        every_n_epochs: int = 1,
        modules: list[str] | None = None,
    ) -> None:
        super().__init__(folder, num_pictures, every_n_epochs)
        check_count("callbacks.activations.count", count, least=num_pictures)
        self.count, self.modules = count, None if modules is None else list(modules)

    def sheet(self, trainer: Trainer, task: RestorationTask, data: PictureData) -> Image.Image:
        from colourize.inspection.files import observe, sheets

        observed = observe(type(task.model).__name__, task, data, "val", self.count, self.modules)
        (sheet,) = sheets([observed], range(min(self.num_pictures, len(observed.pair.truth)))).values()
        return sheet
