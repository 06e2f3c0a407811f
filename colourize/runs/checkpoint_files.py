"""How a checkpoint reaches the disk: whole or not at all, with the one before it kept."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from colourize.runs.files import write_whole
from colourize.runs.resuming import LAST, PREVIOUS


class CheckpointFiles(TorchCheckpointIO):
    """Lightning's own writes into the folder for temporary files, moves that, and does not wait for the disk.

    Here a file is written beside its place, synced and renamed, and `last.ckpt` becomes `last-previous.ckpt`.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None) -> None:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        contents = io.BytesIO()  # torch's own writer tells a full disk in words of its own
        torch.save(checkpoint, contents)
        write_whole(path, contents.getvalue(), keep=path.with_name(PREVIOUS) if path.name == LAST else None)
