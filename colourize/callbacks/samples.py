"""The same validation pictures after every epoch, as one labelled grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only

from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.figures.grid import labelled_grid
from colourize.files import whole_file
from colourize.tasks.restoration import RestorationTask


class SamplePictures(Callback):
    """Writes `<folder>/epoch-001.png`, …, and `best.png` when the best weights are tested; shows them in TensorBoard.

    Args:
        folder: where the PNG files go; it is made when the first one is written.
        num_pictures: how many of the first validation pictures.
        every_n_epochs: 0 draws only the best weights' grid.
    """

    def __init__(self, folder: str, num_pictures: int = 10, every_n_epochs: int = 1) -> None:
        if num_pictures < 1:
            raise UsageError(f"callbacks.samples.num_pictures={num_pictures}: must be at least 1")
        if every_n_epochs < 0:
            raise UsageError(f"callbacks.samples.every_n_epochs={every_n_epochs}: must be 0 or more")
        self.folder = Path(folder)
        self.num_pictures = num_pictures
        self.every_n_epochs = every_n_epochs

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        in_fit = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if in_fit and self.every_n_epochs and epoch % self.every_n_epochs == 0:
            self.draw(trainer, pl_module, f"epoch-{epoch:03d}")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.draw(trainer, pl_module, "best")

    @rank_zero_only
    def draw(self, trainer: Trainer, task: LightningModule, name: str) -> None:
        """Draw the grid of the task's present weights under a name."""
        data = getattr(trainer, "datamodule", None)
        if not (isinstance(task, RestorationTask) and isinstance(data, PictureData)):
            return
        # As the validation sees them, whatever is random about them.
        pair = task.make_pair(data.first("val", self.num_pictures).to(task.device))
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            outputs = task.outputs(pair)
        grid = labelled_grid(task.sample_rows(pair, outputs.float()))
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self.folder / f"{name}.png") as part:
            grid.save(part)
        if isinstance(trainer.logger, TensorBoardLogger):
            tag = "samples/best" if name == "best" else "samples/validation"
            trainer.logger.experiment.add_image(tag, np.asarray(grid), trainer.global_step, dataformats="HWC")
