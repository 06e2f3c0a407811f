"""The meaning of `trainer.precision=auto` and `trainer.accelerator=auto` on this machine."""

from __future__ import annotations

import torch

from colourize.errors import UsageError

# Weights are float32 in all of them.
PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")


def refuse_mps(key: str, device: str) -> None:
    """Raise a UsageError for Apple's GPU, which lacks the double precision of palettes and measures."""
    if device.partition(":")[0] == "mps":
        raise UsageError(f"{key}={device}: Apple's GPU has no double precision, which palettes need; take cpu")


def available_accelerator(accelerator: str) -> str:
    """The accelerator to use: never Apple's GPU."""
    refuse_mps("trainer.accelerator", accelerator)
    if accelerator == "auto" and not torch.cuda.is_available() and torch.backends.mps.is_available():
        return "cpu"
    return accelerator


def automatic_precision(accelerator: str) -> tuple[str, str]:
    """bf16-mixed if the hardware multiplies bfloat16, else float32: (Lightning's name, the reason).

    Emulated bfloat16 is slower than float32. Weights, losses and measures are float32 in both cases.
    """
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16-mixed", "the GPU multiplies bfloat16"
        return "32-true", "the GPU has no bfloat16"
    if accelerator in ("auto", "cpu"):
        # Older versions of torch cannot detect bfloat16.
        capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        for feature in ("amx_bf16", "avx512_bf16"):
            if capabilities.get(feature):
                return "bf16-mixed", f"the processor has {feature}"
        return "32-true", "the processor does not multiply bfloat16"
    return "32-true", f"no faster arithmetic is known for accelerator={accelerator}"
