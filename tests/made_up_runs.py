"""Made-up runs, as trainings leave them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import yaml

TARGETS = {"cnn": "CNN", "unet": "UNet", "grey_lookup": "GreyLookup"}


def write_run(folder: Path, typed: dict[str, Any], mse: list[float], *, status: str = "completed", **more: Any) -> None:
    """A run's folder without its weights; `more` are parts of its settings."""
    choices = {"model": "cnn", "task": "colour_regression"} | {k: each for k, each in typed.items() if "." not in k}
    target = "colourize.models." + TARGETS[choices["model"]]
    filters, order = typed.get("model.num_filters", 32), typed.get("model.block_order")
    config: dict[str, Any] = {
        "seed": typed.get("seed", 0),
        "model": {"_target_": target, "num_filters": filters, "block_order": order},
        "trainer": {"max_epochs": typed.get("trainer.max_epochs")},
        "task": {
            "degradation": {"_target_": "colourize.degradations.Grey"},
            "answer": {"_target_": "colourize.answers.RGB"},
            "optimizer": {"_target_": "torch.optim.Adam", "lr": typed.get("task.optimizer.lr", 0.001)},
        },
        **more,
    }  # fmt: skip
    (folder / ".hydra").mkdir(parents=True)
    for path in (folder / "config.yaml", folder / ".hydra" / "config.yaml"):
        path.write_text(yaml.safe_dump(config))
    (folder / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump([f"{key}={each}" for key, each in typed.items()]))
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
    for seed, width in ((0, 16), (0, 32), (1, 16), (1, 32)):
        values = [0.1 * width + 0.01 * seed + picture for picture in range(4)]
        write_run(folder / f"num_filters-{width}+seed-{seed}", {"model.num_filters": width, "seed": seed}, values)
    write_run(folder / "lr", {"task.optimizer.lr": 0.1, "seed": 0}, [9.0, 9.5, 8.0, 9.0])
    write_run(folder / "table", {"model": "grey_lookup", "seed": 0}, [1.0, 2.0, 3.0, 4.0])
    (folder / "multirun.yaml").write_text("hydra: {}\n")
