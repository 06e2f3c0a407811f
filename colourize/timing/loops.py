"""Three ways to train and validate for an epoch, on the same pictures from the same weights.

They are the project's own, a bare loop, and the course's style.
"""

import contextlib
import io
import shutil
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.apply_func import move_data_to_device
from omegaconf import DictConfig
from torch import Tensor

from colourize.build import build_data, build_task, build_trainer
from colourize.data.batches import Batch, Pair
from colourize.data.pictures import PictureData
from colourize.measures.registry import EPOCH

Times = dict[str, float]  # "step_ms", the mean of an epoch; "epoch_s", of training and validation; "validation_s"


def now(device: torch.device) -> float:
    """Seconds on a monotonic clock, read when the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Stopwatch(Callback):
    """Notes when an epoch begins and ends. It stands before the other callbacks, so that their work counts."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.times: list[float] = []

    def mark(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.times.append(now(self.device))

    # The last comes after everything that belongs to the last epoch, its checkpoint included.
    on_train_epoch_start = on_validation_start = on_validation_end = on_train_end = mark


class HiddenTerminal(io.StringIO):
    """Progress bars are drawn here as on a terminal, but not shown."""

    def isatty(self) -> bool:
        return True


def time_project(config: DictConfig, data: PictureData, device: torch.device, work: Path) -> Times:
    """Time an epoch under Lightning's Trainer; the configuration's callbacks and logger write below `work`."""
    config.output_dir = str(work / "project")
    config.trainer.num_sanity_val_steps = 0
    torch.manual_seed(config.seed)
    task, trainer, watch = build_task(config, data), build_trainer(config), Stopwatch(device)
    trainer.callbacks.insert(0, watch)  # type: ignore[attr-defined]
    with contextlib.redirect_stdout(HiddenTerminal()):
        trainer.fit(task, datamodule=data)
        # Again by itself: within an epoch sample pictures are drawn in between.
        trainer.validate(task, datamodule=data, verbose=False)
    shutil.rmtree(work / "project", ignore_errors=True)
    start, trained, _, end, validating, validated = watch.times
    step = (trained - start) / trainer.global_step
    return {"step_ms": 1000 * step, "epoch_s": end - start, "validation_s": validated - validating}


class BareLoop:
    """A plain PyTorch loop over the same model, batches and arithmetic, for one epoch: the limit of the project's path.

    Inputs and labels of all pictures are made beforehand, without augmentation.

    Args:
        config: of `colourize-train`; `limit_train_batches` as a whole number is the one limit that counts.
        device: where the loop runs.
        data: the configuration's; None: it is built.
    """

    def __init__(self, config: DictConfig, device: torch.device, data: PictureData | None = None) -> None:
        torch.use_deterministic_algorithms(False)  # a Trainer may have asked for them
        torch.manual_seed(config.seed)
        data = data or build_data(config)
        self.task, self.device = build_task(config, data).to(device), device
        self.optimizer = self.task.build_optimizer()
        self.arithmetic = torch.autocast(device.type, torch.bfloat16, config.trainer.precision == "bf16-mixed")
        limit = config.trainer.limit_train_batches
        steps = limit if isinstance(limit, int) else None  # 1.0: all
        self.train_batches: list[Any] = self._prepared(islice(data.train_dataloader(), steps))
        self.val_batches: list[Any] = self._prepared(data.val_dataloader())

    def _prepared(self, batches: Iterable[Batch]) -> list[Any]:
        return [self.task.make_pair(move_data_to_device(batch, self.device)) for batch in batches]

    def pair(self, prepared: Any) -> Pair:
        return Pair(*prepared)

    def loss(self, outputs: Tensor, pair: Pair) -> Tensor:
        return self.task.loss(outputs, pair)

    def note(self, loss: Tensor) -> Any:
        """The loss as it is kept; it stays on the device."""
        return loss.detach()

    def train(self) -> list[Any]:
        """Train for the epoch; returns the losses of its steps."""
        self.task.train()
        losses = []
        for batch in self.train_batches:
            pair = self.pair(batch)
            self.optimizer.zero_grad()
            with self.arithmetic:
                loss = self.loss(self.task(pair.inputs), pair)
            loss.backward()
            self.optimizer.step()
            losses.append(self.note(loss))
        return losses

    @torch.inference_mode()
    def validate(self) -> float:
        """The mean loss; the answer's own measures, such as the accuracy, are computed as well."""
        self.task.eval()
        losses, counts = [], []
        for batch in self.val_batches:
            pair = self.pair(batch)
            with self.arithmetic:
                outputs = self.task(pair.inputs).float()
            for measure in self.task.fitting(EPOCH):
                if measure.kinds:
                    measure.values(outputs, self.task.answer.labels(pair.target))  # type: ignore[attr-defined]
            losses.append(self.loss(outputs, pair).item())
            counts.append(len(outputs))
        return float(np.average(losses, weights=counts))


class CourseLoop(BareLoop):
    """The style of the course's scripts: channels first, float32, NumPy batches converted each step, then `.item()`.

    The network computes every layer literally.
    """

    def __init__(self, config: DictConfig, device: torch.device, data: PictureData | None = None) -> None:
        self.batch_size = config.data.batch_size
        super().__init__(config, device, data)
        self.arithmetic = torch.autocast(device.type, enabled=False)
        self.task.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.task.model.folded = False  # type: ignore[assignment]

    def _prepared(self, batches: Iterable[Batch]) -> list[Any]:
        """Inputs and targets of all pictures as contiguous arrays, cut into batches of the training's size."""
        pairs, size = super()._prepared(batches), self.batch_size
        inputs, target = (
            np.concatenate([getattr(pair, name).cpu().contiguous().numpy() for pair in pairs])
            for name in ("inputs", "target")
        )
        starts = range(0, len(inputs), size)
        return [(inputs[start : start + size], target[start : start + size]) for start in starts]

    def pair(self, prepared: Any) -> Pair:
        inputs, target = (torch.from_numpy(array).to(self.device) for array in prepared)
        return Pair(inputs, target, inputs, target)  # the course's losses need only the first two

    def loss(self, outputs: Tensor, pair: Pair) -> Tensor:
        """Squared error to pictures, cross-entropy to labels."""
        loss = F.mse_loss if pair.target.is_floating_point() else F.cross_entropy
        return loss(outputs, pair.target)

    def note(self, loss: Tensor) -> Any:
        return loss.item()


def time_loop(kind: type[BareLoop], config: DictConfig, device: torch.device, data: PictureData | None = None) -> Times:
    """Time an epoch of a plain loop, without its preparations."""
    loop = kind(config, device, data)
    start = now(device)
    steps = len(loop.train())
    trained = now(device)
    loop.validate()
    end = now(device)
    return {"step_ms": 1000 * (trained - start) / steps, "epoch_s": end - start, "validation_s": end - trained}
