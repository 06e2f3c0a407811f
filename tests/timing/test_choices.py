"""Part `choices`: what is made otherwise is, and nothing else. Nothing here says how fast anything is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from console import TINY_DATA
from omegaconf import DictConfig

from colourize.build import build_data, build_task
from colourize.data.pictures import InMemory
from colourize.errors import UsageError
from colourize.tasks import RestorationTask
from colourize.timing import choices
from colourize.timing.choices import CHOICES, DEFAULT, WARM_UP, applicable, measure, seconds_a_step

CPU = torch.device("cpu")
SAME_ARITHMETIC = ("channels first", choices.FOLDED, choices.LOSS)


@pytest.fixture
def config(compose: Callable[..., DictConfig]) -> DictConfig:
    return compose(*TINY_DATA, "model.num_filters=4", "data.batch_size=10", "trainer.precision=bf16-mixed")


@pytest.fixture
def settings(config: DictConfig) -> Any:
    return SimpleNamespace(
        node=SimpleNamespace(cases=["unet/colour_classification"]),
        repeats=1, device=CPU, precision="bf16-mixed", case=lambda name: config,
    )  # fmt: skip


def loss_and_gradients(task: RestorationTask, pictures: Any) -> list[torch.Tensor]:
    pair = task.make_pair(InMemory(pictures)[[0, 1, 2]])
    loss = task.loss(task.model(pair.inputs), pair.target)
    return [loss, *torch.autograd.grad(loss, list(task.model.parameters()))]


@pytest.mark.parametrize("name", SAME_ARITHMETIC)
def test_another_way_has_the_same_results(name: str, config: DictConfig) -> None:
    data = build_data(config)
    expected, changed = (build_task(config, data).eval() for _ in range(2))
    changed.load_state_dict(expected.state_dict())
    CHOICES[name].change(changed)
    pairs = zip(*(loss_and_gradients(task, data.pictures.train) for task in (changed, expected)), strict=True)
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_channels_lie_first(config: DictConfig) -> None:
    task = build_task(config, build_data(config))
    choices.channels_first(task)
    seen: list[torch.Tensor] = []
    task.model.down2.conv.register_forward_hook(lambda layer, inputs, output: seen.extend([inputs[0], output]))
    task.model(torch.rand(2, 1, 16, 16).to(memory_format=torch.channels_last))
    assert len(seen) == 2 and all(each.is_contiguous() for each in seen)


def state_of_a_step(name: str, config: DictConfig, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Everything that a choice may change, as it stands while the steps are timed."""
    state: dict[str, Any] = {}
    monkeypatch.setattr(torch.nn.Module, "compile", lambda model: state.update(compiled=True))
    train_epoch = choices.train_epoch

    def spy(task: Any, optimizer: Any, batches: Any, context: Any) -> Any:
        state.update(
            folded=task.model.final.folded,
            fused=optimizer.defaults["fused"],
            four_dimensions=task.loss is torch.nn.functional.cross_entropy,
            float32=isinstance(context, nullcontext),
            workers=getattr(batches, "_num_workers", None),
            filled=torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
            deterministic=torch.is_deterministic_algorithms_warn_only_enabled(),
        )
        return train_epoch(task, optimizer, batches, context)

    monkeypatch.setattr(choices, "train_epoch", spy)
    assert seconds_a_step(name, config, build_data(config), CPU) > 0
    return state


DEFAULT_STATE = {
    "folded": True, "fused": None, "four_dimensions": False, "float32": False, "workers": 0, "filled": False,
    "deterministic": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "otherwise"),
    [
        (DEFAULT, {}),
        (choices.FLOAT32, {"float32": True}),
        (choices.FOLDED, {"folded": False}),
        (choices.LOSS, {"four_dimensions": True}),
        ("fresh memory is filled", {"filled": True}),
        ("two worker processes fetch the batches", {"workers": 2}),
        (choices.COMPILE, {"compiled": True}),
        (choices.FUSED, {"fused": True}),
    ],
)
def test_one_thing_is_made_otherwise(
    name: str, otherwise: dict[str, Any], config: DictConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    assert state_of_a_step(name, config, monkeypatch) == {**DEFAULT_STATE, **otherwise}
    assert torch.utils.deterministic.fill_uninitialized_memory is True  # type: ignore[attr-defined]
    assert not torch.are_deterministic_algorithms_enabled()


def test_only_what_there_is_is_made_otherwise(
    settings: Any, config: DictConfig, compose: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = build_data(config)
    monkeypatch.setattr(choices, "keep_freed_memory", lambda: True)
    monkeypatch.setattr(choices.shutil, "which", lambda name: f"bin/{name}")
    assert applicable(config, data, settings) == list(CHOICES)
    monkeypatch.setattr(choices, "keep_freed_memory", lambda: False)
    monkeypatch.setattr(choices.shutil, "which", lambda name: None)
    settings.precision, settings.device = "32-true", torch.device("cuda")
    other = compose(*TINY_DATA, "task=colour_regression", "optimizer=sgd", "model.num_filters=4")
    left = [DEFAULT, "channels first", "fresh memory is filled", "two worker processes fetch the batches"]
    assert applicable(other, data, settings) == left


class Recorder:
    """Stands for another process, and does its work in this one."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def submit(self, function: Callable[..., float], name: str, *arguments: Any) -> Future[float]:
        self.names.append(name)
        future: Future[float] = Future()
        future.set_result(function(name, *arguments))
        return future


def test_a_row_for_each_choice_and_memory_in_another_process(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [DEFAULT, choices.MEMORY]
    elsewhere = Recorder()
    monkeypatch.setattr(choices, "applicable", lambda *arguments: names)
    monkeypatch.setattr(choices, "another_process", lambda: elsewhere)
    part = measure(settings)
    assert elsewhere.names == 2 * [choices.MEMORY]  # the warm-up, and the repetition
    assert [(each["choice"], each["repetition"]) for each in part.raw] == [(choices.MEMORY, 1), (DEFAULT, 1)]
    seconds = {each["choice"]: each["seconds"] for each in part.raw}
    assert [row["choice"] for row in part.rows] == names
    assert part.rows[1]["ratio"] == seconds[choices.MEMORY] / seconds[DEFAULT]


def test_too_short_an_epoch(settings: Any, config: DictConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    config.trainer.limit_train_batches = WARM_UP
    monkeypatch.setattr(choices, "another_process", Recorder)
    with pytest.raises(UsageError, match=r"benchmark\.pictures: 2 steps an epoch"):
        measure(settings)
