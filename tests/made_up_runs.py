"""Made-up runs, as trainings leave them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import yaml

TARGETS = {
    "cnn": "colourize.models.CNN",
    "unet": "colourize.models.UNet",
    "grey_lookup": "colourize.models.GreyLookup",
}


def write_run(folder: Path, typed: dict[str, Any], mse: list[float], *, status: str = "completed", **more: Any) -> None:
    """A run's folder as a training leaves it, without its weights; `more` are parts of its settings."""
    choices = {"model": "cnn", "task": "colour_regression"} | {
        key: value for key, value in typed.items() if "." not in key
    }
    config: dict[str, Any] = {
        "seed": typed.get("seed", 0),
        "model": {
            "_target_": TARGETS[choices["model"]],
            "num_filters": typed.get("model.num_filters", 32),
            "block_order": typed.get("model.block_order"),
        },
        "trainer": {"max_epochs": typed.get("trainer.max_epochs")},
        "task": {
            "degradation": {"_target_": "colourize.degradations.Grey"},
            "answer": {"_target_": "colourize.answers.RGB"},
            "optimizer": {"_target_": "torch.optim.Adam", "lr": typed.get("task.optimizer.lr", 0.001)},
        },
        **more,
    }
    (folder / ".hydra").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / ".hydra" / "config.yaml").write_text(yaml.safe_dump(config))
    overrides = [f"{key}={value}" for key, value in typed.items()]
    (folder / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(overrides))
    (folder / ".hydra" / "hydra.yaml").write_text(yaml.safe_dump({"hydra": {"runtime": {"choices": choices}}}))
    record = {"status": status, "degradation": "Grey", "answer": "RGB", "loss": "MeanSquaredError"}
    (folder / "run.json").write_text(json.dumps(record))
    if status == "completed":
        (folder / "metrics.json").write_text(json.dumps({"test/mse": sum(mse) / len(mse), "test/fid": 3.0}))
        with (folder / "per_picture.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("picture", "mse"), *enumerate(mse)])
        (folder / "metrics.csv").write_text("epoch,step,train/loss,val/loss\n1,5,0.5,0.6\n2,10,0.4,0.5\n")


def write_sweep(folder: Path) -> None:
    """Two widths with two seeds each, a learning rate, and a baseline."""
    for seed in (0, 1):
        for width in (16, 32):
            name = f"num_filters-{width}+seed-{seed}"
            values = [0.1 * width + 0.01 * seed + picture for picture in range(4)]
            write_run(folder / name, {"model.num_filters": width, "seed": seed}, values)
    write_run(folder / "lr", {"task.optimizer.lr": 0.1, "seed": 0}, [9.0, 9.5, 8.0, 9.0])
    write_run(folder / "table", {"model": "grey_lookup", "seed": 0}, [1.0, 2.0, 3.0, 4.0])
    (folder / "multirun.yaml").write_text("hydra: {}\n")
