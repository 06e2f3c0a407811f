"""Part `choices`: what is made otherwise is, and nothing else. Nothing here says how fast anything is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from console import TINY_DATA
from omegaconf import DictConfig, OmegaConf

from colourize.build import build_data, build_task
from colourize.errors import UsageError
from colourize.timing import choices
from colourize.timing.choices import CHANGES, CHANNELS_FIRST, DEFAULT, DOUBLED, MEMORY, POOLED, choices_for, time_step
from colourize.timing.report import Part
from colourize.timing.settings import Settings

CPU = torch.device("cpu")
CASE = "unet/colour_classification"


@pytest.fixture
def settings(compose: Callable[..., DictConfig], tmp_path: Path) -> Settings:
    compose()  # Hydra stays initialised
    node = OmegaConf.create({"cases": [CASE], "repeats": 1, "pictures": None})
    overrides = [*TINY_DATA, "model.num_filters=4", "data.batch_size=10", "trainer.precision=bf16-mixed"]
    return Settings(node, [*overrides, f"data.root={tmp_path}"], CPU, "bf16-mixed", tmp_path)


def everything(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """All choices, whatever this machine has."""
    monkeypatch.setattr(choices, "keep_freed_memory", lambda: True)
    monkeypatch.setattr(choices.shutil, "which", lambda name: name)
    return choices_for(settings.case(CASE), settings)


@pytest.mark.parametrize("name", [CHANNELS_FIRST, DOUBLED])
def test_another_way_has_the_same_results(name: str, settings: Settings) -> None:
    config = settings.case(CASE)
    data = build_data(config)
    expected, changed = (build_task(config, data).eval() for _ in range(2))
    changed.load_state_dict(expected.state_dict())
    CHANGES[name](changed.model)
    results = []
    for task in (changed, expected):
        pair = task.make_pair(torch.from_numpy(data.pictures.train[:3]))
        loss = task.loss(task(pair.inputs), pair)
        results.append([loss, *torch.autograd.grad(loss, list(task.parameters()))])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_channels_lie_first(settings: Settings) -> None:
    config = settings.case(CASE)
    model = build_task(config, build_data(config)).model
    choices.channels_first(model)
    seen: list[torch.Tensor] = []
    model.down2.conv.register_forward_hook(lambda layer, inputs, output: seen.extend([inputs[0], output]))
    model(torch.rand(2, 1, 16, 16).to(memory_format=torch.channels_last))
    assert len(seen) == 2 and all(each.is_contiguous() for each in seen)


DEFAULT_STATE = {
    "order": "norm_relu_pool",
    "folded": True,
    "fused": None,
    "bf16": True,
    "compiled": False,
    "steps": [2, None],
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "otherwise"),
    [
        (DEFAULT, {}),
        (DOUBLED, {"folded": False}),
        ("float32", {"bf16": False}),
        ("model.compile", {"compiled": True}),
        ("fused Adam", {"fused": True}),
        *((name, {"order": order}) for order, name in POOLED.items()),
    ],
)
def test_one_thing_is_made_otherwise(
    name: str, otherwise: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    state: dict[str, Any] = {"compiled": False, "steps": []}

    class Spied(choices.BareLoop):  # type: ignore[misc,name-defined]
        def train(self, steps: int | None = None) -> list[Any]:
            state.update(order=self.task.model.block_order)
            state.update(folded=self.task.model.folded, fused=self.optimizer.defaults["fused"])
            state["steps"].append(steps)
            with self.arithmetic:
                state["bf16"] = torch.is_autocast_enabled("cpu")
            return super().train(steps)

    monkeypatch.setattr(torch.nn.Module, "compile", lambda model: state.update(compiled=True))
    monkeypatch.setattr(choices, "BareLoop", Spied)
    overrides = everything(settings, monkeypatch)[name]
    time_step(settings.case(CASE, *overrides), CPU, CHANGES.get(name))
    assert state == {**DEFAULT_STATE, **otherwise}


def test_only_what_there_is_is_made_otherwise(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [DEFAULT, CHANNELS_FIRST, "float32", MEMORY, DOUBLED, "model.compile", "fused Adam", *POOLED.values()]
    assert list(everything(settings, monkeypatch)) == names
    monkeypatch.setattr(choices, "keep_freed_memory", lambda: False)
    monkeypatch.setattr(choices.shutil, "which", lambda name: None)
    other = Settings(settings.node, settings.overrides, torch.device("cuda"), "32-true", settings.work)
    without = settings.case("strided_unet/colour_classification", "optimizer=sgd")
    assert list(choices_for(without, other)) == [DEFAULT, CHANNELS_FIRST]


@pytest.mark.slow
def test_a_row_for_each_choice_and_operator(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "choices_for", lambda config, settings: {DEFAULT: [], "float32": []})
    part = Part()
    choices.measure(part, settings)
    assert [row["choice"] for row in part.rows if "choice" in row] == [DEFAULT, "float32", f"float32/{DEFAULT}"]
    operators = {row["operator"]: row for row in part.rows if "operator" in row}
    assert {"convolution_backward", "everything else"} <= set(operators) and len(operators) == 13
    assert sum(row["share"] for row in operators.values()) == pytest.approx(1)


def test_too_short_an_epoch(settings: Settings) -> None:
    with pytest.raises(UsageError, match=r"benchmark\.pictures: an epoch of 2 steps"):
        time_step(settings.case(CASE, "trainer.limit_train_batches=2"), CPU, None)
