"""Part `choices`: what is undone is undone, and nothing else changes. Nothing here says how fast anything is."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from console import TINY_DATA
from omegaconf import DictConfig

from colourize.benchmarks import choices
from colourize.benchmarks.choices import CHOICES, DEFAULT, applicable, measure, seconds_a_step
from colourize.build import build_data, build_task
from colourize.data.pictures import InMemory
from colourize.tasks import RestorationTask

SAME_ARITHMETIC = ("channels first", "pictures are doubled, then convolved", "cross-entropy over (N, K, H, W)")


@pytest.fixture
def config(compose: Callable[..., DictConfig]) -> DictConfig:
    return compose(*TINY_DATA, "model.num_filters=4", "data.batch_size=10", "trainer.precision=32-true")


def loss_and_gradients(task: RestorationTask, pictures: Any) -> list[torch.Tensor]:
    pair = task.make_pair(InMemory(pictures)[[0, 1, 2]])
    loss = task.loss(task.model(pair.inputs), pair.target)
    return [loss, *torch.autograd.grad(loss, list(task.model.parameters()))]


@pytest.mark.parametrize("name", SAME_ARITHMETIC)
def test_what_is_undone_changes_no_result(name: str, config: DictConfig) -> None:
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
    seen = []
    task.model.down2.conv.register_forward_hook(lambda layer, inputs, output: seen.append((inputs[0], output)))
    task.model(torch.rand(2, 1, 16, 16).to(memory_format=torch.channels_last))
    assert all(each.is_contiguous() for each in seen[0])


@pytest.mark.parametrize("name", [name for name in CHOICES if name != "model.compile"])  # that takes a while
def test_every_choice_is_timed(name: str, config: DictConfig) -> None:
    filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    assert seconds_a_step(name, config, None, torch.device("cpu")) > 0
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory in (filled, False)  # type: ignore[attr-defined]


def test_only_what_there_is_is_undone(
    config: DictConfig, compose: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = build_data(config)
    settings: Any = SimpleNamespace(precision="bf16-mixed")
    monkeypatch.setattr(choices.shutil, "which", lambda name: f"bin/{name}")
    assert applicable(config, data, settings) == list(CHOICES)
    monkeypatch.setattr(choices.shutil, "which", lambda name: None)
    settings.precision = "32-true"
    regression = compose(*TINY_DATA, "task=colour_regression", "model.num_filters=4")
    left_out = set(CHOICES) - set(applicable(regression, data, settings))
    assert left_out == {"float32 (trainer.precision=32-true)", "cross-entropy over (N, K, H, W)", "model.compile"}


def test_a_row_for_each_choice_in_both_processes(config: DictConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (DEFAULT, "freed memory goes back to the system")
    monkeypatch.setattr(choices, "applicable", lambda *arguments: list(names))
    settings: Any = SimpleNamespace(
        node=SimpleNamespace(cases=["unet/colour_classification"]),
        repeats=1, device=torch.device("cpu"), case=lambda name: config,
    )  # fmt: skip
    part = measure(settings)
    assert [row["choice"] for row in part.rows] == list(names)
    assert part.rows[0]["ratio"] == 1 and part.rows[1]["ratio"] > 0
    assert [each["repetition"] for each in part.raw] == [1, 1]
