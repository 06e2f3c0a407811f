"""The classifier that the learned measures rest on: what it sees in pictures, and how its weights were made.

    colourize-train experiment=category_classifier hydra.run.dir=outputs/category_classifier
    python -m colourize.measures.category_classifier outputs/category_classifier

The second command rounds the best weights to float16, tests those on the 10,000 test pictures of CIFAR-10, and writes
`category_classifier.pt` beside this file, with the accuracy inside.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.models.classifier import ResidualClassifier

WEIGHTS = Path(__file__).with_name("category_classifier.pt")
SIZE = 32  # pixels, height and width, of what it was trained on


@functools.lru_cache(maxsize=1)
def category_classifier() -> ResidualClassifier:
    """The classifier with the shipped weights, frozen, in float32 on the CPU."""
    contents = torch.load(WEIGHTS, map_location="cpu", weights_only=True)
    network = ResidualClassifier(**contents["arguments"])
    network.load_state_dict({name: value.float() for name, value in contents["weights"].items()}, strict=False)
    return network.requires_grad_(False).eval().to(memory_format=torch.channels_last)


@functools.lru_cache(maxsize=1)
def about() -> dict[str, Any]:
    """How its weights were made, and how good it is: "accuracy" of the ten categories, and of the horses alone."""
    return dict(torch.load(WEIGHTS, map_location="cpu", weights_only=True)["about"])


@torch.no_grad()
def seen(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """What it sees in pictures (N, 3, H, W), RGB in [0, 1]: features (N, D) and logits (N, 10), in float32.

    Pictures of another size are scaled to the one that it knows. It works on the CPU whatever the device: its copy for
    each device would outlive the evaluation.
    """
    small = pictures.detach().float().cpu()
    if small.shape[-2:] != (SIZE, SIZE):
        small = F.interpolate(small, size=(SIZE, SIZE), mode="bilinear", antialias=True, align_corners=False)
    network = category_classifier()
    with torch.autocast("cpu", enabled=False):
        features = network.features(small.contiguous(memory_format=torch.channels_last))
        logits = network.last(features)
    return features.to(pictures.device), logits.to(pictures.device)


def ship(run: Path, to: Path = WEIGHTS) -> dict[str, Any]:
    """Round the best weights of a run to float16, test them, and write them; returns what is said about them."""
    from colourize.checkpoints import data_from, read, task_from

    path = run / "checkpoints" / "best.ckpt"
    checkpoint = read(path)
    task, data = task_from(checkpoint, path), data_from(checkpoint, path)
    network = task.model
    assert isinstance(network, ResidualClassifier)
    weights = {name: value.half() for name, value in network.state_dict().items() if value.is_floating_point()}
    network.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
    right, labels = [], []
    with torch.no_grad():
        for batch in data.test_dataloader():
            pair = task.make_pair(batch)
            right.append(task(pair.inputs).argmax(1) == pair.target)
            labels.append(pair.target)
    hits, categories = torch.cat(right).double(), torch.cat(labels)
    record = json.loads((run / "run.json").read_text())
    about = {
        "command": " ".join(record["command"][1:]), "seed": record["seeds"]["seed"], "epoch": checkpoint["epoch"] + 1,
        **{name: record["versions"][name] for name in ("colourize", "torch")}, "test_pictures": len(hits),
        "accuracy": hits.mean().item(),
        "accuracy_by_category": [hits[categories == each].mean().item() for each in categories.unique()],
    }  # fmt: skip
    arguments = {
        "in_channels": network.in_channels, "out_channels": network.out_channels,
        "num_filters": task.hparams["model"]["num_filters"],
    }  # fmt: skip
    torch.save({"arguments": arguments, "about": about, "weights": weights}, to)
    return about


if __name__ == "__main__":
    print(json.dumps(ship(Path(sys.argv[1])), indent=2))
