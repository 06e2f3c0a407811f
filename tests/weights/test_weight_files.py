"""A `.safetensors` file holds a task as a checkpoint does, without its training state; other files are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import console
import pytest
import torch
from safetensors.torch import save_file

import colourize
from colourize.checkpoints import data_from, has_training_state, read
from colourize.errors import InputError
from colourize.weights import files


@pytest.fixture
def best() -> Path:
    return console.trained("colour_classification").best


def test_a_task_comes_back_rounded_to_float16_and_its_palette_exactly(best: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    files.write(path, read(best), {"seed": 0})
    before, after = colourize.load(best), colourize.load(path)
    assert {name: value.half().float().tolist() for name, value in before.state_dict().items()} == {
        name: value.float().tolist() for name, value in after.state_dict().items()
    }
    colours = [task.hparams["fitted"]["answer"]["colours"] for task in (before, after)]
    assert torch.equal(*colours) and colours[1].dtype == colours[0].dtype
    assert {key: value for key, value in before.hparams.items() if key != "fitted"} == {
        key: value for key, value in after.hparams.items() if key != "fitted"
    }
    grey = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(after(grey), before(grey), rtol=0.02, atol=0.02)
    contents = read(path)
    assert contents["about"] == {"seed": 0} and not has_training_state(contents) and has_training_state(read(best))


def test_it_names_no_folder_of_the_machine_that_trained(best: Path, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "own.safetensors"
    contents = read(best)
    root = contents["datamodule_hyper_parameters"]["root"]
    contents["datamodule_hyper_parameters"]["palette"] = f"{root}/palette.npy"
    files.write(path, contents)
    assert root.encode() not in path.read_bytes()
    monkeypatch.setenv("COLOURIZE_DATA", str(tmp_path / "here"))
    data = data_from(read(path), path)
    assert data.root == tmp_path / "here" and data.hparams["num_train"] == 40


def test_what_is_no_such_file_is_refused(best: Path, tmp_path: Path) -> None:
    path = tmp_path / "own.safetensors"
    with pytest.raises(InputError, match="there is no such file"):
        colourize.load(path)
    files.write(path, read(best))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(InputError, match="truncated, or not a safetensors file"):
        colourize.load(path)
    path.write_bytes(best.read_bytes())
    with pytest.raises(InputError, match="truncated, or not a safetensors file"):
        colourize.load(path)
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(InputError, match="was not made by this project"):
        colourize.load(path)
    evil = {key: {} for key in (files.TASK, files.DATA)} | {files.KEY: {"task": "os.system"}}
    save_file({"weight": torch.zeros(2)}, path, {files.KEY: json.dumps(evil)})
    with pytest.raises(InputError, match=r"names os\.system, which is no class of this project"):
        colourize.load(path)


def test_a_weight_that_float16_does_not_hold_is_refused(best: Path, tmp_path: Path) -> None:
    contents = read(best)
    name = next(iter(contents["state_dict"]))
    contents["state_dict"][name] = torch.full_like(contents["state_dict"][name], 1e6)
    with pytest.raises(InputError, match=name):
        files.write(tmp_path / "own.safetensors", contents)
    assert not list(tmp_path.iterdir())
