"""Times kinds of blocks, beside their numbers of multiplications: python docs/blocks.py

Each block maps (32, C, H, W) to the same shape. Forward and backward passes alternate between the blocks; the table has
the median ratio to the first block over the rounds, and the range. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

import torch
from torch import Tensor, nn

from colourize.models.flops import flops_per_picture

BATCH, INNER = 32, 5


class Residual(nn.Module):
    """Adds its input to the output of some layers."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class SimpleGate(nn.Module):
    """The product of two halves of the channels (Chen et al. 2022)."""

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, 1)
        return first * second


def plain(width: int) -> nn.Module:
    """Two 3×3 convolutions with batch norm and ReLU, as in the project's `PixelShuffleResNet`."""
    layers = [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return Residual(*layers, nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))


def naf(width: int) -> nn.Module:
    """A NAFNet block without channel attention: 1×1, depthwise 3×3, gate, 1×1; then 1×1, gate, 1×1."""
    double = 2 * width
    mixing = [
        nn.GroupNorm(1, width),
        nn.Conv2d(width, double, 1),
        nn.Conv2d(double, double, 3, padding=1, groups=double),
    ]
    feed = [nn.GroupNorm(1, width), nn.Conv2d(width, double, 1), SimpleGate(), nn.Conv2d(width, width, 1)]
    return nn.Sequential(Residual(*mixing, SimpleGate(), nn.Conv2d(width, width, 1)), Residual(*feed))


def convnext(width: int) -> nn.Module:
    """A ConvNeXt block: depthwise 7×7, then 1×1 to four times the width and back."""
    wide = [nn.Conv2d(width, 4 * width, 1), nn.GELU(), nn.Conv2d(4 * width, width, 1)]
    return Residual(nn.Conv2d(width, width, 7, padding=3, groups=width), nn.GroupNorm(1, width), *wide)


BLOCKS = {
    "residual, 64 channels at 16×16": (plain, 64, 16),
    "residual, 32 channels at 32×32": (plain, 32, 32),
    "residual, 128 channels at 8×8": (plain, 128, 8),
    "NAFNet, 64 channels at 16×16": (naf, 64, 16),
    "ConvNeXt, 64 channels at 16×16": (convnext, 64, 16),
}


def seconds(block: nn.Module, x: Tensor, dtype: torch.dtype) -> float:
    """The time of some forward and backward passes."""
    started = time.perf_counter()
    for _ in range(INNER):
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            loss = block(x).square().mean()
        loss.backward()
    return time.perf_counter() - started


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    cases = {}
    for name, (make, width, size) in BLOCKS.items():
        x = torch.randn(BATCH, width, size, size, requires_grad=True).to(memory_format=torch.channels_last)
        cases[name] = (make(width).to(memory_format=torch.channels_last), x)
    dtype = getattr(torch, arguments.dtype)
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(arguments.rounds + 1):
        for name, (block, x) in cases.items():
            value = seconds(block, x, dtype)
            if turn:  # the first round does not count
                taken[name].append(value)
    first, *_ = cases
    threads = torch.get_num_threads()
    print(f"| {arguments.dtype}, threads: {threads} | million multiplications | time relative to the first |")
    print("| --- | ---: | ---: |")
    for name, (block, x) in cases.items():
        ratios = [own / other for own, other in zip(taken[name], taken[first], strict=True)]
        spread = f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        multiplications = flops_per_picture(block, x.shape[1], x.shape[2:]) / 2e6
        print(f"| {name} | {multiplications:.1f} | {spread} |")


if __name__ == "__main__":
    main()
