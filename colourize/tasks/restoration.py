"""The loop that all tasks share: degrade a true picture, predict, compare."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor, nn

from colourize import __version__
from colourize.answers.base import Answer
from colourize.configuration import build_part
from colourize.data.batches import Batch, Pair, as_batch
from colourize.data.fitting import Fitted, Training
from colourize.degradations.base import Degradation
from colourize.errors import UsageError
from colourize.losses.base import Loss
from colourize.losses.weighted_sum import WeightedSum, build_loss, describe_loss, is_sum
from colourize.measures.base import Measure, PictureBatch
from colourize.measures.registry import EPOCH, choose
from colourize.measures.tally import BatchMean, Tally
from colourize.models.baselines import Baseline
from colourize.models.flops import flops_per_picture
from colourize.tasks.compatibility import check_answer, check_model
from colourize.tasks.optimisation import build_optimizer, build_scheduler, count_steps
from colourize.tasks.symmetry_averaging import over_symmetries


class RestorationTask(LightningModule):
    """A network with its input, its target and its training objective.

    These are three configured parts: `degradation` makes the input, `answer` defines the outputs and the target, and
    `loss` is minimised. Parts that need fitting are built with the others and fitted afterwards (`fit_parts`). All
    arguments are plain values, so that a checkpoint alone rebuilds the task (`colourize.load`).

    Args:
        model: `_target_` and arguments of the network; `in_channels` and `out_channels` are added when it is built.
        degradation, answer, loss: `_target_` and arguments of a `Degradation`, an `Answer` and a `Loss`. The loss may
            be a weighted sum, see `losses.weighted_sum`.
        optimizer: `_target_` and arguments of a torch optimiser; None if nothing is trained.
        lr_scheduler: None, or `_target_` and arguments of a torch schedule (see `tasks.optimisation`).
        prior: None, or `_target_` and arguments of a fitted table whose outputs are added to the network's, which then
            learns only what the table does not know.
        divisor: the number that pixels are divided by; it belongs to the data.
        size: height and width of the training pictures; `fit_parts` sets it.
        fitted: the results of earlier fits, by part, as `Fitted.fit` returned them.
        palette: for an answer that is not fitted yet: the number of colours, or a file of them (`data.palette`).
        measures: the measures of a test, by the names that `measures.registry.choose` takes; they are not saved.

    Attributes:
        test_time_symmetries: outputs are averaged over this number of symmetric inputs, 1, 2 or 8 (see
            `tasks.symmetry_averaging`); it is not saved.
        start: if training started from the weights of a file, that file and its validation measures.

    Raises:
        UsageError: a value that is not allowed, or parts that do not fit each other.
    """

    def __init__(
        self,
        model: dict[str, Any],
        degradation: dict[str, Any],
        answer: dict[str, Any],
        loss: dict[str, Any],
        optimizer: dict[str, Any] | None = None,
        lr_scheduler: dict[str, Any] | None = None,
        prior: dict[str, Any] | None = None,
        divisor: int = 255,
        size: list[int] | None = None,
        fitted: dict[str, dict[str, Tensor]] | None = None,
        palette: int | str | None = None,
        measures: Sequence[str] = ("quick",),
    ) -> None:
        super().__init__()
        arguments = {
            "model": model, "degradation": degradation, "answer": answer, "loss": loss, "optimizer": optimizer,
            "lr_scheduler": lr_scheduler, "prior": prior, "divisor": divisor, "size": size,
            "fitted": dict(fitted or {}),
        }  # fmt: skip
        self.save_hyperparameters(arguments, logger=False)
        self.divisor = divisor
        self.test_time_symmetries = 1
        self.start: dict[str, Any] | None = None
        self.degradation: Degradation = self._build("degradation", "task.degradation")
        if size is not None:
            self.degradation.check_size(*size)
        self.answer: Answer = self._build("answer", "task.answer")
        if "answer" not in self.hparams["fitted"]:
            self.answer.prepare(palette)
        self.loss_classes = check_answer(self.degradation, self.answer, loss)
        self.degradation.prepare(self.answer)
        self._loss: list[Loss] = []  # in a list, not a submodule: it is not saved, trained or set to training mode
        channels = {"in_channels": self.degradation.channels, "out_channels": self.answer.out_channels}
        network: nn.Module = self._build("model", "model", **channels)
        check_model(network, prior, self.degradation, self.answer)
        # This memory layout makes convolutions, and above all max-pooling, faster.
        self.model = network.to(memory_format=torch.channels_last)
        self.prior: nn.Module | None = self._build("prior", "prior", **channels) if prior is not None else None
        for key, part in (("model", self.model), ("prior", self.prior)):
            if isinstance(part, Baseline):
                part.prepare(self.degradation, self.answer, key)
        self.train_loss, self.eval_loss = BatchMean(), BatchMean()
        names = self.loss_classes if is_sum(loss) else ()  # each term of a weighted sum has its own mean
        self.train_terms, self.eval_terms = (nn.ModuleDict({name: BatchMean() for name in names}) for _ in range(2))
        self.tally = Tally()
        self.measures = choose(measures)

    def _build(self, name: str, key: str, **channels: int) -> Any:
        """Build a part of this task, with the result of its earlier fit if there is one."""
        try:
            part = build_part(key, self.hparams[name], **channels)
        except UsageError as error:  # a table's messages name its keys as if it were the model
            raise UsageError(re.sub("^model", "task.prior", str(error)) if name == "prior" else str(error)) from error
        if name in self.hparams["fitted"]:
            part.take(self.hparams["fitted"][name])
        return part

    def _unfitted(self) -> dict[str, Fitted]:
        """The parts that are not fitted yet, by name; each may depend on the ones before it."""
        parts = {name: getattr(self, name) for name in ("degradation", "answer", "model", "prior")}
        if any(issubclass(each, Fitted) for each in self.loss_classes.values()) and self.is_trained:
            parts["loss"] = self.build_loss()
        done = self.hparams["fitted"]
        return {name: part for name, part in parts.items() if isinstance(part, Fitted) and name not in done}

    def fit_parts(self, training: Training) -> None:
        """Fit the unfitted parts to the training split; the results go into the hyperparameters.

        Raises:
            UsageError: the pictures have a size that cannot be degraded, or a part cannot be fitted to them.
        """
        size = list(training.pictures.shape[1:3])
        self.degradation.check_size(*size)
        self.hparams["size"] = size
        training = replace(training, answer=self.answer, make_pair=self.make_pair)
        for name, part in self._unfitted().items():
            found = part.fit(training)
            part.take(found)
            self.hparams["fitted"][name] = found

    def with_model(self, model: dict[str, Any]) -> RestorationTask:
        """The same task with another model; degradation and answer keep their fits.

        Raises:
            UsageError: the model is not for this task.
        """
        same = {name: self.hparams[name] for name in ("degradation", "answer", "loss", "divisor", "size")}
        fitted = {key: value for key, value in self.hparams["fitted"].items() if key in ("degradation", "answer")}
        return type(self)(model=model, **same, fitted=fitted)

    def setup(self, stage: str) -> None:
        for name, part in self._unfitted().items():
            raise UsageError(f"{name}: {type(part).__name__} must be fitted to training pictures first (fit_parts)")

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the classes of task and data to Lightning's hyperparameters, so that the file alone rebuilds them."""
        data = getattr(self.trainer, "datamodule", None)
        checkpoint["colourize"] = {
            "version": __version__,
            "task": qualified_name(self),
            "data": qualified_name(data) if data is not None else None,
            "precision": self.trainer.precision,
            **({"start": self.start} if self.start else {}),
        }

    def describe(self) -> dict[str, Any]:
        """The task's parts, its number of trainable parameters and its FLOPs (see `flops_per_picture`)."""
        parts = {"model": self.model, "prior": self.prior, "degradation": self.degradation, "answer": self.answer}
        size = self.hparams["size"]
        return {
            **{name: type(part).__name__ for name, part in parts.items() if part is not None},
            "loss": describe_loss(self.hparams["loss"]),
            "parameters": sum(each.numel() for each in self.parameters() if each.requires_grad),
            "flops_per_picture": flops_per_picture(self.model, self.degradation.channels, size) if size else None,
        }

    def make_pair(self, pictures: Batch | Tensor) -> Pair:
        """uint8 pictures (N, H, W, 3) on any device → the inputs and targets that the task learns from."""
        batch = as_batch(pictures)
        # Inputs and targets are computed in float32, whatever the network's precision.
        with torch.autocast(batch.pictures.device.type, enabled=False):
            # In memory the channels stay last, which is the models' layout too.
            truth = batch.pictures.permute(0, 3, 1, 2).float() / self.divisor
            inputs = self.degradation(truth, batch.draws("degradation"))
            return Pair(inputs, self.answer.encode(truth, batch), truth, batch.which, batch.labels)

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, in_channels, H, W) → outputs (N, out_channels, H, W); in training, of every `training_stride`th pixel."""
        if self.test_time_symmetries > 1:
            multiple = getattr(self.model, "size_multiple", 1)
            return over_symmetries(self._once, inputs, self.answer, multiple, self.test_time_symmetries)
        return self._once(inputs)

    def _once(self, inputs: Tensor) -> Tensor:
        outputs = self._outputs_of(self.model, inputs)
        if self.prior is not None:
            outputs = outputs + self._outputs_of(self.prior, inputs)[..., :: self._stride, :: self._stride]
        return outputs if isinstance(self.model, Baseline) else self.degradation.finish(outputs, inputs)

    def _outputs_of(self, part: nn.Module, inputs: Tensor) -> Tensor:
        """The outputs of the network or the prior; where it returns pictures, the outputs that decode to them."""
        outputs: Tensor = part(inputs)
        return self.answer.outputs_of(outputs) if _gives_pictures(part) else outputs

    def outputs(self, pair: Pair) -> Tensor:
        """The outputs for a batch, from its inputs, or from the truth itself if the model is an oracle."""
        sees_truth = isinstance(self.model, Baseline) and self.model.sees_truth
        outputs: Tensor = self(pair.truth if sees_truth else pair.inputs)
        return outputs

    @property
    def _stride(self) -> int:
        """Outputs are for every `_stride`th row and column; above 1 only while some networks train."""
        return int(getattr(self.model, "training_stride", 1)) if self.model.training else 1

    @property
    def is_trained(self) -> bool:
        """Whether any parameter is learnt by gradients; tables and interpolations have none."""
        return any(parameter.requires_grad for parameter in self.parameters())

    @property
    def reads_classes(self) -> bool:
        """Whether the classes are read from the model's pictures. Each then has probability 1, right or wrong, and
        measures of probabilities are meaningless.
        """
        return self.answer.kind == "classes" and _gives_pictures(self.model)

    def pictures(self, outputs: Tensor, inputs: Tensor) -> dict[str, Tensor]:
        """All pictures that can be read from outputs, by name; "prediction" comes first."""
        return self.answer.pictures(outputs, inputs)

    def loss(self, outputs: Tensor, pair: Pair) -> Tensor:
        """The training loss, a scalar; where a network predicts every `_stride`th pixel, the loss of these."""
        if self._stride > 1:
            pair = every(pair, self._stride)
        # The loss is no submodule, so it does not move to another device with the task.
        value: Tensor = self.build_loss().to(outputs.device)(outputs, pair, self.answer)
        return value

    def _measured_loss(self, outputs: Tensor, pair: Pair, mean: BatchMean, terms: nn.ModuleDict) -> Tensor:
        """The loss of a batch. It is added to `mean`, and each term of a weighted sum to its mean in `terms`."""
        value = self.loss(outputs, pair)
        mean.update(value.detach(), len(pair.truth))
        for name, each in means_of(terms).items():
            loss = self.build_loss()
            assert isinstance(loss, WeightedSum)
            each.update(loss.latest[name], len(pair.truth))
        return value

    def build_loss(self) -> Loss:
        """The loss, frozen. It is built when first needed, because its files may be missing in an evaluation."""
        if not self._loss:
            loss = build_loss(self.hparams["loss"])
            if "loss" in self.hparams["fitted"]:
                assert isinstance(loss, Fitted)
                loss.take(self.hparams["fitted"]["loss"])
            self._loss.append(loss.requires_grad_(False).eval())
        return self._loss[0]

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        pair = self.make_pair(batch)
        loss = self._measured_loss(self.outputs(pair), pair, self.train_loss, self.train_terms)
        self.log("train/loss", self.train_loss, on_epoch=True, on_step=False)
        self._log_terms("train", self.train_terms)
        return loss

    def on_fit_start(self) -> None:
        # Built at the first step, it would draw random numbers at another point than in a resumed run.
        if self.is_trained:
            self.build_loss()

    def on_validation_epoch_start(self) -> None:
        self.tally = Tally()

    on_test_epoch_start = on_validation_epoch_start

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self._measure(self.make_pair(batch), "val")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        self._measure(self.make_pair(batch), "test")

    def on_validation_epoch_end(self) -> None:
        self._log_means("val")

    def on_test_epoch_end(self) -> None:
        self._log_means("test")

    def _measure(self, pair: Pair, stage: str) -> None:
        measures = EPOCH if stage == "val" else self.measures
        self.measure(self.outputs(pair), pair, measures, quick=stage == "val")
        if self._has_loss:
            self.log(f"{stage}/loss", self.eval_loss, on_step=False, on_epoch=True, prog_bar=True)
            self._log_terms(stage, self.eval_terms)

    def _log_terms(self, stage: str, means: nn.ModuleDict) -> None:
        for name, mean in means_of(means).items():
            self.log(f"{stage}/loss_{name}", mean, on_step=False, on_epoch=True)

    def measure(
        self,
        outputs: Tensor,
        pair: Pair,
        measures: Sequence[Measure],
        truth: PictureBatch | None = None,
        *,
        quick: bool = False,
    ) -> None:
        """Add a batch to `tally` and `eval_loss`, in float32 whatever the network's precision.

        A picture with an output that is NaN or +infinite gets no values, as some measures cannot be computed for it.

        Args:
            truth: the truth of `pair`, if another task has used it already.
            quick: measure the prediction only, and none of the other pictures that the outputs decode to.
        """
        with torch.autocast(self.device.type, enabled=False):
            outputs = outputs.float()
            if self._has_loss:
                self._measured_loss(outputs, pair, self.eval_loss, self.eval_terms)
            failed = ~(outputs < math.inf).flatten(1).all(1)
            if failed.any():
                outputs = outputs.nan_to_num(0, 0, -math.inf)
            self.tally.start(pair.which)
            fitting = self.applicable_measures(measures)
            of_outputs = [each for each in fitting if each.kinds]
            of_pictures = [each for each in fitting if not each.kinds]
            if of_outputs:
                self.tally.add(of_outputs, outputs, self.answer.labels(pair.target), failed)
            if not of_pictures:
                return
            truth = truth or PictureBatch(pair.truth, pair.labels)
            inputs = pair.inputs
            pictures = {"prediction": self.answer.decode(outputs, inputs)} if quick else self.pictures(outputs, inputs)
            first, *others = pictures
            self.tally.add(of_pictures, PictureBatch(pictures[first]), truth, failed)
            for name in others:
                if torch.equal(pictures[name], pictures[first]):  # as for a distribution with one certain class
                    self.tally.repeat(of_pictures, f"_{name}")
                else:
                    self.tally.add(of_pictures, PictureBatch(pictures[name]), truth, failed, f"_{name}")

    def applicable_measures(self, measures: Sequence[Measure]) -> list[Measure]:
        """The measures that apply to this task's answer."""
        return [
            each
            for each in measures
            if (self.answer.kind in each.kinds if each.kinds else self.answer.per_pixel)
            if not (each.of_probabilities and self.reads_classes)
        ]

    @property
    def _has_loss(self) -> bool:
        """Whether a test reports the loss. A loss that needs files is left out unless it was built already."""
        needs_files = any(each.needs_files for each in self.loss_classes.values())
        return bool(self._loss or not needs_files) and not self.reads_classes

    def results(self, stage: str) -> dict[str, float]:
        """The means of the loss and all measures so far, as `<stage>/<name>`; all processes must call it."""
        loss = {"loss": float(self.eval_loss.compute())} if self._has_loss else {}
        if loss:
            loss |= {f"loss_{name}": float(mean.compute()) for name, mean in means_of(self.eval_terms).items()}
        return {f"{stage}/{name}": value for name, value in sorted({**loss, **self.tally.means()}.items())}

    def _log_means(self, stage: str) -> None:
        # The means agree in all processes already; without `sync_dist`, Lightning warns that they may differ.
        for name, mean in self.tally.means().items():
            self.log(f"{stage}/{name}", mean, sync_dist=True, prog_bar=stage == "val" and name == "accuracy")

    def sample_rows(self, pair: Pair, outputs: Tensor) -> dict[str, Tensor]:
        """Pictures to look at, label → (N, 3, H, W): the input, the predictions, simple methods and the truth."""
        return {
            self.degradation.name: self.degradation.show(pair.inputs),
            **self.pictures(outputs, pair.inputs),
            **self.degradation.references(pair.truth),
            **self.answer.ceiling(pair.truth, pair.inputs),
            "truth": pair.truth,
        }

    def build_optimizer(self) -> torch.optim.Optimizer:
        """The optimiser of the configuration, over all parameters."""
        return build_optimizer(self.hparams["optimizer"], self.parameters())

    def configure_optimizers(self) -> Any:
        optimizer, config = self.build_optimizer(), self.hparams["lr_scheduler"]
        if config is None:
            return optimizer
        scheduler = build_scheduler(config, optimizer, count_steps(self.trainer))
        step: dict[str, Any] = {"scheduler": scheduler, "interval": config.get("interval", "epoch")}
        if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
            # The validation loss exists only after the epochs that validate.
            every = self.trainer.check_val_every_n_epoch or 1
            step |= {"monitor": "val/loss", "frequency": every, "strict": False}
        return {"optimizer": optimizer, "lr_scheduler": step}


def every(values: Any, stride: int) -> Any:
    """Every `stride`th row and column of pictures (…, H, W), or of the pictures in a tuple."""
    if isinstance(values, tuple):
        return type(values)(*(every(each, stride) for each in values))
    return values[..., ::stride, ::stride] if isinstance(values, Tensor) and values.dim() > 2 else values


def means_of(terms: nn.ModuleDict) -> dict[str, BatchMean]:
    """The means of the terms of a weighted sum of losses, by name."""
    return {name: each for name, each in terms.items() if isinstance(each, BatchMean)}


def _gives_pictures(part: nn.Module) -> bool:
    """Whether a part returns pictures instead of outputs."""
    return isinstance(part, Baseline) and part.gives_pictures


def qualified_name(thing: object) -> str:
    """The dotted path of an object's class."""
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
