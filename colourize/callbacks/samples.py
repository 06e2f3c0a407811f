"""Sheets of the same validation pictures after every epoch: predictions, and feature maps of the network's blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only
from PIL import Image

from colourize.data.pictures import PictureData
from colourize.errors import check_count
from colourize.figures.grid import labelled_grid
from colourize.figures.saving import save_sheet
from colourize.tasks.restoration import RestorationTask


class PictureSheets(Callback):
    """Writes `<folder>/epoch-001.png`, …, and `best.png` when the best weights are tested; shows them in TensorBoard.

    Drawing does not change the training by a bit.

    Args:
        folder: the folder of the PNG files; it is made when the first one is written.
        num_pictures: the number of validation pictures on the sheet, the first ones.
        every_n_epochs: the epochs between two sheets; 0: only the sheet of the best weights.
    """

    name = "sheets"  # the name of the callback in the configuration, and of its pictures in TensorBoard

    def __init__(self, folder: str, num_pictures: int, every_n_epochs: int) -> None:
        check_count(f"callbacks.{self.name}.num_pictures", num_pictures)
        check_count(f"callbacks.{self.name}.every_n_epochs", every_n_epochs, least=0)
        self.folder, self.num_pictures, self.every_n_epochs = Path(folder), num_pictures, every_n_epochs

    def sheet(self, task: RestorationTask, data: PictureData) -> Image.Image:
        """The sheet for the task's current weights."""
        raise NotImplementedError

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        in_fit = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if in_fit and self.every_n_epochs and epoch % self.every_n_epochs == 0:
            self._write(trainer, pl_module, f"epoch-{epoch:03d}", "validation")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer, pl_module, "best", "best")

    @rank_zero_only
    def _write(self, trainer: Trainer, task: LightningModule, name: str, tag: str) -> None:
        data = getattr(trainer, "datamodule", None)
        if not (isinstance(task, RestorationTask) and isinstance(data, PictureData)):
            return
        with trainer.precision_plugin.forward_context():
            sheet = self.sheet(task, data)
        save_sheet(self.folder / f"{name}.png", sheet)
        if isinstance(trainer.logger, TensorBoardLogger):
            writer = trainer.logger.experiment
            writer.add_image(f"{self.name}/{tag}", np.asarray(sheet), trainer.global_step, dataformats="HWC")


class SamplePictures(PictureSheets):
    """Shows inputs, predictions and the truth."""

    name = "samples"

    def __init__(self, folder: str, num_pictures: int = 10, every_n_epochs: int = 1) -> None:
        super().__init__(folder, num_pictures, every_n_epochs)

    def sheet(self, task: RestorationTask, data: PictureData) -> Image.Image:
        # Random inputs are the same as in the validation.
        pair = task.make_pair(data.first("val", self.num_pictures).to(task.device))
        with torch.no_grad():
            outputs = task.outputs(pair)
        return labelled_grid(task.sample_rows(pair, outputs.float()))


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

    def sheet(self, task: RestorationTask, data: PictureData) -> Image.Image:
        from colourize.inspection.files import observe, sheets

        observed = observe(type(task.model).__name__, task, data, "val", self.count, self.modules)
        (sheet,) = sheets([observed], range(min(self.num_pictures, len(observed.pair.truth)))).values()
        return sheet
