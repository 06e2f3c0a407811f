"""Which arithmetic `trainer.precision=auto` means on this machine."""

from __future__ import annotations

import torch


def automatic_precision(accelerator: str) -> tuple[str, str]:
    """bf16-mixed where the processor multiplies bfloat16 itself, else float32: (Lightning's name, the reason).

    Elsewhere bf16 is emulated and slower than float32. Weights, losses and measures stay float32 in both.

    Args:
        accelerator: Lightning's name: "auto", "cpu", "gpu", "cuda", "mps", …
    """
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16-mixed", "the GPU multiplies bfloat16"
        return "32-true", "the GPU has no bfloat16"
    if accelerator == "cpu" or (accelerator == "auto" and not torch.backends.mps.is_available()):
        # Older versions of torch cannot tell, and then it stays float32.
        capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        for feature in ("amx_bf16", "avx512_bf16"):
            if capabilities.get(feature):
                return "bf16-mixed", f"the processor has {feature}"
        return "32-true", "the processor does not multiply bfloat16"
    return "32-true", f"no faster arithmetic is known for accelerator={accelerator}"
