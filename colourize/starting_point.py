"""Where a training starts: at its first step, in its own or another run's checkpoint, or from the weights of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lightning import Trainer
from omegaconf import DictConfig
from torch import Tensor

from colourize.callbacks import weight_averaging
from colourize.checkpoints import check_resumable, check_same, has_training_state, newest, read, read_any
from colourize.fine_tuning import adopt, fitted_parts, take_weights
from colourize.tasks.restoration import RestorationTask


class StartingPoint:
    """The checkpoint from which a training starts, if any; a damaged one is refused before pictures are read.

    The task of a file without a training's state is put into the configuration, see `fine_tuning.adopt`.

    Args:
        config: the training's configuration.
        resumes: whether the run in its folder is resumed.

    Attributes:
        own: the run's own checkpoint, with which it resumes.
        weights: for fine-tuning, the file of the weights (`checkpoint`) and its validation measures before the first
            step.
    """

    def __init__(self, config: DictConfig, *, resumes: bool) -> None:
        self.config = config
        self.own: Path | None = newest(config.output_dir) if resumes else None
        self.weights: dict[str, Any] | None = None
        self._contents: dict[str, Any] = {}
        if self.own is not None:
            self._contents = read_any(self.own)
            self.weights = self._contents["colourize"].get("start")
        elif config.checkpoint is not None:
            self._contents = read(config.checkpoint, config.trust)
            if not has_training_state(self._contents):
                self.weights = {"checkpoint": str(config.checkpoint)}
                if not resumes:
                    adopt(config, self._contents)

    @property
    def checkpoint(self) -> str | None:
        """The checkpoint whose training continues; None if the training begins at its first step."""
        other = self.config.checkpoint if self.weights is None else None
        path = self.own or other
        return None if path is None else str(path)

    def fitted(self) -> dict[str, dict[str, Tensor]] | None:
        """For fine-tuning, the parts that the file has fitted already."""
        return fitted_parts(self.config, self._contents) if self.weights else None

    def enter(self, task: RestorationTask, trainer: Trainer) -> None:
        """Check that a fitted task can start here, and load the weights with which a fine-tuning starts.

        Raises:
            UsageError, InputError: the checkpoint was made with another task, or no epochs are left.
        """
        path = self.config.checkpoint
        if self.own is not None:
            check_same(self.own, self._contents, task)
        elif self.weights is not None:
            take_weights(task, self._contents, path)
        elif path is not None:
            check_resumable(path, self._contents, task, self.config.trainer.max_epochs)
            weight_averaging.check_alike(trainer, path, self._contents)
        task.start = self.weights
        self._contents = {}  # a training needs the memory
