"""What published answers to the assignment report: figures of the course's own settings, on its validation pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By model, task, batch size and epochs: loss and accuracy as published; no figure is known to more digits.
PUBLISHED = {
    ("regression_cnn", "colour_regression", 100, 5): ("0.0112", ""),
    ("regression_cnn", "colour_regression", 100, 10): ("0.0098", ""),
    ("regression_cnn", "colour_regression", 100, 25): ("0.0082", ""),
    ("regression_cnn", "colour_regression", 100, 50): ("0.0070", ""),
    ("regression_cnn", "colour_regression", 100, 100): ("0.0074", ""),
    ("regression_cnn", "colour_regression", 100, 200): ("0.0071", ""),
    ("cnn", "colour_classification", 100, 25): ("1.59–1.60", "0.41"),
    ("unet", "colour_classification", 100, 25): ("1.376–1.379", "0.48"),
    ("unet", "colour_classification", 5, 25): ("1.270", ""),
    ("unet", "colour_classification", 10, 25): ("1.288", ""),
    ("unet", "colour_classification", 50, 25): ("1.35", ""),
    ("unet", "colour_classification", 200, 25): ("1.43", ""),
    ("cnn", "super_resolution", 100, 25): ("1.479–1.481", "0.46"),
    ("unet", "super_resolution", 100, 25): ("1.468", "0.47"),
    ("pool_upsample_net", "colour_classification", 100, 25): ("1.584", "0.41"),
    ("conv_transpose_net", "colour_classification", 100, 25): ("1.15", "0.55"),
    ("strided_unet", "colour_classification", 100, 25): ("1.06", "0.58"),
}
# The other settings of the course; None: not set.
USUAL = {
    "data": "cifar10", "data.category": "horse", "data.protocol": "course", "data.divisor": None,
    "data.validation": None, "data.augmentation": None, "model.num_filters": 32, "model.kernel_size": 3,
    "model.num_filters_last": None, "model.block_order": None, "model.middle_blocks": None,
    "model.initialisation": None, "task.optimizer": "adam", "task.optimizer.lr": 1e-3, "task.lr_scheduler": None,
    "task.prior": None, "task.degradation.scale_factor": (None, 4),
}  # fmt: skip


def published(settings: Mapping[str, Any]) -> dict[str, str]:
    """What is published for a method with these settings (see `identity`), by the names of our measures.

    The course's validation pictures are the test pictures, so that its figures stand beside those of a test.
    """
    for key, wanted in USUAL.items():
        if settings.get(key) not in (wanted if isinstance(wanted, tuple) else (wanted,)):
            return {}
    method: Any = tuple(settings.get(key) for key in ("model", "task", "data.batch_size", "trainer.max_epochs"))
    loss, accuracy = PUBLISHED.get(method, ("", ""))
    found = {"test/loss": loss, "test/accuracy": accuracy}
    return {name: text for name, text in found.items() if text}
