"""A user's mistakes: one or two lines that name the key or the file, an exit code, and nothing left behind."""

from __future__ import annotations

import copy
import functools
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import console
import hydra
import numpy as np
import pytest
import torch
from console import TASKS, TINY, Outcome, run
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from options import GROUPS
from PIL import Image

from colourize.configuration import config_dir
from colourize.data.synthetic import SyntheticData
from colourize.errors import ColourizeError
from colourize.tasks import RestorationTask
from colourize.train import train

USAGE, FILE = 2, 1
LATE = (
    "data.batch_size=41", "trainer.limit_val_batches=0.01",
    "task=super_resolution data.size=30",
    "evaluate checkpoint={sharp} data=synthetic data.num_train=40 data.batch_size=20 data.size=30",
    "inspect checkpoint={last} pictures=[10]", "inspect checkpoint={last} modules=[up9]",
)  # fmt: skip

# One case a line: a usage error (U) or a missing or damaged file (F), the overrides, and what the message must name.
# TRAIN, VALUES and CHECKPOINTS have the overrides of a tiny run besides.
TRAIN = """
U model=foo | model=foo: must be one of bicubic,
U optimizer=foo | optimizer=foo: must be one of adam, adamw, muon, sgd
U data.extra_categories=all | data.extra_categories: there is no such key; data has
U experiment=foo | experiment=foo
U experiment=[c3_batch_size,fast] | experiment=[c3_batch_size,fast]: must be one experiment
U foo=1 | foo: there is no such key; the top level has seed,
U +trainer.zzz=1 | zzz
U +model.foo=1 | foo
U +data.foo=1 | foo
U +task.optimizer.foo=1 | foo
U model.num_filters | model.num_filters: has no value; arguments are key=value
U data.batch_size=[1 | [1
U =3 | 3
U logger=null | logger
U data.root=~/horses | data.root=~/horses: is not understood; arguments are key=value
U horses.ckpt | horses.ckpt: has no value; arguments are key=value
U seed=0,1 | seed=0,1: has several values; a sweep over them needs -m, a list is
U launcher=joblib | launcher=joblib: acts on a sweep only, with -m
F hydra.run.dir={files}/whole.npy | hydra.run.dir=
U measures=[mse,foo] | measures=foo: must be one of all, default, quick
U ~loss | loss: missing; loss=… names one
U ~task | task: missing; task=… names one
"""

# These go through `train` without a command line; LATE ones need the pictures.
VALUES = """
U data.batch_size=0 | data.batch_size=0: must be
U data.batch_size=abc | data.batch_size=abc: must be
U data.batch_size=41 | data.batch_size=41: more than the 40 training pictures
U data.eval_batch_size=0 | data.eval_batch_size=0: must be
U data.protocol=foo | data.protocol=foo: must be one of honest, course
U data.size=7 | data.size=7: must be
U data.size=100000 | data.size=100000: must be a whole number from 8 to 4096
U data.num_train=99999999999 | data.num_train=99999999999, data.size=32: 100000000
U data.root=null | data.root=None: must name a folder
U data.reshuffle=2 | data.reshuffle=2: must be true or false
U data.num_train=0 | data.num_train=0: must be
U data.palette=null | data.palette=null: classification needs a palette
U data.palette=1 | data.palette=1: must be 2 to 256 colours
U data.palette=true | data.palette=True: must be
F data.palette=missing.npy | data.palette=missing.npy: there is no such file
F data.palette={files}/truncated.npy | truncated.npy: not a palette
F data.palette={files}/bright.csv | bright.csv
F data.palette={files}/equal.csv | equal.csv: not a palette of RGB colours in [0, 1] (4 colours, of which
F data.palette=foo | data.palette=foo: must be
U model.kernel_size=4 | model.kernel_size=4: must be an odd number
U model.kernel_size=true | model.kernel_size=True: must be an odd number
U model.num_filters=99999999999999999999 | model.num_filters=99999999999999999999: must be at most
U model.num_filters=10000000 | model=UNet: needs more memory than this machine
U task._target_=nope.Nope | task._target_=nope.Nope: cannot be imported (
U task.loss._target_=nope.Nope | task.loss._target_=nope.Nope: cannot be imported (
U task.optimizer._target_=torch.optim.Nope | task.optimizer._target_=torch.optim.Nope: cannot be imported (
U overwrite=maybe | overwrite=maybe: must be true or false
U model.num_filters=0 | model.num_filters=0: must be
U model.num_filters_last=0 | model.num_filters_last=0: must be
U model.block_order=relu_norm_pool | model.block_order=relu_norm_pool: must be one of
U model=strided_unet model.block_order=pool_norm_relu | model.block_order=pool_norm_relu: StridedUNet
U task.degradation.weights=[1,2] | task.degradation.weights=[1, 2]: must be
U task=super_resolution task.degradation.scale_factor=3 | task.degradation.scale_factor=3: must be 2, 4 or 8
U task=super_resolution task.degradation.scale_factor=4.0 | task.degradation.scale_factor=4.0: must be 2, 4 or 8
U task=super_resolution data.size=30 | task.degradation.scale_factor=4: must divide the pictures' size, 30×30
U task.optimizer.lr=abc | task.optimizer.lr
U task.optimizer.lr=-1 | task.optimizer.lr
U task.optimizer.lr=1e39 | task.optimizer.lr=1e+39: must be a number from 0 to 1e+06
U task.optimizer.lr=true | task.optimizer.lr=True: must be a number from 0 to 1e+06
U lr_scheduler=one_cycle task.lr_scheduler.max_lr=-1 | task.lr_scheduler.max_lr=-1: must be a number
U lr_scheduler=cosine +task.lr_scheduler.eta_min=.nan | task.lr_scheduler.eta_min=
U lr_scheduler=one_cycle +task.lr_scheduler.final_div_factor=-1 | the learning rate becomes -
U optimizer=muon task.optimizer.momentum=1 | task.optimizer.momentum=1: must be
U optimizer=muon task.optimizer.momentum=-0.1 | task.optimizer.momentum=-0.1: must be
U optimizer=muon task.optimizer.momentum=abc | task.optimizer.momentum=abc: must be
U optimizer=muon task.optimizer.weight_decay=-1 | task.optimizer.weight_decay=-1: must be
U optimizer=muon task.optimizer.steps=0 | task.optimizer.steps=0: must be
U averaging=ema callbacks.averaging.decay=0 | callbacks.averaging.decay=0: must be above 0 and below 1
U averaging=ema callbacks.averaging.decay=1 | callbacks.averaging.decay=1: must be above 0 and below 1
U averaging=ema callbacks.averaging.decay=true | callbacks.averaging.decay=True: must be above 0 and below 1
U averaging=ema callbacks.averaging.decay=null | callbacks.averaging.decay=None: must be above 0 and below 1
U averaging=ema callbacks.averaging.decay=nan | callbacks.averaging.decay=nan: must be above 0 and below 1
U +task.optimizer.foo=1 | task.optimizer=
U lr_scheduler=cosine task.lr_scheduler.interval=foo | interval
U lr_scheduler=cosine +task.lr_scheduler.foo=1 | task.lr_scheduler=
U lr_scheduler=one_cycle task.lr_scheduler.pct_start=2 | task.lr_scheduler=
U trainer.max_epochs=0 | trainer.max_epochs=0: must be
U trainer.max_epochs=x | trainer.max_epochs=x: must be
U trainer.max_epochs=1.5 | trainer.max_epochs=1.5: must be
U trainer.precision=7 | trainer.precision=7: must be one of auto, 32-true
U trainer.accelerator=foo | trainer: You selected an invalid accelerator name: `accelerator='foo'`
U trainer.devices=0 | devices
U trainer.limit_train_batches=-1 | limit_train_batches
U trainer.limit_train_batches=0 | trainer.limit_train_batches=0: nothing would be trained; must be
U trainer.limit_val_batches=0.01 | trainer.limit_val_batches=0.01: less than one of the 1 batches; must be
U trainer.limit_test_batches=2.5 | trainer.limit_test_batches=2.5: must be a number of batches
U trainer.devices=1000 | trainer.devices=1000: more processes than this machine has cores; must be 1 to
U callbacks.checkpoints.monitor=val/nope | callbacks.checkpoints.monitor=val/nope: must be one of train/loss
U +callbacks.checkpoints.save_weights_only=true | callbacks.checkpoints.save_weights_only=true: no run could go on
F callbacks.samples.folder={files}/whole.npy/x | callbacks.samples.folder=
U callbacks.samples.num_pictures=0 | callbacks.samples.num_pictures=0: must be
U seed=-1 | seed=-1: must be
U seed=4294967296 | seed=4294967296: must be a whole number from 0 to 4294967295
U compile=maybe | compile=maybe: must be true or false
U seed=null | seed=
U answer=rgb loss=cross_entropy | task.loss=CrossEntropy: is for classes and categories, and the answer RGB
U task=super_resolution prior=grey_lookup | prior: GreyLookup is not for this task
U prior=grey_row_lookup task.prior.num_rows=0 | task.prior.num_rows=0: must be a whole number from 1
U model=lanczos | model: Interpolation is not for this task
U measures.names=[mse,pnsr] | measures.names=pnsr: must be some of
U task.loss._target_=torch.nn.MSELoss | task.loss=torch.nn.MSELoss: must be a Loss
U model=grey_lookup prior=grey_lookup | prior: is for a network that learns
U task.answer=null | answer: missing; answer=… names one
U +task.prior.foo=1 | prior: missing; prior=… names one
U data.divisor=128 | data.divisor=128: must be one of 255, 256
U data.validation=val | data.validation=val: must be one of own, test
U data.eval_seed=-1 | data.eval_seed=-1: must be
U augmentation=flips data.augmentation.flip=1.5 | data.augmentation.flip=1.5: must be a share, 0 to 1
U augmentation=flips data.augmentation.flip=nan | data.augmentation.flip=nan: must be a share
U augmentation=flips data.augmentation.flip=true | data.augmentation.flip=True: must be a share
U augmentation=flips_and_shifts data.augmentation.max_shift=-1 | data.augmentation.max_shift=-1: must be
U augmentation=elastic data.augmentation.deviation=-1 | data.augmentation.deviation=-1: must be a number from 0
U augmentation=elastic data.augmentation.max_rotation=true | data.augmentation.max_rotation=True: must be
U augmentation=elastic data.augmentation.grid_size=1 | data.augmentation.grid_size=1: must be
U task.degradation.weights=[1.5,-0.25,-0.25] | task.degradation.weights=[1.5, -0.25, -0.25]: must be three shares
U task.degradation.weights=[nan,0.5,0.5] | task.degradation.weights=[nan, 0.5, 0.5]: must be three shares
U degradation=hints task.degradation.reveal=some | reveal=some: must be share, points or mixed
U degradation=hints task.degradation.reveal=points task.degradation.number=65 | number=65: must be at most 64 points
U model=pixel_shuffle_resnet model.num_filters=1 | model.num_filters=1: must be a whole number of at least 2
U model=pixel_shuffle_resnet model.num_blocks=-1 | model.num_blocks=-1: must be a whole number of at least 0
U model=pixel_shuffle_resnet model.reduction=9 | model.reduction=9: must be a whole number from 1 to 8
U model=pixel_shuffle_resnet model.dropout=1.0 | model.dropout=1.0: must be a share, at least 0 and below 1
U model=pixel_shuffle_resnet model.norm=layer | model.norm=layer: must be one of batch, none
U model=zhang model.num_halvings=4 | model.num_halvings=4: must be a whole number from 1 to 3
U model=ronneberger_unet model.levels=1 | model.levels=1: must be a whole number from 2 to 8
U model=ronneberger_unet model.padding=same | model.padding=same: must be one of reflect, zeros, valid
U model=ronneberger_unet model.dropout=1.0 | model.dropout=1.0: must be a share, at least 0 and below 1
U task=super_resolution_regression model=linear_filter model.ridge=2 | model.ridge=2: must be
U model=palette_oracle task=colour_regression | it is for task=colour_classification, task=chroma_classification or
U task=chroma_classification task.answer.grid=3 | task.answer.grid=3: must be a whole number from 4 to 50
U task=chroma_classification task.answer.num_bins=314 | task.answer.num_bins=314: must be a whole number from 2 to 313
U task=chroma_classification task.answer.neighbours=0 | task.answer.neighbours=0: must be a whole number from 1
U task=chroma_classification task.answer.sigma=0 | task.answer.sigma=0: must be a number above 0
U task=chroma_classification degradation=grey | task.answer=AbBins: is for the degradation Luminance, and this one
U loss=rebalanced_cross_entropy task.loss.grey_filter=sepia | task.loss.grey_filter=sepia: must be one of caffe, pytorch
U loss=rebalanced_cross_entropy task.loss.uniform_weight=2 | task.loss.uniform_weight=2: must be a number from 0 to 1
U loss=[rebalanced_cross_entropy,total_variation] | is fitted to the training pictures; it must be alone
U answer=rgb loss=[mse,features] task.loss.features.weight=-1 | task.loss.features.weight=-1: must be a number of
U answer=rgb loss=style task.loss.style.weight=0 | task.loss: all weights are 0; nothing would be learnt
U task.optimizer=null | task.optimizer: missing; optimizer=adam, say, gives one
U optimizer=sgd task.optimizer.momentum=true | task.optimizer.momentum=true: must be a number
U optimizer=sgd task.optimizer.weight_decay=inf | task.optimizer.weight_decay=inf: must be a finite number
U lr_scheduler=cosine task.lr_scheduler.T_max=true | task.lr_scheduler.T_max=true: must be a number
U callbacks.samples.every_n_epochs=-1 | callbacks.samples.every_n_epochs=-1: must be
U callbacks=activations callbacks.activations.count=1 | callbacks.activations.count=1: must be
"""

CHECKPOINTS = """
F checkpoint=missing.ckpt | checkpoint=missing.ckpt: there is no such file
U checkpoint={last} task=colour_regression | was made with another answer
U checkpoint={last} task=super_resolution | was made with another degradation
U checkpoint={last} model=cnn | was made with another model
U checkpoint={last} model.kernel_size=5 | was made with another model
U checkpoint={last} data.palette=5 | was made with another fitted.answer.colours
U checkpoint={last} data.protocol=course | was made with another divisor (255 there, 256 here)
"""

OTHER_SOURCES = """
U data=folder | data.root
U data=folder data.root=true | data.root=True: must name a folder
U data=folder data.root="~nobody-of-this-name/x" | must name a folder
F data=folder data.root=nowhere | nowhere: there is no such folder
F data=folder data.root={files}/empty | empty: 0 pictures; must hold at least 3
F data=folder data.root={files}/unreadable | unreadable: 1 of 6 files cannot be read as pictures
F data=folder data.root={files}/unreadable | 3.png (no picture format that is known)
F data=folder data.root={files}/loop | loop1.png (
U data=folder data.root={files}/unreadable data.skip_unreadable=1 | data.skip_unreadable=1: must be true
U data=folder data.root={files}/unreadable data.size=7 | data.size=7: must be
U data=folder data.root={files}/unreadable data.test_fraction=1 | data.test_fraction=1: must be
U data=folder data.root={files}/unreadable data.test_fraction=nan | data.test_fraction=nan: must be above 0
U data=cifar10 data.category=unicorn | data.category=unicorn: must be one of airplane,
U data=cifar10 data.category=[horse,unicorn] | unicorn
U data=cifar10 data.category=[horse,deer,horse] | twice
U data=cifar10 data.mirror=unicorn | data.mirror=unicorn: must be
U data=cifar10 data.mirror=ftp://host/folder | data.mirror=ftp://host/folder: must be an http, https or file URL
"""

# The first word is the console script.
SCRIPTS = """
U evaluate | checkpoint: missing
F evaluate checkpoint=missing.ckpt | checkpoint=missing.ckpt: there is no such file
F evaluate checkpoint=5 | checkpoint=5
F evaluate checkpoint={files}/truncated.ckpt | truncated.ckpt: truncated, or not a checkpoint at all
F evaluate checkpoint={files}/foreign.ckpt | foreign.ckpt: was not made by this project
F evaluate checkpoint={files}/renamed.ckpt | renamed.ckpt: does not fit this version of the project
U evaluate checkpoint={last} model=unet | checkpoint: brings its model and its task
U evaluate checkpoint={last} data=folder | data.root
F evaluate checkpoint={last} data=folder data.root={files}/empty | empty: 0 pictures
F evaluate checkpoint={last} data=folder data.root={files}/unreadable | 3.png (no picture format
U evaluate checkpoint={last} data=synthetic data.size=7 | data.size=7: must be
U evaluate checkpoint={sharp} data=synthetic data.num_train=40 data.batch_size=20 data.size=30 | must divide
U evaluate checkpoint={last} data.num_test=5 | data.num_test: there is no such key
U evaluate checkpoint={last} trainer.precision=7 | trainer.precision=7: must be one of auto, 32-true
U evaluate checkpoint={last} overwrite=2 | overwrite=2: must be true or false
U evaluate checkpoint={last} trust=5 | trust=5: must be the name of a package of yours
U evaluate checkpoint={last} trust=[os] | trust=os: is a part of Python, no package of yours
U evaluate checkpoint={last} +trainer.zzz=1 | trainer:
U evaluate checkpoint={last} seed=-1 | seed=-1: must be
U evaluate data=synthetic model=bilinear degradation=low_resolution answer=rgb | checkpoint: missing
U evaluate data=synthetic task=super_resolution model=grey_lookup | model: GreyLookup is not for this task
U evaluate data=synthetic task=super_resolution model=bilinear loss=mse | task.loss=MeanSquaredError: is for values
U evaluate data=synthetic task=super_resolution model=bilinear seed=x | seed=x: must be
U evaluate checkpoint={last} baselines=[unet] | baselines=unet: must be fitting, or some of
U evaluate checkpoint={last} reference=nope | reference=nope: must be null, auto, a baseline (bicubic,
U evaluate checkpoint={last} reference=unet | or a checkpoint; unet is a network, which must be trained first
U evaluate checkpoint={last} reference=[] | reference=[]: must be null, auto, a baseline (bicubic,
U evaluate checkpoint={last} reference=bicubic | reference=bicubic: is not for the tasks of these checkpoints
U evaluate checkpoint={last} measures.names=0 | measures.names=0: must be some of
F evaluate checkpoint=nowhere/*.ckpt | no file is named like this
U export | output: missing; give the file to write
U export output=x.gif | output=x.gif: must end with one of html, onnx, safetensors
U export output=x.html format=pdf | format=pdf: must be one of html, onnx, safetensors
U export output=x.html overwrite=1 | overwrite=1: must be true or false
F export output=x.html checkpoint=none.ckpt | checkpoint=none.ckpt: there is no such file
U export output=x.html checkpoint=builtin:category_classifier | its answer, Category, is no picture
U export output=x.onnx checkpoint=[{sharp},none.ckpt] | names 2 networks; format=onnx takes one
U export checkpoint={last} output=x.safetensors temperature=0.25 | temperature=0.25: is not stored in safetensors
U export checkpoint={last} output={files}/there.html | there.html: is there already; overwrite=true replaces it
U inspect | checkpoint: missing; name a file
U inspect model=unet | checkpoint: missing; name a file
U inspect model=bilinear task=super_resolution | model: Interpolation has no layers; must be a network
U inspect model=unet task=category_classification | model: UNet answers each pixel
U inspect model=unet task=colour_classification data=synthetic | data: goes with a checkpoint only
U inspect model=unet task=colour_classification size=0 | size=0: must be a whole number
U inspect checkpoint=a.ckpt model=unet | checkpoint: brings its model and its task
U inspect checkpoint=a.ckpt pictures=[] | pictures=[]: must be numbers of test pictures
U inspect checkpoint=a.ckpt pictures=[100] | pictures=100: must be a whole number from 0 to 99
U inspect checkpoint={last} pictures=[10] | pictures=10: there are 10 test
U inspect checkpoint={last} modules=[up9] | modules=up9: there
U predict checkpoint=null input={files}/unreadable/0.png | checkpoint: missing
U predict checkpoint=builtin:sepia input={files}/unreadable/0.png | checkpoint=builtin:sepia: the package has no
U predict checkpoint={last} | input: missing
U predict checkpoint=[{last},{sharp}] input={files}/unreadable/0.png | matches 2 files
F predict checkpoint={last} input={files}/unreadable/0.png hints=none.json | hints=none.json: there is no such file
U predict checkpoint={last} input={files}/unreadable/0.png overwrite=1 | overwrite=1: must be true or false
U predict checkpoint={last} input={files}/unreadable/0.png format=gif | format=gif: must be one of png
U predict checkpoint={last} input={files}/unreadable/0.png output={files}/unreadable/1.png | 1.png: is there already
U predict checkpoint={last} input={files}/unreadable/0.png outptu=x | outptu: there is no such key
U benchmark benchmark.parts=[steps,stop] | must be all, or some of steps, startup
U benchmark benchmark.parts=[] | must be all, or some of steps, startup
U benchmark benchmark.repeats=0 | benchmark.repeats=0: must be a whole number
U benchmark benchmark.pictures=0 | benchmark.pictures=0: must be a whole number
U benchmark benchmark.cases=[unet] | must be model/task
U benchmark benchmark.cases=[vgg/super_resolution] | model=vgg: must be one of
U benchmark device=tpu | device=tpu: must be one of cpu, cuda, auto
U benchmark model=cnn | the benchmark has benchmark.cases
U benchmark trainer.limit_val_batches=1 | the benchmark has benchmark.cases
U benchmark trainer.precision=64-true | compares 32-true, bf16-mixed and auto only
U search trials=0 | trials=0: must be
U search mode=best | mode=best: must be min or max
U search measure=test/loss | measure=test/loss: test pictures must not choose settings
U search space={{model.num_filters:{{low:4}}}} | space.model.num_filters={{'low': 4}}: must be choices, or low and high
U search space={{}} | space: must have a key to search
F report runs=nowhere | runs=nowhere: there is no such folder
U report report=slow | report=slow: must be one of full, quick
"""

SWEEPS = """
U seed=range(0,0) | seed=range(0,0): has no values
U model=glob(zz*) | model=glob(zz*): has no values
U model=unet,foo | model
U foo=1,2 | foo
U launcher=joblib hydra.launcher.n_jobs=0 | hydra.launcher.n_jobs=0: must be a number of jobs at a time
U launcher=submitit | launcher=submitit: there is no SLURM here
U hydra/launcher=nope | hydra/launcher
U hydra.job.chdir=true | hydra.job.chdir
U hydra.sweep.subdir=${hydra.job.num} | hydra.sweep.subdir
U experiment=a5_classification,fast | experiment
U experiment=fast,course | experiment
U --cfg=job | --cfg
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files that are not what they should be, and good checkpoints."""
    files = tmp_path_factory.mktemp("files")
    last = console.trained(TASKS[0]).folder / "checkpoints" / "last.ckpt"
    sharp = console.trained(TASKS[3]).folder / "checkpoints" / "last.ckpt"
    (files / "truncated.ckpt").write_bytes(last.read_bytes()[: last.stat().st_size // 2])
    torch.save({"state_dict": {}}, files / "foreign.ckpt")
    contents = torch.load(last, weights_only=True)
    contents["state_dict"] = {f"other.{key}": value for key, value in contents["state_dict"].items()}
    torch.save(contents, files / "renamed.ckpt")
    np.save(files / "whole.npy", np.eye(3))
    (files / "truncated.npy").write_bytes((files / "whole.npy").read_bytes()[:-20])
    (files / "there.html").touch()
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


def cases(table: str) -> pytest.MarkDecorator:
    """A test for each line: the overrides, the exit code, what the message must name."""
    rows = [(USAGE if line.startswith("U") else FILE, *line[2:].split(" | ")) for line in table.splitlines() if line]
    return pytest.mark.parametrize(("code", "overrides", "named"), rows, ids=[row[1] for row in rows])


def check(outcome: Outcome, code: int, named: str) -> None:
    assert outcome.code == code, outcome.stderr
    lines = outcome.stderr.splitlines()
    assert 1 <= len(lines) <= 2, outcome.stderr
    assert lines[0].startswith("error: ") and named in outcome.stderr
    assert "Traceback" not in outcome.stdout + outcome.stderr
    assert outcome.left == []


@cases(TRAIN + CHECKPOINTS)
def test_train(overrides: str, code: int, named: str, places: dict[str, str], tmp_path: Path) -> None:
    check(run("train", [*TINY, *overrides.format(**places).split()], tmp_path / "here"), code, named)


@functools.cache
def composed(*options: str) -> DictConfig:
    is_baseline = any(word.startswith("model=") and "unet" not in word for word in options)  # it has no filters
    words = [word for word in TINY if not (is_baseline and word.startswith("model."))]
    with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
        return hydra.compose("train", [*words, *options, "output_dir=run"])


@cases(VALUES)
def test_values(
    overrides: str, code: int, named: str, places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[bool] = []
    draw = SyntheticData.load
    monkeypatch.setattr(SyntheticData, "load", lambda data: (reads.append(True), draw(data))[1])
    words = overrides.format(**places).split()
    options = [word for word in words if "." not in word.partition("=")[0] and word.partition("=")[0] in GROUPS]
    with console.as_in_a_new_process(tmp_path, io.StringIO(), io.StringIO()):
        config = copy.deepcopy(composed(*options))
        for override in OverridesParser.create().parse_overrides([word for word in words if word not in options]):
            OmegaConf.update(config, override.key_or_group, override.value(), force_add=True)
        with pytest.raises(ColourizeError) as error:
            train(config)
    assert error.value.exit_code == code and named in str(error.value) and str(error.value).count("\n") <= 1
    assert not reads or overrides in LATE
    assert not (tmp_path / "run" / "run.json").exists()


@cases(OTHER_SOURCES)
def test_train_with_other_sources(
    overrides: str, code: int, named: str, places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLOURIZE_DATA", str(tmp_path / "no-pictures"))
    words = [*overrides.format(**places).split(), "trainer.max_epochs=1", "data.batch_size=2", "data.palette=2"]
    check(run("train", words, tmp_path / "here"), code, named)
    assert not (tmp_path / "no-pictures").exists()


@cases(SCRIPTS)
def test_other_scripts(overrides, code, named, places, tmp_path, monkeypatch):
    if overrides not in LATE:
        monkeypatch.setattr(SyntheticData, "load", lambda data: pytest.fail("read"))
    door, *words = overrides.format(**places).split()
    check(run(door, words, tmp_path / "here"), code, named.format(**places))


@cases(SWEEPS)
def test_sweeps_that_cannot_start(overrides, code, named, tmp_path):
    if "submitit" in overrides:
        pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="comes with the extra slurm")
    seeds = [] if overrides.startswith("seed") else ["seed=0,1"]
    words = [*TINY, *seeds, *overrides.split(), "-m"]  # the flag may stand anywhere
    check(run("train", words, tmp_path / "here", PATH=str(tmp_path)), code, named)


def test_a_terminal_without_our_characters(tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "colourize.evaluate", "--help"]
    outcome = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert outcome.returncode == 0, outcome.stderr
    assert "checkpoint=outputs/?/checkpoints/best.ckpt" in outcome.stdout


def test_the_traceback_is_shown_on_request(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"model\.kernel_size=4"):
        run("train", [*TINY, "model.kernel_size=4"], tmp_path, HYDRA_FULL_ERROR="1")


def test_a_fault_of_the_program_and_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(error: type[BaseException]) -> Callable[..., None]:
        def function(*arguments: object) -> None:
            raise error("ours")

        return function

    monkeypatch.setattr(RestorationTask, "training_step", raises(ZeroDivisionError))
    with pytest.raises(ZeroDivisionError, match="ours"):
        run("train", TINY, tmp_path)
    for place, name in ((RestorationTask, "training_step"), (SyntheticData, "load")):
        monkeypatch.setattr(place, name, raises(KeyboardInterrupt))
        outcome = run("train", TINY, tmp_path)
        assert outcome.code == 130 and "Traceback" not in outcome.stderr
