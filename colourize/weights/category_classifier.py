"""Ship the category classifier: round a run's best weights to float16, test those, and put them into the package.

    colourize-train experiment=category_classifier hydra.run.dir=outputs/category_classifier
    python -m colourize.weights.category_classifier outputs/category_classifier

It writes `measures/category_classifier.pt`, with the accuracy on the 10,000 test pictures of CIFAR-10 inside.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from colourize.checkpoints import data_from, read, task_from
from colourize.data.batches import BatchLoader
from colourize.measures.category_classifier import WEIGHTS, features_and_logits
from colourize.models.residual_classifier import ResidualClassifier
from colourize.tasks.restoration import RestorationTask


def ship(run: Path, to: Path = WEIGHTS) -> dict[str, Any]:
    """Write a run's best weights in float16; returns what is said about them: how they were made, how good they are."""
    path = run / "checkpoints" / "best.ckpt"
    checkpoint = read(path)
    task, data = task_from(checkpoint, path), data_from(checkpoint, path)
    network = task.model
    assert isinstance(network, ResidualClassifier)
    weights = {name: value.half() for name, value in network.state_dict().items() if value.is_floating_point()}
    network.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
    validation = _correct(task, data.val_dataloader())[0].mean().item()
    correct, categories = _correct(task, data.test_dataloader())
    record = json.loads((run / "run.json").read_text())
    words = [word for word in record["command"][1:] if not word.startswith("hydra.")]  # wherever the run lies
    about = {
        "command": " ".join(words), "seed": record["seeds"]["seed"], "epoch": checkpoint["epoch"] + 1,
        **{name: record["versions"][name] for name in ("colourize", "torch")}, "test_pictures": len(correct),
        "accuracy": correct.mean().item(), "validation_accuracy": validation,
        "accuracy_by_category": [correct[categories == each].mean().item() for each in categories.unique()],
    }  # fmt: skip
    arguments = {
        "in_channels": network.in_channels, "out_channels": network.out_channels,
        "num_filters": task.hparams["model"]["num_filters"],
    }  # fmt: skip
    torch.save({"arguments": arguments, "about": about, "weights": weights}, to)
    return about


@torch.no_grad()
def _correct(task: RestorationTask, loader: BatchLoader) -> tuple[Tensor, Tensor]:
    """For each picture whether its category is recognised (0 or 1), and which category it is."""
    pairs = [task.make_pair(batch) for batch in loader]
    correct = [features_and_logits(task.model, pair.inputs)[1].argmax(1) == pair.target for pair in pairs]  # type: ignore[arg-type]
    return torch.cat(correct).double(), torch.cat([pair.target for pair in pairs])


if __name__ == "__main__":
    print(json.dumps(ship(Path(sys.argv[1])), indent=2))
