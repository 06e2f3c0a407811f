"""A run that is stopped and resumed, wherever and however often, is the run that was never stopped: byte for byte."""

from __future__ import annotations

import errno
import functools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import console
import numpy as np
import pytest
import torch
from console import TINY_DATA, Outcome, run, succeed
from filelock import FileLock
from torture.comparing import differences, points

from colourize import files
from colourize.data.cifar10 import cache_path
from colourize.runs import resuming

TESTS = Path(__file__).parent
# Three epochs of three steps: a network with dropout, augmentation, a schedule that is warm.
RUN = [
    *TINY_DATA, "~model", "+model._target_=resuming.Dropping", "trainer.max_epochs=3", "trainer.accelerator=cpu",
    "data.batch_size=15", "augmentation=flips_and_shifts", "lr_scheduler=one_cycle", "callbacks.samples.num_pictures=2",
    "trainer.enable_progress_bar=false", "+callbacks.signals._target_=resuming.Signals",
]  # fmt: skip
HERE = "hydra.run.dir=run"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
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


@pytest.mark.parametrize(
    "stops",
    [
        ("SIGTERM-step-2",),  # within the first epoch
        pytest.param(("SIGINT-step-3",), marks=pytest.mark.slow),  # the last step of an epoch
        pytest.param(("SIGTERM-validation-6",), marks=pytest.mark.slow),  # the validation at an epoch's end
        pytest.param(("SIGTERM-epoch-6",), marks=pytest.mark.slow),  # the start of an epoch
        pytest.param(
            ("SIGTERM-step-2", "SIGTERM-step-3", "SIGTERM-step-5", "SIGTERM-step-7", "SIGTERM-step-8"),
            marks=pytest.mark.slow,
        ),
        pytest.param(("SIGTERM-step-9",), marks=pytest.mark.slow),  # when all is trained
        pytest.param(("SIGTERM-test-9",), marks=pytest.mark.slow),
    ],
    ids=",".join,
)
def test_a_stopped_run_goes_on_as_if_it_had_never_stopped(stops, whole, tmp_path):
    words = [*RUN, HERE]
    for stop in stops:
        outcome = stopped(tmp_path, stop, *words)
        assert outcome.code == (143 if "TERM" in stop else 130)
        assert "To go on: colourize-train resume=run\n" in outcome.stdout
        assert not (tmp_path / "run" / "metrics.json").exists()
        words = ["resume=run"]
    assert differences(finish(tmp_path), whole) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "stops"),
    [
        (("+trainer.val_check_interval=2",), ("SIGTERM-step-4", "SIGTERM-validation-5")),
        (("+trainer.accumulate_grad_batches=2",), ("SIGTERM-step-1", "SIGTERM-step-3")),
        (("+trainer.check_val_every_n_epoch=2", "trainer.limit_train_batches=2"), ("SIGTERM-step-3", "SIGTERM-step-4")),
        (
            ("lr_scheduler=plateau", "task.lr_scheduler.patience=0", "+task.lr_scheduler.threshold=100"),
            ("SIGTERM-step-3", "SIGTERM-step-5"),
        ),
        (("callbacks.checkpoints.every_n_steps=2", "~logger", "callbacks.learning_rate=null"), ("SIGTERM-step-5",)),
    ],
    ids=lambda each: each[0],
)
def test_other_settings_go_on_alike(more, stops, tmp_path):
    first = [word for word in RUN if not word.startswith("lr_scheduler") or "lr_scheduler=plateau" not in more]
    succeed("train", [*first, *more, HERE], tmp_path / "whole")
    words = [*first, *more, HERE]
    for stop in stops:
        assert stopped(tmp_path, stop, *words).code == 143
        words = ["resume=run"]
    folder, whole = finish(tmp_path), tmp_path / "whole" / "run"
    for name in ("metrics.csv", "metrics.json"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    if "~logger" not in more:
        assert points(folder) == points(whole)


def in_a_process(cwd: Path, when: str, *words: str) -> tuple[int, str]:
    """The same in a process of its own: its exit code and what it tells."""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])  # this checkout, whichever is installed
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "STOP": when}
    environment |= {"COLOURIZE_DATA": console.CACHE.name}
    environment.pop("HYDRA_FULL_ERROR", None)
    command = [sys.executable, "-m", "colourize.train", *words]
    cwd.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)
    return done.returncode, done.stderr


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_last_checkpoint_in_a_folder_that_was_moved(whole, tmp_path, monkeypatch):
    words = [*RUN, HERE, "callbacks.checkpoints.every_n_steps=2"]
    assert in_a_process(tmp_path, "SIGKILL-step-6", *words)[0] == -signal.SIGKILL
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    # Of step 5, or the one before where the kill came while a thread still wrote that.
    assert torch.load(last, weights_only=True)["global_step"] in (3, 5)
    assert in_a_process(tmp_path, "SIGKILL-validation-6", "resume=run")[0] == -signal.SIGKILL
    shutil.move(tmp_path / "run", tmp_path / "elsewhere" / "my run")
    monkeypatch.chdir(tmp_path)
    succeed("train", [shlex.split(resuming.command("elsewhere/my run"))[1]], tmp_path)
    assert differences(tmp_path / "elsewhere" / "my run", whole) == []


@pytest.mark.parametrize("stop", ["SIGTERM-step-5", pytest.param("SIGKILL-step-5", marks=pytest.mark.slow)])
def test_averaged_weights_extra_pictures_and_muon_go_on_alike(stop, tmp_path):
    rng = np.random.default_rng(0)
    for category in ("horse", "deer", "ship"):
        pictures = rng.integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
        np.savez(cache_path(tmp_path, category), train=pictures[:50], test=pictures[50:])
    more = [
        f"data.root={tmp_path}", "data.palette=4", "data.batch_size=15", "data.extra_categories=[deer,ship]",
        "data.extra_share=[0.8,0.4]", "model=cnn", "model.num_filters=4", "averaging=ema", "optimizer=muon",
        "callbacks.checkpoints.every_n_steps=1", "augmentation=symmetries", HERE,
    ]  # fmt: skip
    words = [*(word for word in RUN if not re.match(r"data|.?model|augm|lr_sch", word)), *more]
    succeed("train", words, tmp_path / "whole")
    if "KILL" in stop:
        assert in_a_process(tmp_path, stop, *words)[0] == -signal.SIGKILL
    else:
        assert stopped(tmp_path, stop, *words).code == 143
    assert differences(finish(tmp_path), tmp_path / "whole" / "run") == []
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["averaging"] == 0.995 and record["data"]["parts"]["extra"]["pictures"] == 100
    outcome = run("train", ["resume=run", "trainer.max_epochs=4"], tmp_path)
    assert outcome.code == 2 and "data.extra_share=[0.8, 0.4] was planned for 3 epochs" in outcome.stderr


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["truncated", "a hole"])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(damage, whole, tmp_path):
    assert stopped(tmp_path, "SIGTERM-step-8", *RUN, HERE).code == 143
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    contents = bytearray(last.read_bytes())
    if damage == "truncated":
        del contents[len(contents) // 2 :]
    else:
        quarter = len(contents) // 4
        contents[quarter : 2 * quarter] = bytes(quarter)
    last.write_bytes(contents)
    outcome = succeed("train", ["resume=run"], tmp_path)
    assert "last.ckpt: truncated, or not a checkpoint at all: the one before it is used" in outcome.stdout
    assert differences(tmp_path / "run", whole) == []


@pytest.mark.parametrize("damage", ["truncated", "gone"])
def test_best_weights_that_are_lost_before_their_test_are_named(damage, whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    best = tmp_path / "run" / "checkpoints" / "best.ckpt"
    (tmp_path / "run" / "metrics.json").unlink()  # as if it had died in the test
    best.write_bytes(best.read_bytes()[:1000]) if damage == "truncated" else best.unlink()
    outcome = run("train", ["resume=run"], tmp_path)
    assert outcome.code == 1 and "best.ckpt" in outcome.stderr and outcome.stderr.count("\n") == 1


def test_runs_and_sweeps_have_folders_of_their_own(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    outcome = run("train", ["-m", *RUN, "seed=0,1", "hydra.sweep.dir=run"], tmp_path)
    assert outcome.code == 2 and "hydra.sweep.dir=run: holds a run" in outcome.stderr
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "multirun.yaml").touch()
    outcome = run("train", [*RUN, "hydra.run.dir=sweep"], tmp_path)
    assert outcome.code == 2 and "hydra.run.dir=sweep: holds a sweep" in outcome.stderr


@pytest.mark.slow
def test_a_finished_run_says_so_and_can_be_trained_for_more_epochs(tmp_path):
    words = [word for word in RUN if not word.startswith(("lr_scheduler", "trainer.max_epochs"))]
    succeed("train", [*words, HERE, "trainer.max_epochs=3"], tmp_path / "whole")
    succeed("train", [*words, HERE, "trainer.max_epochs=1"], tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    outcome = succeed("train", ["resume=run", "seed=0"], tmp_path)
    assert "this run is finished" in outcome.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}.items() >= {
        item for item in before.items() if item[0].is_file()
    }
    assert differences(finish(tmp_path, "trainer.max_epochs=3"), tmp_path / "whole" / "run") == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("seed=1", 2, "error: seed=1: a resumed run keeps its settings (seed=0)"),
        ("model=unet", 2, "error: model=unet: a resumed run keeps its settings"),
        ("trainer.max_epochs=4", 2, "trainer.max_epochs=4: the learning-rate schedule OneCycleLR was planned for 3"),
        ("hydra.run.dir=other", 2, "hydra.run.dir: resume=… goes on in the run's own folder"),
        ("-m", 2, "resumes one run, without -m"),
        ("resume=other", 2, "resume: appears twice"),
    ],
)
def test_what_would_make_it_another_run_is_refused(words, code, told, whole, tmp_path):
    outcome = run("train", [f"resume={whole}", *words.split()], tmp_path)
    assert outcome.code == code and told in outcome.stderr and outcome.stderr.count("\n") == 1
    assert outcome.left == []


def test_a_folder_has_one_owner(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    outcome = run("train", [*RUN, HERE, "seed=9"], tmp_path)
    assert outcome.code == 2 and "hydra.run.dir=run: holds a finished run; overwrite=true" in outcome.stderr
    assert all(
        each.read_bytes() == (whole / each.relative_to(tmp_path / "run")).read_bytes()
        for each in (tmp_path / "run").rglob("*")
        if each.is_file() and each.name != ".lock"
    )
    with FileLock(tmp_path / "run" / ".lock"):
        for words in ([*RUN, HERE, "overwrite=true"], ["resume=run"]):
            outcome = run("train", words, tmp_path)
            assert outcome.code == 2 and "=run: belongs to a run that is still going on" in outcome.stderr
    (tmp_path / "run" / "samples" / "epoch-009.png").touch()
    succeed("train", [*RUN, HERE, "overwrite=true"], tmp_path)
    assert differences(tmp_path / "run", whole) == []
    outcome = run("train", [*RUN, HERE, "hydra.run.dir=other"], tmp_path)
    assert outcome.code == 2 and "hydra.run.dir: appears twice" in outcome.stderr


def test_a_number_that_goes_wrong_ends_the_run(tmp_path):
    fault = "+callbacks.fault={_target_:resuming.NotANumber,step:5}"
    outcome = run("train", [*RUN, HERE, fault], tmp_path)
    assert outcome.code == 1
    assert re.fullmatch(
        "error: the training loss is nan in epoch 2, step 5, at the learning rate .*; "
        r"the last good checkpoint is run/checkpoints/last.ckpt \(.*\)\n",
        outcome.stderr,
    )
    for name in ("last", "best"):
        saved = torch.load(tmp_path / "run" / "checkpoints" / f"{name}.ckpt", weights_only=True)
        assert saved["global_step"] == 3 and all(value.isfinite().all() for value in saved["state_dict"].values())


def test_a_full_disk_is_one_line_and_what_was_saved_stays(whole, tmp_path, monkeypatch):
    written, write = [], files.Path.write_bytes

    def full(path: Path, contents: bytes) -> int:
        if ".last." in path.name:
            written.append(path)
        if len(written) > 2:  # the last epoch's checkpoint, and all that comes after it
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, contents)

    with monkeypatch.context() as patch:
        patch.setattr(files.Path, "write_bytes", full)
        outcome = run("train", [*RUN, HERE], tmp_path)
    assert outcome.code == 1 and outcome.stderr.count("\n") == 1
    assert "run/checkpoints/last.ckpt: the disk is full" in outcome.stderr
    assert differences(finish(tmp_path), whole) == []


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("imported", ["hydra", "torch", "lightning"])
def test_a_signal_while_modules_are_imported(sent, code, imported, tmp_path):
    program = (
        "import builtins, os, sys\nreal = builtins.__import__\n"
        "def sending(name, *rest):\n"
        f"    if name.partition('.')[0] == {imported!r} and not sent:\n"
        f"        sent.append(1)\n        os.kill(os.getpid(), {sent})\n"
        "    return real(name, *rest)\n"
        "sent = []\nfrom colourize.train import main\nbuiltins.__import__ = sending\n"
        f"sys.argv = ['colourize-train', *{RUN!r}, {HERE!r}]\nmain()"
    )
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "COLOURIZE_DATA": console.CACHE.name}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    name = {130: "Ctrl-C", 143: "SIGTERM"}[code]
    assert (done.returncode, done.stderr) == (code, f"\nStopped by {name}\n")
    assert list(tmp_path.iterdir()) == []
