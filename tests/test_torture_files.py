"""Generated checkpoints and command lines are accepted or refused in one or two lines.

No other error, no file left behind, no hang, and no code of a file is run.
"""

from __future__ import annotations

import copy
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import console
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from torture.generating import Trap, check_message, counted, damaged, trap, trying, values  # noqa: F401

from colourize.checkpoints import data_from, read, task_from
from colourize.errors import ColourizeError, UsageError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def whole() -> Path:
    return console.trained(console.TASKS[0]).best


NAMES = (
    "os.system", "subprocess.Popen", "builtins.eval", "torch.load", "torch.nn.Linear", "torch.optim.SGD",
    "colourize.models.UNet", "colourize.models.CNN", "colourize.data.synthetic.SyntheticData", "", "${oc.env:HOME}",
    "colourize.tasks.restoration.RestorationTask", "torch.nn.functional.torch.os.system",
)  # fmt: skip
others = st.one_of(
    values, st.sampled_from(NAMES), st.builds(Trap), st.builds(lambda name: {"_target_": name}, st.sampled_from(NAMES)),
    arrays_of.arrays(np.float32, arrays_of.array_shapes(max_dims=2, max_side=3)).map(torch.from_numpy),
)  # fmt: skip


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in nested contents: what holds it, and its key."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], (dict, list)):
            yield from places(node[key])


def check_checkpoint(path: Path) -> None:
    try:
        contents = read(path)
        task_from(contents, path)
        data_from(contents, path)
    except ColourizeError as error:
        check_message(error)
        assert isinstance(error, UsageError) or f"checkpoint={path}" in str(error)


@trying(data=st.data())
def test_checkpoints(data: st.DataObject, whole: Path, tmp_path: Path) -> None:
    """Something else stands where it was, or nothing."""
    contents = copy.deepcopy(torch.load(whole, weights_only=True))
    for part in ("callbacks", "loops", "optimizer_states", "lr_schedulers", "training_state", "events"):
        contents.pop(part, None)  # those belong to a run that goes on
    for _ in range(data.draw(st.integers(1, 3))):
        node, key = data.draw(st.sampled_from(list(places(contents))))
        if isinstance(node, dict) and key in node and data.draw(st.integers(0, 4)) == 0:
            del node[key]
        elif not isinstance(node, dict) or key in node:
            node[key] = data.draw(others)
    path = tmp_path / "other.ckpt"
    torch.save(contents, path)
    check_checkpoint(path)


@pytest.mark.parametrize("part", ["colourize", "datamodule_hyper_parameters"])
@pytest.mark.parametrize("key", ["data", "seed", "palette", "reshuffle"])
def test_checkpoints_with_odd_settings(part: str, key: str, whole: Path, tmp_path: Path) -> None:
    contents, path = torch.load(whole, weights_only=True), tmp_path / "other.ckpt"
    contents[part][key] = torch.full((3, 3), 0.5)
    torch.save(contents, path)
    check_checkpoint(path)
    del contents[part][key]
    torch.save(contents, path)
    check_checkpoint(path)


@trying(data=st.data(), kind=st.sampled_from(["checkpoint", "pickle", "trap"]))
def test_damaged_checkpoints(data: st.DataObject, kind: str, whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes() if kind == "checkpoint" else pickle.dumps(Trap() if kind == "trap" else {"a": 1})
    path = tmp_path / "other.ckpt"
    path.write_bytes(data.draw(damaged(content)))
    check_checkpoint(path)


TYPED = (
    "data.batch_size", "data.num_train", "data.num_val", "data.size", "data.palette", "data.protocol", "data.divisor",
    "data.validation", "data.root", "model", "model.num_filters", "model.kernel_size", "model._target_", "task",
    "task.optimizer.lr", "task.degradation._target_", "optimizer", "lr_scheduler", "loss", "augmentation", "measures",
    "trainer", "trainer.max_epochs", "trainer.precision", "trainer.accelerator", "trainer.devices",
    "trainer.limit_val_batches", "seed", "checkpoint", "resume", "callbacks.samples.num_pictures", "callbacks.finite",
    "callbacks.checkpoints.monitor", "callbacks.checkpoints.every_n_steps", "hydra.run.dir", "experiment", "launcher",
    "nobody", "+trainer.nobody", "~data", "~callbacks.progress", "+model.nobody", "data.nobody",
)  # fmt: skip
# No surrogates, which no command line has, and no NUL.
letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.one_of(
    st.text(letters, max_size=6), st.integers().map(str), st.floats().map(repr), st.sampled_from(NAMES),
    st.sampled_from([
        "null", "true", "[]", "{}", "[1,2]", "{a:1}", "'", '"', "\\", "${", "${seed}", "${nobody}", "${oc.env:NOBODY}",
        "???", "a b", "~", "/", "..", "0", "-1", "1e999", "nan", "a,b", "1,2", "range(0,2)", "glob(*)", "x" * 300,
    ]),
)  # fmt: skip


@trying(20, key=st.sampled_from(TYPED), word=words, door=st.sampled_from(["train", "train", "evaluate", "study"]))
def test_command_lines(key: str, word: str, door: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A run whose training would begin is good; any other ends with one or two lines, and leaves nothing."""
    here = tmp_path_factory.mktemp("here")
    given = [*console.TINY, "trainer.max_epochs=1", "trainer.enable_progress_bar=false"] if door == "train" else []
    typed = f"{key}={word}" if not key.startswith("~") else key
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lightning.Trainer.fit", _begins)
        try:
            outcome = console.run(door, [*given, typed], here)
        except BeginsError:
            outcome = None
    if outcome is not None and outcome.code:
        lines = outcome.stderr.splitlines()
        assert outcome.code in (1, 2) and 1 <= len(lines) <= 2 and lines[0].startswith("error: "), (typed, outcome)
        assert "Traceback" not in outcome.stdout + outcome.stderr
        assert outcome.left == [], (typed, outcome.left)
    shutil.rmtree(here)


class BeginsError(Exception):
    """A training begins."""


def _begins(*_: object, **__: object) -> None:
    raise BeginsError
