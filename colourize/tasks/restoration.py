"""The loop that all tasks share: degrade a true picture, predict, compare.

Tasks differ in two ways, and neither is copied to vary the other: *what the network is given* is a degradation
(`colourize.degradations.base`), a configured part; *what it answers* is a subclass here that overrides hooks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from hydra.utils import instantiate
from lightning import LightningModule
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from colourize import __version__
from colourize.data.pictures import divisor
from colourize.degradations.base import Degradation
from colourize.errors import UsageError
from colourize.measures.pixel import picture_measures


class Pair(NamedTuple):
    """A batch as a task sees it."""

    inputs: Tensor  # (N, in_channels, H, W): what the network is given
    target: Tensor  # what it must answer: (N, 3, H, W) RGB or (N, H, W) labels
    truth: Tensor  # (N, 3, H, W): the true picture, RGB in [0, 1]


class RestorationTask(LightningModule):
    """A model, a degradation, an optimiser: everything but what the answer is.

    A subclass overrides `target` and `loss` (what is learned) and `prediction` (how outputs become a picture), and
    where it has measures of its own `update_measures`; its constructor ends with `save_hyperparameters`. All
    arguments are plain values, so that a checkpoint alone rebuilds the task (`colourize.load`).

    Args:
        model: `_target_` and arguments of the network; it is built with `in_channels` and `out_channels` added.
        degradation: `_target_` and arguments of a `Degradation`.
        optimizer: `_target_` and arguments of a torch optimiser.
        out_channels: what the network answers at each pixel.
        lr_scheduler: None, or `_target_` and arguments of a torch scheduler; `interval` ("step" or "epoch") says
            when it steps, and an argument whose value is the word "total_steps" gets the number of training steps.
        protocol: the data's, "honest" or "course": it says what a pixel is divided by.
    """

    def __init__(
        self,
        model: dict[str, Any],
        degradation: dict[str, Any],
        optimizer: dict[str, Any],
        *,
        out_channels: int,
        lr_scheduler: dict[str, Any] | None = None,
        protocol: str = "honest",
    ) -> None:
        super().__init__()
        self.degradation: Degradation = instantiate(degradation)
        network: nn.Module = instantiate(model, in_channels=self.degradation.channels, out_channels=out_channels)
        # The same numbers in another order: convolutions and above all max-pooling are faster so.
        self.model = network.to(memory_format=torch.channels_last)
        if not isinstance(optimizer.get("lr"), (int, float)) or not optimizer["lr"] >= 0:
            raise UsageError(f"task.optimizer.lr={optimizer.get('lr')}: must be a number of at least 0")
        interval = (lr_scheduler or {}).get("interval", "epoch")
        if interval not in ("step", "epoch"):
            raise UsageError(f"task.lr_scheduler.interval={interval}: must be step or epoch")
        self.optimizer_config = optimizer
        self.lr_scheduler_config = lr_scheduler
        self.divisor = divisor(protocol)
        self.val_loss, self.test_loss = MeanMetric(), MeanMetric()
        # A quick PSNR after each epoch, all measures at the end.
        self.val_measures = picture_measures("val/", ssim=False)
        self.test_measures = picture_measures("test/")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Beside Lightning's own hyperparameters of task and data: whose they are, so that a file rebuilds itself."""
        data = getattr(self.trainer, "datamodule", None)
        checkpoint["colourize"] = {
            "version": __version__,
            "task": qualified_name(self),
            "data": qualified_name(data) if data is not None else None,
            "precision": self.trainer.precision,
        }

    # The hooks that make a task.

    def target(self, truth: Tensor) -> Tensor:
        """What the network must answer for true pictures (N, 3, H, W)."""
        raise NotImplementedError

    def loss(self, outputs: Tensor, target: Tensor) -> Tensor:
        """The loss to train with, a scalar: the mean over the batch."""
        raise NotImplementedError

    def prediction(self, outputs: Tensor) -> Tensor:
        """Outputs as the picture that is measured, (N, 3, H, W), RGB in [0, 1]."""
        raise NotImplementedError

    def pictures(self, outputs: Tensor) -> dict[str, Tensor]:
        """All pictures that can be read from outputs, by name; the prediction comes first."""
        return {"prediction": self.prediction(outputs)}

    def quantised(self, truth: Tensor) -> dict[str, Tensor]:
        """The best picture that the task's answers could give, where that is not the truth itself."""
        return {}

    def update_measures(self, stage: str, outputs: Tensor, pair: Pair) -> None:
        """Update and log the measures of a validation or test batch."""
        measures = self.val_measures if stage == "val" else self.test_measures
        self.measure(measures, self.prediction(outputs), pair.truth)

    def measure(self, measures: MetricCollection, pictures: Tensor, truth: Tensor) -> None:
        """Update and log the measures of a batch's pictures."""
        measures.update(pictures.contiguous(), truth.contiguous())  # some of torchmetrics' take views of them
        self.log_dict(measures, on_step=False, on_epoch=True, batch_size=len(truth))

    # What all tasks do alike.

    def make_pair(self, pictures: Tensor) -> Pair:
        """uint8 pictures (N, H, W, 3) on any device → what the task learns from, in one vectorised place."""
        # Pictures lie in memory with their channels last, and stay so: the models' layout, too.
        truth = pictures.permute(0, 3, 1, 2).float() / self.divisor
        return Pair(self.degradation(truth), self.target(truth), truth)

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, in_channels, H, W) → the model's output, (N, out_channels, H, W)."""
        return self.model(inputs)

    def training_step(self, pair: Pair, batch_idx: int) -> Tensor:
        loss = self.loss(self(pair.inputs), pair.target)
        self.log("train/loss", loss, on_epoch=True, on_step=False, sync_dist=True, batch_size=len(pair.truth))
        return loss

    def validation_step(self, pair: Pair, batch_idx: int) -> None:
        self._evaluate(pair, "val", self.val_loss)

    def test_step(self, pair: Pair, batch_idx: int) -> None:
        self._evaluate(pair, "test", self.test_loss)

    def _evaluate(self, pair: Pair, stage: str, mean_loss: MeanMetric) -> None:
        outputs = self(pair.inputs)
        # Whatever the network computes in, what is measured of it is measured in float32.
        with torch.autocast(self.device.type, enabled=False):
            outputs = outputs.float()
            # Not the loss itself: Lightning's mean over processes divides by a rounded number of pictures.
            mean_loss.update(self.loss(outputs, pair.target), len(pair.truth))
            self.log(f"{stage}/loss", mean_loss, on_step=False, on_epoch=True, prog_bar=True)
            self.update_measures(stage, outputs, pair)

    def sample_rows(self, pair: Pair, outputs: Tensor) -> dict[str, Tensor]:
        """Pictures to look at, label → (N, 3, H, W): the input, the answers, simple methods, the truth."""
        return {
            self.degradation.name: self.degradation.show(pair.inputs),
            **self.pictures(outputs),
            **self.degradation.references(pair.truth),
            **self.quantised(pair.truth),
            "truth": pair.truth,
        }

    def build_optimizer(self) -> torch.optim.Optimizer:
        """The optimiser of the configuration, over all parameters.

        Raises:
            UsageError: an argument that it does not take.
        """
        try:
            return instantiate(self.optimizer_config, self.parameters())
        except Exception as error:
            raise UsageError(f"task.optimizer={self.optimizer_config}: {error.__cause__ or error}") from error

    def build_scheduler(self, optimizer: torch.optim.Optimizer, total_steps: int) -> Any:
        """The learning-rate schedule of the configuration, if there is one, for a run of so many steps.

        Raises:
            UsageError: an argument that it does not take.
        """
        if self.lr_scheduler_config is None:
            return None
        arguments = {key: value for key, value in self.lr_scheduler_config.items() if key != "interval"}
        arguments = {key: total_steps if value == "total_steps" else value for key, value in arguments.items()}
        try:
            return instantiate(arguments, optimizer=optimizer)
        except Exception as error:
            raise UsageError(f"task.lr_scheduler={self.lr_scheduler_config}: {error.__cause__ or error}") from error

    def configure_optimizers(self) -> Any:
        optimizer = self.build_optimizer()
        if self.lr_scheduler_config is None:
            return optimizer
        scheduler = self.build_scheduler(optimizer, int(self.trainer.estimated_stepping_batches))
        interval = self.lr_scheduler_config.get("interval", "epoch")
        # `monitor` serves ReduceLROnPlateau; the others ignore it.
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": interval, "monitor": "val/loss"},
        }


def qualified_name(thing: object) -> str:
    """The dotted path of an object's class."""
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
