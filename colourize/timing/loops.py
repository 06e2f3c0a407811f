"""Three ways to train and validate for an epoch: the project's, a bare loop, and the course's style.

They take the same pictures in the same order, and start from the same weights.
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
from colourize.errors import UsageError
from colourize.measures.registry import EPOCH

Times = dict[str, float]  # "step_ms", the mean of an epoch; "epoch_s", of training and validation; "validation_s"


def now(device: torch.device) -> float:
    """Seconds on a clock that never goes back, read when the device has done all it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Stopwatch(Callback):
    """The moments between which an epoch lies. It is asked before the others, so that their work counts."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.times: list[float] = []

    def mark(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.times.append(now(self.device))

    # The last is the first moment after everything that belongs to the last epoch, its checkpoint included.
    on_train_epoch_start = on_validation_start = on_validation_end = on_train_end = mark


class UnseenTerminal(io.StringIO):
    """What is drawn on it costs what it costs on a terminal, but nobody sees it."""

    def isatty(self) -> bool:
        return True


def time_project(config: DictConfig, data: PictureData, device: torch.device, work: Path) -> Times:
    """An epoch under Lightning's Trainer with the configuration's callbacks and logger, which write below `work`."""
    config.output_dir = str(work / "project")
    config.trainer.num_sanity_val_steps = 0
    torch.manual_seed(config.seed)
    task, trainer, watch = build_task(config, data), build_trainer(config), Stopwatch(device)
    trainer.callbacks.insert(0, watch)  # type: ignore[attr-defined]
    with contextlib.redirect_stdout(UnseenTerminal()):
        trainer.fit(task, datamodule=data)
        # Again alone: within an epoch the sample pictures are drawn in its midst.
        trainer.validate(task, datamodule=data, verbose=False)
    shutil.rmtree(work / "project", ignore_errors=True)
    start, trained, _, end, validating, validated = watch.times
    step = (trained - start) / trainer.global_step
    return {"step_ms": 1000 * step, "epoch_s": end - start, "validation_s": validated - validating}


class BareLoop:
    """The limit of the project's path: a plain PyTorch loop over the same model, batches and arithmetic, for one epoch.

    Inputs and labels of all pictures are made beforehand. Augmentation, if there is one, is the project's alone.

    Args:
        config: of `colourize-train`; of the Trainer's limits it knows `limit_train_batches`, as a whole number.
        device: where the loop runs.
        data: the configuration's; None, in a process that has none yet: it is made.
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
        pair: Pair = prepared
        return pair

    def loss(self, outputs: Tensor, pair: Pair) -> Tensor:
        return self.task.loss(outputs, pair)

    def note(self, loss: Tensor) -> Any:
        """What is kept of a step's loss; it stays on the device until someone looks."""
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
        """The mean loss; the answer's own measures, such as the accuracy, are taken as well."""
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
    """The style of the course's own scripts: NCHW, float32, NumPy batches converted each step, `.item()` after each.

    The network has its channels first, as torch makes it, and computes every layer literally.
    """

    def __init__(self, config: DictConfig, device: torch.device, data: PictureData | None = None) -> None:
        self.batch_size = config.data.batch_size
        super().__init__(config, device, data)
        self.arithmetic = torch.autocast(device.type, enabled=False)
        self.task.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.task.model.folded = False  # type: ignore[assignment]

    def _prepared(self, batches: Iterable[Batch]) -> list[Any]:
        """Inputs and targets of all batches together, contiguous, cut into batches of the training's size."""
        pairs, size = super()._prepared(batches), self.batch_size
        if not isinstance(pairs[0].target, Tensor) or getattr(self.task.model, "training_stride", 1) > 1:
            told = f"{type(self.task.model).__name__} with {type(self.task.answer).__name__}"
            raise UsageError(
                f"benchmark.cases: the course's loop cannot train {told}; must be of the course's networks"
            )
        inputs = np.concatenate([pair.inputs.cpu().contiguous().numpy() for pair in pairs])  # float32 (N, C, H, W)
        target = np.concatenate([pair.target.cpu().contiguous().numpy() for pair in pairs])
        starts = range(0, len(inputs), size)
        return [(inputs[start : start + size], target[start : start + size]) for start in starts]

    def pair(self, batch: Any) -> Pair:
        inputs, target = (torch.from_numpy(array).to(self.device) for array in batch)
        return Pair(inputs, target, inputs, target)  # the course's losses look at no more than the first two

    def loss(self, outputs: Tensor, pair: Pair) -> Tensor:
        """Squared error to pictures, cross-entropy to labels."""
        loss = F.mse_loss if pair.target.is_floating_point() else F.cross_entropy
        return loss(outputs, pair.target)

    def note(self, loss: Tensor) -> Any:
        return loss.item()


def time_loop(kind: type[BareLoop], config: DictConfig, device: torch.device, data: PictureData | None = None) -> Times:
    """An epoch of a plain loop, whose preparations do not count."""
    loop = kind(config, device, data)
    start = now(device)
    steps = len(loop.train())
    trained = now(device)
    loop.validate()
    end = now(device)
    return {"step_ms": 1000 * (trained - start) / steps, "epoch_s": end - start, "validation_s": end - trained}
