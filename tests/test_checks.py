"""Settings of the trainer and places to write to that are refused before anything is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from colourize import checks
from colourize.data.pictures import PictureData
from colourize.errors import InputError, UsageError
from colourize.tasks import RestorationTask


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("os.cpu_count", lambda: 4)


REFUSED = [
    ({"limit_train_batches": 0}, "trainer.limit_train_batches=0: nothing would be trained"),
    ({"limit_train_batches": 0.0}, "trainer.limit_train_batches=0: nothing would be trained"),
    ({"limit_test_batches": 0}, "trainer.limit_test_batches=0: nothing would be tested; must be above 0"),
    ({"limit_train_batches": True}, "trainer.limit_train_batches=True: must be a number of batches"),
    ({"limit_val_batches": -1}, "trainer.limit_val_batches=-1: must be a number of batches"),
    ({"limit_test_batches": 1.5}, "trainer.limit_test_batches=1.5: must be a number of batches"),
    ({"accelerator": "gpu"}, "trainer.accelerator=gpu: torch finds no GPU here; trainer=default takes"),
    (
        {"accelerator": "cpu", "devices": 5},
        "trainer.devices=5: more processes than this machine has cores; must be 1 to 4",
    ),
    ({"accelerator": "auto", "devices": "5"}, "trainer.devices=5: more processes"),
]


@pytest.mark.parametrize(("settings", "told"), REFUSED)
def test_trainers_that_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as error:
        checks.check_trainer(OmegaConf.create(settings))
    assert str(error.value).startswith(told)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"limit_train_batches": 1, "limit_val_batches": 0},
        {"limit_test_batches": 0.5},
        {"accelerator": "cpu", "devices": 4},
    ],
)
def test_trainers_that_are_not(settings: dict[str, Any]) -> None:
    checks.check_trainer(OmegaConf.create(settings))


def test_places(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    good = {"callbacks": {"samples": {"folder": str(tmp_path / "new" / "deep")}, "off": None}, "logger": None}
    checks.check_places(OmegaConf.create(good))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]  # nothing is left of the attempt
    for key in ("callbacks.samples.folder", "logger.save_dir"):
        bad = OmegaConf.create()
        OmegaConf.update(bad, key, str(tmp_path / "file" / "x"), force_add=True)
        with pytest.raises(InputError, match=rf"^{key}=.*file/x: cannot be written to \(Not a directory\)"):
            checks.check_places(bad)


def test_shares_of_the_batches(tiny_data: type[PictureData]) -> None:
    data = tiny_data()  # 3 training and 3 validation batches
    checks.check_batches(OmegaConf.create({"limit_train_batches": 0.34, "limit_val_batches": 0.0}), data)
    with pytest.raises(
        UsageError, match=r"limit_val_batches=0.3: less than one of the 3 batches; must be at least 0.333"
    ):
        checks.check_batches(OmegaConf.create({"limit_val_batches": 0.3}), data)


@pytest.mark.parametrize("answer", ["classification", "regression"])
def test_monitors(answer: str, tiny_data: type[PictureData], tiny_task: Callable[..., RestorationTask]) -> None:
    task, data = tiny_task("grey", answer), tiny_data()
    task.train()
    before = {key: value.clone() for key, value in task.state_dict().items()}

    def check(monitor: str) -> None:
        checks.check_monitors(OmegaConf.create({"callbacks": {"best": {"monitor": monitor}, "off": None}}), task, data)

    for known in ("val/loss", "val/psnr", *(["val/accuracy"] if answer == "classification" else [])):
        check(known)
    with pytest.raises(UsageError, match=r"^callbacks\.best\.monitor=val/nope: must be one of train/loss, val/loss, "):
        check("val/nope")
    assert task.model.training
    assert all(torch.equal(value, before[key]) for key, value in task.state_dict().items())
