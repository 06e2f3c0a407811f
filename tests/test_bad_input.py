"""What a user gets wrong: one or two lines that name the key or the file, an exit code, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import console
import numpy as np
import pytest
import torch
from console import TASKS, TINY, Outcome, run
from PIL import Image

USAGE, FILE = 2, 1
SR = "task=super_resolution"

# Overrides (beside those of a tiny run), exit code, what the message must name.
TRAIN = [
    # options and keys
    ("model=foo", USAGE, "model=foo: must be one of bicubic, "),
    ("data=foo", USAGE, "data=foo: must be one of cifar10, folder, synthetic"),
    ("task=foo", USAGE, "task=foo: must be one of "),
    ("optimizer=foo", USAGE, "optimizer=foo: must be one of adam, adamw, sgd"),
    ("experiment=foo", USAGE, "experiment=foo"),
    ("foo=1", USAGE, "foo: there is no such key; the top level has seed, "),
    ("foo.bar=1", USAGE, "foo.bar: there is no such key"),
    ("data.foo=1", USAGE, "data.foo: there is no such key; data has "),
    ("model.foo=1", USAGE, "model.foo: there is no such key; model has "),
    ("trainer.zzz=1", USAGE, "trainer.zzz: there is no such key; trainer has "),
    ("+trainer.zzz=1", USAGE, "zzz"),
    ("+model.foo=1", USAGE, "foo"),
    ("+data.foo=1", USAGE, "foo"),
    ("+task.optimizer.foo=1", USAGE, "foo"),
    ("data.batch_size", USAGE, "data.batch_size"),
    ("model.num_filters", USAGE, "model.num_filters: has no value; arguments are key=value"),
    ("data.batch_size=[1", USAGE, "[1"),
    ("=3", USAGE, "3"),
    ("logger=null", USAGE, "logger"),
    ("data.root=~/horses", USAGE, "data.root=~/horses: not understood; arguments are key=value"),
    ("horses.ckpt", USAGE, "horses.ckpt: has no value; arguments are key=value"),
    ("seed=0,1", USAGE, "seed=0,1: several values are a sweep, with -m; a list is written key=[a,b]"),
    ("launcher=joblib", USAGE, "launcher=joblib: acts on a sweep only, with -m"),
]

# Values of keys, each through the whole command: there are many, so they are slow.
VALUES = [
    # data
    ("data.batch_size=0", USAGE, "data.batch_size=0: must be "),
    ("data.batch_size=-5", USAGE, "data.batch_size=-5: must be "),
    ("data.batch_size=abc", USAGE, "data.batch_size=abc: must be "),
    ("data.batch_size=41", USAGE, "data.batch_size=41: more than the 40 training pictures"),
    ("data.eval_batch_size=0", USAGE, "data.eval_batch_size=0: must be "),
    ("data.protocol=foo", USAGE, "data.protocol=foo: must be one of honest, course"),
    ("data.size=7", USAGE, "data.size=7: must be "),
    ("data.size=100000", USAGE, "data.size=100000: must be a whole number from 8 to 4096"),
    ("data.num_train=99999999999", USAGE, "data.num_train=99999999999, data.size=32: 100000000"),
    ("data.root=null", USAGE, "data.root=None: must name a folder"),
    ("data.reshuffle=2", USAGE, "data.reshuffle=2: must be true or false"),
    ("data.num_train=0", USAGE, "data.num_train=0: must be "),
    ("data.palette=null", USAGE, "data.palette=null: classification needs a palette"),
    ("data.palette=1", USAGE, "data.palette=1: must be 2 to 256 colours"),
    ("data.palette=true", USAGE, "data.palette=True: must be "),
    ("data.palette=missing.npy", FILE, "data.palette=missing.npy: there is no such file"),
    ("data.palette={files}/truncated.npy", FILE, "truncated.npy: not a palette"),
    ("data.palette={files}/bright.csv", FILE, "bright.csv"),
    ("data.palette={files}/equal.csv", FILE, "equal.csv: not a palette of RGB colours in [0, 1] (4 colours, of which"),
    ("data.palette=foo", FILE, "data.palette=foo: must be "),
    # model and task
    ("model.kernel_size=4", USAGE, "model.kernel_size=4: must be an odd number"),
    ("model.kernel_size=x", USAGE, "model.kernel_size=x: must be an odd number"),
    ("model.num_filters=99999999999999999999", USAGE, "model.num_filters=99999999999999999999: must be at most "),
    ("model.num_filters=10000000", USAGE, "model=UNet: needs more memory than this machine"),
    ("task._target_=nope.Nope", USAGE, "task._target_=nope.Nope: cannot be imported ("),
    ("task.loss._target_=nope.Nope", USAGE, "task.loss._target_=nope.Nope: cannot be imported ("),
    (
        "task.optimizer._target_=torch.optim.Nope",
        USAGE,
        "task.optimizer._target_=torch.optim.Nope: cannot be imported (",
    ),
    ("overwrite=maybe", USAGE, "overwrite=maybe: must be true or false"),
    ("model.num_filters=0", USAGE, "model.num_filters=0: must be "),
    ("model.num_filters_last=0", USAGE, "model.num_filters_last=0: must be "),
    ("model.block_order=relu_norm_pool", USAGE, "model.block_order=relu_norm_pool: must be one of "),
    ("model=strided_unet model.block_order=pool_norm_relu", USAGE, "model.block_order=pool_norm_relu: StridedUNet "),
    ("task.degradation.weights=[1,2]", USAGE, "task.degradation.weights=[1, 2]: must be "),
    (f"{SR} task.degradation.scale_factor=3", USAGE, "task.degradation.scale_factor=3: must be 2, 4 or 8"),
    (f"{SR} data.size=30", USAGE, "task.degradation.scale_factor=4: must divide the pictures' size, 30×30"),
    ("task.optimizer.lr=abc", USAGE, "task.optimizer.lr"),
    ("task.optimizer.lr=-1", USAGE, "task.optimizer.lr"),
    ("task.optimizer.lr=1e39", USAGE, "task.optimizer.lr=1e+39: must be a number from 0 to 1e+06"),
    ("task.optimizer.lr=true", USAGE, "task.optimizer.lr=True: must be a number from 0 to 1e+06"),
    ("lr_scheduler=one_cycle task.lr_scheduler.max_lr=-1", USAGE, "task.lr_scheduler.max_lr=-1: must be a number"),
    ("lr_scheduler=cosine +task.lr_scheduler.eta_min=.nan", USAGE, "task.lr_scheduler.eta_min="),
    ("lr_scheduler=one_cycle +task.lr_scheduler.final_div_factor=-1", USAGE, "the learning rate becomes -"),
    ("+task.optimizer.foo=1", USAGE, "task.optimizer="),
    ("lr_scheduler=cosine task.lr_scheduler.interval=foo", USAGE, "interval"),
    ("lr_scheduler=cosine +task.lr_scheduler.foo=1", USAGE, "task.lr_scheduler="),
    ("lr_scheduler=one_cycle task.lr_scheduler.pct_start=2", USAGE, "task.lr_scheduler="),
    # trainer and the rest
    ("trainer.max_epochs=-1", USAGE, "trainer.max_epochs=-1: must be "),
    ("trainer.max_epochs=0", USAGE, "trainer.max_epochs=0: must be "),
    ("trainer.max_epochs=x", USAGE, "trainer.max_epochs=x: must be "),
    ("trainer.max_epochs=1.5", USAGE, "trainer.max_epochs=1.5: must be "),
    ("trainer.precision=7", USAGE, "trainer.precision=7: must be one of auto, 32-true"),
    ("trainer.accelerator=foo", USAGE, "trainer: You selected an invalid accelerator name: `accelerator='foo'`"),
    ("trainer.devices=0", USAGE, "devices"),
    ("trainer.limit_train_batches=-1", USAGE, "limit_train_batches"),
    ("trainer.limit_train_batches=0", USAGE, "trainer.limit_train_batches=0: nothing would be trained; must be "),
    (
        "trainer.limit_val_batches=0.01",
        USAGE,
        "trainer.limit_val_batches=0.01: less than one of the 1 batches; must be ",
    ),
    ("trainer.limit_test_batches=2.5", USAGE, "trainer.limit_test_batches=2.5: must be a number of batches"),
    ("trainer.devices=1000", USAGE, "trainer.devices=1000: more processes than this machine has cores; must be 1 to "),
    (
        "callbacks.checkpoints.monitor=val/nope",
        USAGE,
        "callbacks.checkpoints.monitor=val/nope: must be one of train/loss",
    ),
    ("callbacks.samples.folder={files}/whole.npy/x", FILE, "callbacks.samples.folder="),
    ("hydra.run.dir={files}/whole.npy", FILE, "hydra.run.dir="),
    ("hydra.run.dir={files}/whole.npy/x", FILE, "hydra.run.dir="),
    ("callbacks.samples.num_pictures=0", USAGE, "callbacks.samples.num_pictures=0: must be "),
    ("callbacks.foo=1", USAGE, "callbacks.foo: there is no such key"),
    ("seed=abc", USAGE, "seed=abc: must be "),
    ("seed=-1", USAGE, "seed=-1: must be "),
    ("seed=4294967296", USAGE, "seed=4294967296: must be a whole number from 0 to 4294967295"),
    ("compile=maybe", USAGE, "compile=maybe: must be true or false"),
    ("seed=null", USAGE, "seed="),
]

CHECKPOINTS = [  # to train on from
    ("checkpoint=missing.ckpt", FILE, "checkpoint=missing.ckpt: there is no such file"),
    ("checkpoint=5", FILE, "checkpoint=5"),
    ("checkpoint={files}/truncated.ckpt", FILE, "truncated.ckpt: truncated, or not a checkpoint at all"),
    ("checkpoint={files}/foreign.ckpt", FILE, "foreign.ckpt: was not made by this project"),
    ("checkpoint={last} task=colour_regression", USAGE, "was made with another answer"),
    (f"checkpoint={{last}} {SR}", USAGE, "was made with another degradation"),
    ("checkpoint={last} model=cnn", USAGE, "was made with another model"),
    ("checkpoint={last} model.kernel_size=5", USAGE, "was made with another model"),
    ("checkpoint={last} data.palette=5", USAGE, "was made with another fitted.answer.colours"),
    ("checkpoint={last} data.protocol=course", USAGE, "was made with another divisor (255 there, 256 here)"),
]

# Without those of a tiny run.
OTHER_SOURCES = [
    ("data=folder", USAGE, "data.root"),
    ("data=folder data.root=nowhere", FILE, "nowhere: there is no such folder"),
    ("data=folder data.root={files}/empty", FILE, "empty: 0 pictures; must hold at least 3"),
    ("data=folder data.root={files}/unreadable", FILE, "unreadable: 1 of 6 files cannot be read as pictures"),
    ("data=folder data.root={files}/unreadable", FILE, "3.png (no picture format that is known)"),
    ("data=folder data.root={files}/loop", FILE, "loop1.png ("),
    ("data=folder data.root={files}/unreadable data.skip_unreadable=1", USAGE, "data.skip_unreadable=1: must be true"),
    ("data=folder data.root={files}/unreadable data.size=7", USAGE, "data.size=7: must be "),
    ("data=folder data.root={files}/unreadable data.test_fraction=1", USAGE, "data.test_fraction=1: must be "),
    ("data=cifar10 data.category=unicorn", USAGE, "data.category=unicorn: must be one of airplane, "),
    ("data=cifar10 data.category=[horse,unicorn]", USAGE, "unicorn"),
    ("data=cifar10 data.mirror=unicorn", USAGE, "data.mirror=unicorn: must be "),
]

EVALUATE = [
    ("", USAGE, "checkpoint: missing"),
    ("checkpoint=missing.ckpt", FILE, "checkpoint=missing.ckpt: there is no such file"),
    ("checkpoint=5", FILE, "checkpoint=5"),
    ("checkpoint={files}/truncated.ckpt", FILE, "truncated.ckpt: truncated, or not a checkpoint at all"),
    ("checkpoint={files}/foreign.ckpt", FILE, "foreign.ckpt: was not made by this project"),
    ("checkpoint={files}/renamed.ckpt", FILE, "renamed.ckpt: does not fit this version of the project"),
    ("checkpoint={last} model=unet", USAGE, "checkpoint: brings its model and its task"),
    ("checkpoint={last} foo=1", USAGE, "foo: there is no such key; the top level has "),
    ("checkpoint={last} data=foo", USAGE, "data=foo"),
    ("checkpoint={last} data=folder", USAGE, "data.root"),
    ("checkpoint={last} data=folder data.root={files}/empty", FILE, "empty: 0 pictures"),
    ("checkpoint={last} data=folder data.root={files}/unreadable", FILE, "3.png (no picture format"),
    ("checkpoint={last} data=synthetic data.size=7", USAGE, "data.size=7: must be "),
    (
        "checkpoint={sharp} data=synthetic data.num_train=40 data.batch_size=20 data.size=30",
        USAGE,
        "scale_factor=4: must divide",
    ),
    ("checkpoint={last} data.num_test=5", USAGE, "data.num_test: there is no such key"),
    ("checkpoint={last} trainer.precision=7", USAGE, "trainer.precision=7: must be one of auto, 32-true"),
    ("checkpoint={last} overwrite=2", USAGE, "overwrite=2: must be true or false"),
    ("checkpoint={last} trust=5", USAGE, "trust=5: must be the name of a package of yours"),
    ("checkpoint={last} trust=[os]", USAGE, "trust=os: is a part of Python, no package of yours"),
    ("checkpoint={last} trainer=foo", USAGE, "trainer=foo: must be one of "),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files that are not what they should be, and good checkpoints."""
    files, base = tmp_path_factory.mktemp("files"), tmp_path_factory.getbasetemp()
    last = console.trained(base, TASKS[0]).folder / "checkpoints" / "last.ckpt"
    sharp = console.trained(base, TASKS[3]).folder / "checkpoints" / "last.ckpt"
    (files / "truncated.ckpt").write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    torch.save({"state_dict": {}}, files / "foreign.ckpt")
    contents = torch.load(last, weights_only=True)
    contents["state_dict"] = {f"other.{key}": value for key, value in contents["state_dict"].items()}
    torch.save(contents, files / "renamed.ckpt")
    np.save(files / "whole.npy", np.eye(3))
    (files / "truncated.npy").write_bytes((files / "whole.npy").read_bytes()[:-20])
    (files / "bright.csv").write_text("255,0,0\n0,255,0\n")
    (files / "equal.csv").write_text("0.5,0.5,0.5\n" * 4)
    (files / "empty").mkdir()
    (files / "loop").mkdir()
    for number in range(3):
        (files / "loop" / f"loop{number}.png").symlink_to(f"loop{number}.png")
    (files / "unreadable").mkdir()
    for number in range(6):
        Image.new("RGB", (9, 9)).save(files / "unreadable" / f"{number}.png")
    (files / "unreadable" / "3.png").write_bytes(b"not a picture")
    return {"files": str(files), "last": str(last), "sharp": str(sharp)}


def check(outcome: Outcome, code: int, named: str) -> None:
    assert outcome.code == code, outcome.stderr
    lines = outcome.stderr.splitlines()
    assert 1 <= len(lines) <= 2, outcome.stderr
    assert lines[0].startswith("error: ") and named in outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert outcome.left == []


@pytest.mark.parametrize(
    ("overrides", "code", "named"),
    [
        *(pytest.param(*case, id=case[0]) for case in [*TRAIN, *CHECKPOINTS]),
        *(pytest.param(*case, id=case[0], marks=pytest.mark.slow) for case in VALUES),
    ],
)
def test_train(overrides: str, code: int, named: str, places: dict[str, str], tmp_path: Path) -> None:
    check(run("train", [*TINY, *overrides.format(**places).split()], tmp_path / "here"), code, named)


@pytest.mark.parametrize(("overrides", "code", "named"), OTHER_SOURCES, ids=[case[0] for case in OTHER_SOURCES])
def test_train_with_other_sources(
    overrides: str, code: int, named: str, places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOURIZE_DATA", str(tmp_path / "no-pictures"))
    words = [*overrides.format(**places).split(), "trainer.max_epochs=1", "data.batch_size=2", "data.palette=2"]
    check(run("train", words, tmp_path / "here"), code, named)
    assert not (tmp_path / "no-pictures").exists()


@pytest.mark.parametrize(("overrides", "code", "named"), EVALUATE, ids=[case[0] for case in EVALUATE])
def test_evaluate(overrides: str, code: int, named: str, places: dict[str, str], tmp_path: Path) -> None:
    check(run("evaluate", overrides.format(**places).split(), tmp_path / "here"), code, named)


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ("seed=range(0,0)", "seed=range(0,0): stands for no value"),
        ("seed=range(0,0) -m", "seed=range(0,0): stands for no value"),
        ("model=glob(zz*)", "model=glob(zz*): stands for no value"),
        ("launcher=joblib hydra.launcher.n_jobs=0", "hydra.launcher.n_jobs=0: must be a number of jobs at a time"),
    ],
)
def test_sweeps_that_are_none(overrides: str, named: str, tmp_path: Path) -> None:
    flag = [] if "-m" in overrides else ["-m"]  # wherever it stands
    outcome = run("train", [*flag, *overrides.split(), *TINY], tmp_path)
    assert outcome.code == USAGE and outcome.stderr.startswith(f"error: {named}")
    assert [name for name in outcome.left if name != "multirun"] == []


def test_a_terminal_without_our_characters(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "colourize.evaluate", "--help"]
    outcome = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert outcome.returncode == 0, outcome.stderr
    assert "checkpoint=outputs/?/checkpoints/best.ckpt" in outcome.stdout


@pytest.mark.parametrize(("palette", "code"), [("missing.npy", FILE), ("null", USAGE)])
def test_a_palette_is_looked_at_before_the_pictures(
    palette: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from colourize.data.synthetic import SyntheticData

    def read(data: SyntheticData) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(SyntheticData, "load", read)
    assert run("train", [*TINY, f"data.palette={palette}"], tmp_path).code == code


def test_a_failed_start_leaves_the_files_of_others_alone(tmp_path: Path) -> None:
    mine = tmp_path / "logs" / "mine.log"
    mine.parent.mkdir()
    mine.write_text("kept")
    outcome = run("train", [*TINY, "model.kernel_size=4", f"hydra.run.dir={mine.parent}"], tmp_path / "here")
    assert outcome.code == USAGE
    assert mine.read_text() == "kept"


def test_the_traceback_is_shown_on_request(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"model\.kernel_size=4"):
        run("train", [*TINY, "model.kernel_size=4"], tmp_path, HYDRA_FULL_ERROR="1")


def test_a_fault_of_the_program_is_not_dressed_up_as_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from colourize.tasks import RestorationTask

    def fault(*arguments: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(RestorationTask, "training_step", fault)
    with pytest.raises(ZeroDivisionError, match="ours"):
        run("train", TINY, tmp_path)


def test_an_interrupted_run_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from colourize.data.synthetic import SyntheticData

    def interrupted(self: SyntheticData) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SyntheticData, "load", interrupted)
    outcome = run("train", TINY, tmp_path)
    assert outcome.code == 130
    assert "Traceback" not in outcome.stderr


def test_an_interrupted_training_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from colourize.tasks import RestorationTask

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RestorationTask, "training_step", interrupted)
    outcome = run("train", TINY, tmp_path)
    assert outcome.code == 130
    assert "Traceback" not in outcome.stderr


def test_submitit_without_slurm(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="comes with the extra slurm")
    outcome = run("train", ["-m", *TINY, "seed=0,1", "launcher=submitit"], tmp_path, PATH=str(tmp_path))
    assert outcome.code == USAGE
    assert outcome.stderr.startswith("error: launcher=submitit: there is no SLURM here")
