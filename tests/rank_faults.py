"""A callback for tests/cli/test_app.py: what goes wrong in all of several processes."""

from __future__ import annotations

from lightning import Callback, LightningModule, Trainer

from colourize.errors import UsageError


class RankFaults(Callback):
    """Raises in every process when training starts."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        raise UsageError("some.key=3: must be\nsomething else")
