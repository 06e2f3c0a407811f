"""The plain course-style loop: contiguous float32, NumPy batches converted each step, `.item()` after each.

It stands for the course's own scripts, with the project's networks and pictures. As a program it trains and notes
time, loss and memory after every epoch, for colourize-benchmark's part `time_to_loss`:

python -m colourize.timing.course_loop stamps.jsonl --epochs 25 data.protocol=course model=unet
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import hydra
import numpy as np
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor, nn

from colourize.build import build_data, build_task
from colourize.cli import app
from colourize.data.pictures import PictureData
from colourize.models.resize_convolution import do_literally
from colourize.tasks import RestorationTask
from colourize.timing.bare_loop import infer
from colourize.timing.clock import Span, now
from colourize.timing.paths import Timing, chosen
from colourize.timing.stamps import add_stamp


class Arrays(NamedTuple):
    """Everything the loop learns from, made before it begins."""

    inputs: np.ndarray  # float32 (N, in_channels, H, W)
    target: np.ndarray  # float32 (N, 3, H, W) or int64 (N, H, W)


def prepare(task: RestorationTask, pictures: np.ndarray) -> Arrays:
    """Inputs and answers of all pictures, uint8 (N, H, W, 3), as contiguous arrays."""
    pairs = [task.make_pair(batch) for batch in torch.from_numpy(pictures).split(250)]
    inputs, target = (np.concatenate([np.ascontiguousarray(pair[part].numpy()) for pair in pairs]) for part in (0, 1))
    return Arrays(inputs, target)


def plain_model(task: RestorationTask) -> nn.Module:
    """The task's network with its channels first, as torch makes it, and doubling before it convolves."""
    do_literally(task.model)
    return task.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload, no-any-return]


def run(config: DictConfig, data: PictureData, device: torch.device) -> Timing:
    """One epoch with a new model: its training steps, then loss and accuracy of the validation pictures."""
    torch.manual_seed(config.seed)
    task = build_task(config, data)
    part = chosen(config, data)
    # Shuffled beforehand, as in the course.
    train = prepare(task, part.train[np.concatenate(part.batches)])
    val = prepare(task, part.val)
    model = plain_model(task).to(device)
    optimizer = instantiate(config.task.optimizer, model.parameters())
    span = Span(device)

    start = now(device)
    span.start()
    train_epoch(model, optimizer, train, data.batch_size, device)
    span.stop()
    before_validation = now(device)
    validate(model, val, data.batch_size, device)
    end = now(device)

    inputs = list(torch.from_numpy(val.inputs).to(device).split(part.eval_batch_size))
    inference = infer(model, inputs, nullcontext(), device)
    return Timing(
        steps=len(part.batches),
        pictures=len(train.inputs),
        val_pictures=len(val.inputs),
        training=span.seconds(),
        epoch=end - start,
        validation=end - before_validation,
        inference=inference,
    )


def train_epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, arrays: Arrays, batch_size: int, device: torch.device
) -> list[float]:
    """A step for each batch, in the arrays' order; returns the losses."""
    model.train()
    losses = []
    for start in range(0, len(arrays.inputs), batch_size):
        inputs = torch.from_numpy(arrays.inputs[start : start + batch_size]).to(device)
        target = torch.from_numpy(arrays.target[start : start + batch_size]).to(device)
        optimizer.zero_grad()
        loss = loss_of(model(inputs), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def validate(model: nn.Module, arrays: Arrays, batch_size: int, device: torch.device) -> tuple[float, float]:
    """Mean loss, and the share of pixels whose class is right (0 where there are no classes)."""
    model.eval()
    loss = right = 0.0
    for start in range(0, len(arrays.inputs), batch_size):
        inputs = torch.from_numpy(arrays.inputs[start : start + batch_size]).to(device)
        target = torch.from_numpy(arrays.target[start : start + batch_size]).to(device)
        outputs = model(inputs)
        loss += loss_of(outputs, target).item() * len(inputs) / len(arrays.inputs)
        if not target.is_floating_point():
            right += (outputs.argmax(1) == target).float().mean().item() * len(inputs) / len(arrays.inputs)
    return loss, right


def loss_of(outputs: Tensor, target: Tensor) -> Tensor:
    """Squared error to pictures, cross-entropy to labels."""
    return F.mse_loss(outputs, target) if target.is_floating_point() else F.cross_entropy(outputs, target)


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stamps", type=Path, help="the file that gets a line after every epoch")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("overrides", nargs="*", help="of colourize-train's configuration")
    arguments = parser.parse_intermixed_args()
    with hydra.initialize_config_dir(str(app.config_dir()), version_base="1.3"):
        config = hydra.compose("train", arguments.overrides)
    torch.manual_seed(config.seed)
    device = torch.device(arguments.device)
    data = build_data(config)
    task = build_task(config, data)
    part = chosen(config, data)
    train, val = prepare(task, part.train[np.concatenate(part.batches)]), prepare(task, part.val)
    model = plain_model(task).to(device)
    optimizer = instantiate(config.task.optimizer, model.parameters())
    for epoch in range(1, arguments.epochs + 1):
        losses = train_epoch(model, optimizer, train, data.batch_size, device)
        val_loss, accuracy = validate(model, val, data.batch_size, device)
        add_stamp(arguments.stamps, epoch, val_loss)
        print(f"epoch {epoch}: loss {np.mean(losses):.4f}, validation {val_loss:.4f} ({accuracy:.1%})", flush=True)


if __name__ == "__main__":
    main()
