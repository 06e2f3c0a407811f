"""The limit of the project's path: a bare PyTorch loop over the same model, batches and arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from torch import Tensor

from colourize.build import build_task
from colourize.data.pictures import InMemory, PictureData
from colourize.tasks import RestorationTask
from colourize.timing.clock import Span, now
from colourize.timing.paths import Timing, arithmetic, chosen


def run(config: DictConfig, data: PictureData, device: torch.device) -> Timing:
    """One epoch with a new model: its training steps, then loss and accuracy of the validation pictures."""
    torch.manual_seed(config.seed)
    task = build_task(config, data).to(device)
    optimizer = instantiate(config.task.optimizer, task.parameters())
    part = chosen(config, data)
    train, val = InMemory(part.train), InMemory(part.val)
    context = arithmetic(config.trainer.precision, device)
    span = Span(device)

    start = now(device)
    span.start()
    train_epoch(task, optimizer, (train[indices] for indices in part.batches), context)
    span.stop()
    before_validation = now(device)
    validate(task, val, part.eval_batch_size, context)
    end = now(device)

    inputs = [task.make_pair(pictures.to(device)).inputs for pictures in val.pictures.split(part.eval_batch_size)]
    inference = infer(task.model, inputs, context, device)
    return Timing(
        steps=len(part.batches),
        pictures=sum(map(len, part.batches)),
        val_pictures=len(val),
        training=span.seconds(),
        epoch=end - start,
        validation=end - before_validation,
        inference=inference,
    )


def train_epoch(
    task: RestorationTask,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[Tensor],
    context: AbstractContextManager[None],
) -> list[Tensor]:
    """A step for each batch of uint8 pictures (N, H, W, 3); the losses stay on the device until someone looks."""
    task.train()
    losses = []
    for pictures in batches:
        pair = task.make_pair(pictures.to(task.device))
        optimizer.zero_grad()
        with context:
            loss = task.loss(task.model(pair.inputs), pair.target)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return losses


@torch.inference_mode()
def validate(
    task: RestorationTask, pictures: InMemory, batch_size: int, context: AbstractContextManager[None]
) -> tuple[Tensor, Tensor | None]:
    """Mean loss, and the share of pixels whose class is right where the task has classes."""
    task.eval()
    loss = torch.zeros((), device=task.device)
    right: Tensor | None = None
    for batch in pictures.pictures.split(batch_size):
        pair = task.make_pair(batch.to(task.device))
        with context:
            outputs = task.model(pair.inputs)
            loss += task.loss(outputs, pair.target) * len(batch) / len(pictures)
        if not pair.target.is_floating_point():
            share = (outputs.argmax(1) == pair.target).float().mean() * len(batch) / len(pictures)
            right = share if right is None else right + share
    return loss, right


@torch.inference_mode()
def infer(
    model: torch.nn.Module, inputs: list[Tensor], context: AbstractContextManager[None], device: torch.device
) -> float:
    """Seconds for the network alone."""
    model.eval()
    start = now(device)
    with context:
        for batch in inputs:
            model(batch)
    return now(device) - start
