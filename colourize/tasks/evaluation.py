"""Tests several tasks in one pass: each batch is read once, and shared work is done once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import torch
from lightning import LightningModule
from torch import nn

from colourize.data.batches import Batch, Pair
from colourize.measures.base import Measure, PictureBatch
from colourize.tasks.restoration import RestorationTask, means_of


class Tested(NamedTuple):
    """A method of an evaluation."""

    task: RestorationTask
    precision: str  # Lightning's name of the precision it computes in
    kind: Hashable  # equal for tasks that make the same pairs from a batch


class Evaluation(LightningModule):
    """Tests methods side by side with `Trainer.test`; `results` holds each method's values, in the same order."""

    def __init__(self, methods: Sequence[Tested], measures: Sequence[Measure]) -> None:
        super().__init__()
        self.methods, self.measures = methods, measures
        self.tasks = nn.ModuleList(each.task for each in methods)  # registered, so that they move to the device
        self.results: list[dict[str, float]] = []

    def on_test_epoch_start(self) -> None:
        for task, _, _ in self.methods:
            task.on_test_epoch_start()
            for mean in (task.eval_loss, *means_of(task.eval_terms).values()):
                mean.reset()

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        pairs: dict[Hashable, Pair] = {}
        truths: dict[int, PictureBatch] = {}
        for task, precision, kind in self.methods:
            if kind not in pairs:
                pairs[kind] = task.make_pair(batch)
            pair = pairs[kind]
            truth = truths.setdefault(task.divisor, PictureBatch(pair.truth, pair.labels))
            half = torch.float16 if precision == "16-mixed" and self.device.type != "cpu" else torch.bfloat16
            with torch.autocast(self.device.type, half, enabled=precision != "32-true"):
                outputs = task.outputs(pair)
            task.measure(outputs, pair, self.measures, truth)

    def on_test_epoch_end(self) -> None:
        self.results = [task.results("test") for task, _, _ in self.methods]
