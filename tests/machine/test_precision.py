"""Which arithmetic trainer.precision=auto means."""

from __future__ import annotations

import pytest
import torch

from colourize.errors import UsageError
from colourize.machine.precision import automatic_precision, available_accelerator


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, "bf16-mixed"),
        ({"avx512_bf16": False, "amx_bf16": True}, "bf16-mixed"),
        ({"avx512_bf16": False, "amx_bf16": False, "avx512_f": True}, "32-true"),
        (None, "32-true"),  # an older torch
    ],
)
def test_processor(capabilities: dict[str, bool] | None, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    if capabilities is None:
        monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert automatic_precision("cpu")[0] == expected


@pytest.mark.parametrize(("supported", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
def test_gpu(supported: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert [automatic_precision(name)[0] for name in ("auto", "gpu", "cuda")] == [expected] * 3
    precision, reason = automatic_precision("mps")
    assert precision == "32-true" and "mps" in reason


def test_apples_gpu_is_refused_and_never_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert available_accelerator("auto") == "cpu"
    with pytest.raises(UsageError, match=r"^trainer\.accelerator=mps: Apple's GPU has no double precision"):
        available_accelerator("mps")
