"""Writes checkpoints to disk, whole or not at all, while training continues; the previous one is kept."""

from __future__ import annotations

import contextlib
import io
import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from colourize.files import write_whole
from colourize.runs.folders import LAST, PREVIOUS

log = logging.getLogger(__name__)


class CheckpointFiles(TorchCheckpointIO):
    """Writes each checkpoint to a temporary file, syncs and renames it; `last.ckpt` becomes `last-previous.ckpt`.

    Writing takes longer than the rest of a checkpoint. Within `meanwhile`, a thread writes one file after the other
    while training continues; the contents are fixed before. `wait`, or the next checkpoint, raises the thread's errors.
    """

    def __init__(self) -> None:
        super().__init__()
        self.is_meanwhile = False
        self._writer: ThreadPoolExecutor | None = None
        self._under_way: deque[Future[None]] = deque()

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        contents = io.BytesIO()  # torch's own writer hides the system's error for a full disk
        torch.save(checkpoint, contents)
        self.wait(all_but=1)  # an epoch's best and last may wait; more would fill the memory
        self._writer = self._writer or ThreadPoolExecutor(1, "checkpoints")
        self._under_way.append(self._writer.submit(_write, path, contents.getvalue()))
        if not self.is_meanwhile:
            self.wait()

    def load_checkpoint(self, *arguments: Any, **more: Any) -> dict[str, Any]:
        self.wait()
        return super().load_checkpoint(*arguments, **more)

    def remove_checkpoint(self, path: str | Path) -> None:
        self.wait()  # until the file that replaces it is there
        super().remove_checkpoint(path)

    def wait(self, all_but: int = 0) -> None:
        """Wait until all but the `all_but` newest files are written; raises the error of a failed file."""
        while len(self._under_way) > all_but:
            self._under_way.popleft().result()

    def teardown(self) -> None:
        if self._writer is not None:
            self._writer.shutdown()
            self._writer = None
        while self._under_way:  # the error that ended the run is raised, not these
            if (error := self._under_way.popleft().exception()) is not None:
                log.warning("A checkpoint could not be written: %s", error)


def _write(path: Path, contents: bytes) -> None:
    write_whole(path, contents, keep=path.with_name(PREVIOUS) if path.name == LAST else None)


@contextlib.contextmanager
def meanwhile(trainer: Trainer) -> Iterator[None]:
    """In the block, saving does not wait for the disk; call `wait` afterwards."""
    files = trainer.strategy.checkpoint_io
    if not isinstance(files, CheckpointFiles):
        yield
        return
    files.is_meanwhile = True
    try:
        yield
    finally:
        files.is_meanwhile = False


def wait(trainer: Trainer) -> None:
    """Wait until all checkpoints of a trainer are on the disk; raises the error of a failed one."""
    files = trainer.strategy.checkpoint_io
    if isinstance(files, CheckpointFiles):
        files.wait()
