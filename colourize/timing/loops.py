"""Times an epoch of training and validation by the project and by a bare loop, on the same pictures and weights."""

import contextlib
import io
import shutil
import time
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.fabric.utilities.apply_func import move_data_to_device
from omegaconf import DictConfig
from torch import Tensor

from colourize.build import build_task, build_trainer
from colourize.data.pictures import PictureData
from colourize.measures.registry import EPOCH

Times = dict[str, float]  # "step_ms", the mean of an epoch; "epoch_s", training and validation; "validation_s"


def now(device: torch.device) -> float:
    """The seconds on a monotonic clock, read after the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Stopwatch(Callback):
    """Records when epochs begin and end. It must be the first callback, so that the others' work counts."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.times: list[float] = []

    def mark(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.times.append(now(self.device))

    # The last hook runs after everything in the last epoch, including its checkpoint.
    on_train_epoch_start = on_validation_start = on_validation_end = on_train_end = mark


class HiddenTerminal(io.StringIO):
    """A terminal on which progress bars are drawn but not shown."""

    def isatty(self) -> bool:
        return True


def time_project(config: DictConfig, data: PictureData, device: torch.device, work: Path) -> Times:
    """Time the second epoch under Lightning's Trainer; the configuration's callbacks and logger write below `work`.

    The first epoch takes longer, as it computes the labels that all later ones look up.
    """
    config.output_dir = str(work / "project")
    config.trainer.max_epochs = 2
    config.trainer.num_sanity_val_steps = 0
    torch.manual_seed(config.seed)
    task, trainer, watch = build_task(config, data), build_trainer(config), Stopwatch(device)
    trainer.callbacks.insert(0, watch)  # type: ignore[attr-defined]
    with contextlib.redirect_stdout(HiddenTerminal()):
        trainer.fit(task, datamodule=data)
        # Timed again alone, because sample pictures are drawn in between within an epoch.
        trainer.validate(task, datamodule=data, verbose=False)
    shutil.rmtree(work / "project", ignore_errors=True)
    _, _, _, start, trained, _, end, validating, validated = watch.times
    step = (trained - start) / (trainer.global_step / 2)
    return {"step_ms": 1000 * step, "epoch_s": end - start, "validation_s": validated - validating}


class BareLoop:
    """A plain PyTorch loop over the same model, batches and arithmetic, for one epoch: a lower limit of the time.

    Inputs and labels of all pictures are made beforehand, without augmentation. The only limit of the Trainer that is
    respected is `limit_train_batches`, as an integer.
    """

    def __init__(self, config: DictConfig, data: PictureData, device: torch.device) -> None:
        torch.use_deterministic_algorithms(False)  # a Trainer may have switched them on
        torch.manual_seed(config.seed)
        self.task = build_task(config, data).to(device)
        self.optimizer = self.task.build_optimizer()
        self.arithmetic = torch.autocast(device.type, torch.bfloat16, config.trainer.precision == "bf16-mixed")
        limit = config.trainer.limit_train_batches
        train = islice(data.train_dataloader(), limit if isinstance(limit, int) else None)  # 1.0: all
        self.train_pairs, self.val_pairs = (
            [self.task.make_pair(move_data_to_device(batch, device)) for batch in batches]
            for batches in (train, data.val_dataloader())
        )

    def train(self) -> list[Tensor]:
        """Train for one epoch; returns the losses of its steps."""
        self.task.train()
        losses = []
        for pair in self.train_pairs:
            self.optimizer.zero_grad()
            with self.arithmetic:
                loss = self.task.loss(self.task(pair.inputs), pair)
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
        return losses

    @torch.inference_mode()
    def validate(self) -> float:
        """The mean loss; measures of the outputs, such as the accuracy, are computed as well."""
        self.task.eval()
        losses = []
        for pair in self.val_pairs:
            with self.arithmetic:
                outputs = self.task(pair.inputs).float()
            for measure in self.task.applicable_measures(EPOCH):
                if measure.kinds:
                    measure.values(outputs, self.task.answer.labels(pair.target))  # type: ignore[attr-defined]
            losses.append(self.task.loss(outputs, pair).item())
        return float(np.average(losses, weights=[len(pair.inputs) for pair in self.val_pairs]))


def time_bare(config: DictConfig, data: PictureData, device: torch.device) -> Times:
    """Time an epoch of the bare loop, without its preparation."""
    loop = BareLoop(config, data, device)
    start = now(device)
    steps = len(loop.train())
    trained = now(device)
    loop.validate()
    end = now(device)
    return {"step_ms": 1000 * (trained - start) / steps, "epoch_s": end - start, "validation_s": end - trained}
