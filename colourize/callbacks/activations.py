"""What the network's blocks answer to the same validation pictures, as a sheet of feature maps after some epochs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities import rank_zero_only

from colourize.data.pictures import PictureData
from colourize.errors import check_count
from colourize.files import whole_file
from colourize.tasks.restoration import RestorationTask


class ActivationSheets(Callback):
    """Writes `<folder>/epoch-001.png`, …, and `best.png` with the best weights; shows them in TensorBoard.

    The network is copied to be looked at: its training stays the same to the bit.

    Args:
        folder: where the PNG files go; it is made when the first one is written.
        num_pictures: how many of the first validation pictures stand side by side.
        count: so many of them are behind mean, sparsity and dead channels.
        every_n_epochs: 0 draws only the best weights' sheet.
        modules: whose feature maps, see `inspection.activations.record`; None: each block's.
    """

    def __init__(
        self,
        folder: str,
        num_pictures: int = 2,
        count: int = 100,
        every_n_epochs: int = 1,
        modules: list[str] | None = None,
    ) -> None:
        check_count("callbacks.activations.num_pictures", num_pictures)
        check_count("callbacks.activations.count", count, least=num_pictures)
        check_count("callbacks.activations.every_n_epochs", every_n_epochs, least=0)
        self.folder = Path(folder)
        self.num_pictures, self.count, self.every_n_epochs = num_pictures, count, every_n_epochs
        self.modules = None if modules is None else list(modules)

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        in_fit = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if in_fit and self.every_n_epochs and epoch % self.every_n_epochs == 0:
            self.draw(trainer, pl_module, f"epoch-{epoch:03d}")

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.draw(trainer, pl_module, "best")

    @rank_zero_only
    def draw(self, trainer: Trainer, task: LightningModule, name: str) -> None:
        """Draw the sheet of the task's present weights under a name."""
        from colourize.inspection.files import observe, sheets

        data = getattr(trainer, "datamodule", None)
        if not (isinstance(task, RestorationTask) and isinstance(data, PictureData)):
            return
        with trainer.precision_plugin.forward_context():
            observed = observe(type(task.model).__name__, task, data, "val", self.count, self.modules)
        shown = range(min(self.num_pictures, len(observed.pair.truth)))
        (sheet,) = sheets([observed], shown).values()
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole_file(self.folder / f"{name}.png") as part:
            sheet.save(part)
        if isinstance(trainer.logger, TensorBoardLogger):
            tag = "activations/best" if name == "best" else "activations/validation"
            trainer.logger.experiment.add_image(tag, np.asarray(sheet), trainer.global_step, dataformats="HWC")
