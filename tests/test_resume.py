"""A run that is stopped and resumed, wherever and however often, is the run that was never stopped: byte for byte."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import torch
from console import TINY_DATA, Outcome, run, succeed
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TESTS = Path(__file__).parent
# Three epochs of three steps: a network with dropout, augmentation, a schedule that is warm.
RUN = [
    *TINY_DATA, "~model", "+model._target_=resuming.Dropping", "trainer.max_epochs=3", "trainer.accelerator=cpu",
    "data.batch_size=15", "augmentation=flips_and_shifts", "lr_scheduler=one_cycle", "callbacks.samples.num_pictures=2",
    "trainer.enable_progress_bar=false", "+callbacks.signals._target_=resuming.Signals",
]  # fmt: skip
HERE = "hydra.run.dir=run"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that was never stopped."""
    return never_stopped(tmp_path_factory.getbasetemp())


@functools.cache
def never_stopped(base: Path, *more: str) -> Path:
    folder = base / f"whole-{len(list(base.iterdir()))}"
    succeed("train", [*RUN, HERE, *more], folder)
    return folder / "run"


def stopped(cwd: Path, when: str, *words: str) -> Outcome:
    """Start (or go on) in `run`, and be sent a signal."""
    return run("train", words, cwd, STOP=when)


def finish(cwd: Path, *words: str) -> Path:
    succeed("train", ["resume=run", *words], cwd)
    return cwd / "run"


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard shows of a run but for times: steps and values of each scalar, steps of each picture."""
    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0}).Reload()
    scalars = {tag: [(each.step, each.value) for each in found.Scalars(tag)] for tag in found.Tags()["scalars"]}
    images = {tag: [(each.step, 0.0) for each in found.Images(tag)] for tag in found.Tags()["images"]}
    seconds = scalars.pop("time/epoch_seconds")
    return {**scalars, **images, "time": [(step, 0.0) for step, _ in seconds]}


def assert_same(folder: Path, whole: Path) -> None:
    for name in ("metrics.csv", "metrics.json"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    for name in ("last", "best"):
        (ours, theirs) = (
            torch.load(each / "checkpoints" / f"{name}.ckpt", weights_only=True) for each in (folder, whole)
        )
        assert ours["global_step"] == theirs["global_step"]
        for key, value in theirs["state_dict"].items():
            assert torch.equal(ours["state_dict"][key], value), (name, key)
    pictures = [{each.name: each.read_bytes() for each in (path / "samples").iterdir()} for path in (folder, whole)]
    assert pictures[0] == pictures[1]
    assert points(folder) == points(whole)
    assert not list(folder.glob(".lock"))


@pytest.mark.parametrize(
    "stops",
    [
        ("SIGTERM-step-2",),  # within the first epoch
        ("SIGINT-step-3",),  # the last step of an epoch
        ("SIGTERM-validation-6",),  # the validation at an epoch's end
        ("SIGTERM-epoch-6",),  # the start of an epoch
        ("SIGTERM-step-2", "SIGTERM-step-3", "SIGTERM-step-5", "SIGTERM-step-7", "SIGTERM-step-8"),
        ("SIGTERM-step-9",),  # when all is trained
        ("SIGTERM-test-9",),
    ],
    ids=",".join,
)
def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(stops: tuple[str, ...], whole: Path, tmp_path: Path) -> None:
    words = [*RUN, HERE]
    for stop in stops:
        outcome = stopped(tmp_path, stop, *words)
        assert outcome.code == (143 if "TERM" in stop else 130)
        assert "To go on: colourize-train resume=run\n" in outcome.stdout
        assert not (tmp_path / "run" / "metrics.json").exists()
        words = ["resume=run"]
    assert_same(finish(tmp_path), whole)
