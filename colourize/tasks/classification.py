"""Pictures by classification: the network answers a distribution over a palette's colours."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy

from colourize.colour.palette import Palette
from colourize.measures.pixel import picture_measures
from colourize.tasks.restoration import Pair, RestorationTask


class Classification(RestorationTask):
    """Learns the class of every pixel, its nearest palette colour, by cross-entropy (the assignment's parts B to D).

    Outputs: logits (N, K, H, W). Two pictures can be read from them: "prediction", the most likely colour, and
    "expected colour", the mean of the distribution, whose measures are logged with the postfix `_expected`.

    Args:
        palette: (K, 3) RGB in [0, 1] as plain numbers; it travels in the checkpoint.
        The rest: see `RestorationTask`.
    """

    def __init__(
        self,
        model: dict[str, Any],
        degradation: dict[str, Any],
        optimizer: dict[str, Any],
        palette: list[list[float]],
        lr_scheduler: dict[str, Any] | None = None,
        protocol: str = "honest",
    ) -> None:
        colours = Palette(palette)
        super().__init__(
            model, degradation, optimizer, out_channels=len(colours), lr_scheduler=lr_scheduler, protocol=protocol
        )
        self.palette = colours
        self.save_hyperparameters(logger=False)
        # average="micro": the share of all pixels; torchmetrics' default would average over classes.
        self.val_accuracy = MulticlassAccuracy(len(colours), average="micro", validate_args=False)
        self.test_accuracy = self.val_accuracy.clone()
        self.test_cross_entropy = MeanMetric()
        self.test_measures_expected = picture_measures("test/", "_expected")

    def target(self, truth: Tensor) -> Tensor:
        return self.palette.labels(truth)

    def loss(self, outputs: Tensor, target: Tensor) -> Tensor:
        # Where channels lie last in memory, this is the same memory as a plain (pixels, K) table, and softmax over a
        # table's rows is faster than over the second of four dimensions.
        return F.cross_entropy(outputs.movedim(1, -1).reshape(-1, outputs.shape[1]), target.flatten())

    def prediction(self, outputs: Tensor) -> Tensor:
        return self.palette.picture(outputs.argmax(1))

    def expected(self, outputs: Tensor) -> Tensor:
        """The mean colour of the predicted distribution at each pixel, (N, 3, H, W), RGB in [0, 1]."""
        return self.palette.expected(outputs.softmax(1))

    def pictures(self, outputs: Tensor) -> dict[str, Tensor]:
        return {**super().pictures(outputs), "expected colour": self.expected(outputs)}

    def quantised(self, truth: Tensor) -> dict[str, Tensor]:
        return {"quantised truth": self.palette.picture(self.palette.labels(truth))}

    def update_measures(self, stage: str, outputs: Tensor, pair: Pair) -> None:
        super().update_measures(stage, outputs, pair)
        accuracy = self.val_accuracy if stage == "val" else self.test_accuracy
        accuracy.update(outputs.argmax(1), pair.target)
        logging: dict[str, Any] = {"on_step": False, "on_epoch": True, "batch_size": len(pair.truth)}
        self.log(f"{stage}/accuracy", accuracy, prog_bar=True, **logging)
        if stage == "test":
            self.test_cross_entropy.update(self.loss(outputs, pair.target), len(pair.truth))
            self.log("test/cross_entropy", self.test_cross_entropy, **logging)
            self.measure(self.test_measures_expected, self.expected(outputs), pair.truth)
