"""The end of a run on the terminal, and what of its configuration TensorBoard shows."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from colourize.cli import terminal


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's folder whose name no shell takes as it is; its parent is where we stand."""
    folder = tmp_path / "it's $(mine)"
    for name in ("checkpoints/best.ckpt", "checkpoints/last.ckpt", "samples/best.png", "events.out.tfevents.1"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    monkeypatch.chdir(tmp_path)
    return folder


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """Label → the words that a shell sees behind it."""
    lines = (line.partition(":") for line in capsys.readouterr().out.splitlines() if ":  " in line)
    return {label: shlex.split(words) for label, _, words in lines}


def test_paths_can_be_pasted_of_the_best_checkpoint_or_else_the_last(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.show_run(folder, {"test/psnr": 20.0, "val/psnr": 1.0}, best=True, weights="those with the best val/loss")
    words = shown(capsys)
    assert words["Sample pictures"] == [f"{folder.name}/samples/best.png"]
    assert words["Best checkpoint"] == [f"{folder.name}/checkpoints/best.ckpt"]
    assert words["Curves"][-4:] == ["--logdir", folder.name, "--samples_per_plugin", "images=1000"]
    assert "Last checkpoint" not in words
    terminal.show_run(folder, {"test/psnr": 20.0}, best=False, weights="those of the last epoch")
    words = shown(capsys)
    assert words["Last checkpoint"] == [f"{folder.name}/checkpoints/last.ckpt"]
    assert "Best checkpoint" not in words
