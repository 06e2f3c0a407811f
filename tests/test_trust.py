"""No code from a file: whatever class a checkpoint names is checked before it is imported."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import Any

import console
import pytest
import torch

import colourize
from colourize.checkpoints import data_from, read, task_from
from colourize.errors import InputError

HOSTILE = (
    "subprocess.Popen", "os.system", "builtins.eval", "torch.os.system",  # a re-export
    "torch.nn.functional.torch.os.system", "torch.nn.Module.__init__.__globals__",  # dots within a class
    "torch.nn.modules.module.os", "torch.optim.lr_scheduler.warnings", "torch.hub.load", "torch.load",
    "torchvision.models.resnet18",  # would fetch weights
    "torch.nn.Parameter",  # no layer
    "colourize.build.instantiate",  # imported there, not made there
    "colourize.cli.app.os.system", "colourize.files.write_whole",  # made there, but no class
    "colourize.errors.InputError",  # a class, but no part
    "colourize.no_such.Thing", "Popen", "", "subprocess . Popen", "${oc.env:HOME}", 7, None, ["subprocess", "Popen"],
)  # fmt: skip


@pytest.fixture
def saved(tiny_task, tiny_data, quiet_trainer, tmp_path):
    """A good checkpoint."""
    trainer = quiet_trainer(limit_train_batches=1, limit_val_batches=0)
    trainer.fit(tiny_task("grey", "classification", lr_scheduler={"_target_": "torch.optim.lr_scheduler.ConstantLR"}),
                datamodule=tiny_data())  # fmt: skip
    path = tmp_path / "good.ckpt"
    trainer.save_checkpoint(path)
    contents = torch.load(path, weights_only=True)
    contents["colourize"]["data"] = "colourize.data.synthetic.SyntheticData"  # that of the tests is not the project's
    torch.save(contents, path)
    return path


def load_all(path: Path, trust: str = "") -> tuple[Any, Any]:
    """Task and data of a checkpoint, as `colourize-evaluate` has them."""
    contents = read(path, trust)
    return task_from(contents, path), data_from(contents, path, trust)


def crafted(path: Path, keys: tuple[str, ...], value: object) -> Path:
    """A copy with something else at a place, which is made where it is missing."""
    contents = torch.load(path, weights_only=True)
    node = contents
    for key in keys[:-1]:
        node[key] = node.get(key) or {}
        node = node[key]
    node[keys[-1]] = value
    torch.save(contents, path.with_name("crafted.ckpt"))
    return path.with_name("crafted.ckpt")


PLACES = [
    ("colourize", "task"),
    ("colourize", "data"),
    *[("hyper_parameters", part, "_target_") for part in
      ("model", "degradation", "answer", "loss", "optimizer", "lr_scheduler", "prior")],
    ("hyper_parameters", "model", "layer", "_target_"),
    ("datamodule_hyper_parameters", "augmentation", "_target_"),
]  # fmt: skip


def test_every_place_where_a_class_can_be_named(saved, tmp_path, monkeypatch):
    (tmp_path / "hostile.py").write_text("import pathlib\npathlib.Path('imported').touch()\n\nclass Thing: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for place, name in itertools.product(PLACES, ("hostile.Thing", "subprocess.Popen")):
        path = crafted(saved, place, name)
        with pytest.raises(InputError) as error:
            load_all(path)
        assert str(error.value).startswith(f"checkpoint={path}: names {name}") and "\n" not in str(error.value)
    assert not (tmp_path / "imported").exists() and "hostile" not in sys.modules


def test_names_and_texts_that_are_refused(saved):
    for name in HOSTILE:
        with pytest.raises(InputError, match=r"^checkpoint=.*: (names|holds)"):
            colourize.load(crafted(saved, ("hyper_parameters", "model", "_target_"), name))
    places = (("model", "num_filters"), ("size",), ("model", "nested", "list"))
    resolved = ("${oc.create:{_target_: os.system}}", ["${oc.env:HOME}"], {"${oc.env:HOME}": 1})
    for place, value in itertools.product(places, resolved):
        with pytest.raises(InputError, match="plain values only"):
            colourize.load(crafted(saved, ("hyper_parameters", *place), value))


def test_the_command_of_a_crafted_checkpoint_does_not_run(saved, tmp_path):
    torch.save(
        {"colourize": {"task": "subprocess.Popen"}, "hyper_parameters": {"args": ["touch", str(tmp_path / "ran")]}},
        tmp_path / "bomb.ckpt",
    )
    for door in ("evaluate", "train"):
        outcome = console.run(
            door, [*(console.TINY if door == "train" else ()), f"checkpoint={tmp_path}/bomb.ckpt"], tmp_path / door
        )
        assert outcome.code == 1 and "names subprocess.Popen" in outcome.stderr
        assert not outcome.left
    assert not (tmp_path / "ran").exists()


def test_ones_own_package_is_trusted_by_name(saved, tmp_path, monkeypatch):
    (tmp_path / "my_models.py").write_text("from colourize.models import UNet\n\nclass Mine(UNet): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert colourize.load(saved).model.num_filters == 4
    path = crafted(saved, ("hyper_parameters", "model", "_target_"), "my_models.Mine")
    with pytest.raises(InputError, match="trust=my_models allows it"):
        colourize.load(path)
    assert type(colourize.load(path, trust="my_models").model).__name__ == "Mine"
    with pytest.raises(InputError, match=r"names my_models_too\.Mine"):  # the name begins alike
        colourize.load(crafted(saved, ("hyper_parameters", "model", "_target_"), "my_models_too.Mine"), "my_models")
    with pytest.raises(
        InputError, match=r"subprocess\.Popen, which is no class of this project, and no part of torch$"
    ):  # no advice
        colourize.load(crafted(saved, ("hyper_parameters", "model", "_target_"), "subprocess.Popen"), "my_models")
