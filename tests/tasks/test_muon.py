"""Muon: hidden kernels get an orthogonal update of Adam's size, all else is Adam's to the last digits."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from colourize.tasks.muon import COEFFICIENTS, Muon, orthogonalised


def network() -> nn.Sequential:
    torch.manual_seed(0)
    convs = [nn.Conv2d(2, 6, 3), nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.ConvTranspose2d(8, 4, 3), nn.Conv2d(4, 3, 1)]
    return nn.Sequential(*convs).to(memory_format=torch.channels_last)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, number: int) -> None:
    inputs = torch.randn(5, 2, 9, 9, generator=torch.Generator().manual_seed(number))
    optimizer.zero_grad()
    model(inputs).square().mean().backward()
    optimizer.step()


def polynomial(values: Tensor, steps: int) -> Tensor:
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        values = a * values + b * values**3 + c * values**5
    return values


@pytest.mark.parametrize("shape", [(7, 30), (30, 7), (12, 12)])
@pytest.mark.parametrize("steps", [3, 5])
def test_singular_values_go_to_one_and_singular_vectors_stay(shape: tuple[int, int], steps: int) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonalised(matrix, steps)
    inside = left.T @ found @ right.T
    torch.testing.assert_close(inside, polynomial(values / values.norm(), steps).diag(), atol=1e-5, rtol=0)
    if (values / values.norm()).min() > 0.02:
        assert inside.diag().min() > 0.68 and inside.diag().max() < 1.21


def test_kernels_between_first_and_last_layer_are_orthogonal_and_all_else_is_adams() -> None:
    ours, theirs = network(), network()
    muon = Muon(ours.parameters(), lr=0.01, momentum=0.9, weight_decay=0.1)
    matrices = {"0.weight", "1.weight", "3.weight", "4.weight"}
    decayed = [each for name, each in theirs.named_parameters() if name in matrices]
    others = [each for name, each in theirs.named_parameters() if name not in matrices]
    adam = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0}], lr=0.01)
    average = {name: torch.zeros_like(each) for name, each in ours.named_parameters()}
    for number in range(4):
        theirs.load_state_dict(ours.state_dict())
        before = copy.deepcopy(dict(ours.named_parameters()))
        step(ours, muon, number)
        step(theirs, adam, number)
        for (name, parameter), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert parameter.grad is not None
            average[name].lerp_(parameter.grad, 0.1)
            if name not in ("1.weight", "3.weight"):
                torch.testing.assert_close(parameter, other)
                continue
            ahead = (0.1 * parameter.grad + 0.9 * average[name]).flatten(1).double()
            left, values, right = torch.linalg.svd(ahead, full_matrices=False)
            update = left @ polynomial(values / values.norm(), 3).diag() @ right
            update = 0.2 * max(ahead.shape) ** 0.5 * update.view(parameter.shape).float()
            torch.testing.assert_close(parameter, before[name] * (1 - 0.001) - 0.01 * update, atol=1e-5, rtol=1e-4)


def test_it_goes_on_to_the_bit_from_its_state() -> None:
    whole = network()
    muon = Muon(whole.parameters())
    for number in range(6):
        if number == 3:
            saved = copy.deepcopy((whole.state_dict(), muon.state_dict()))
        step(whole, muon, number)
    resumed = network()
    resumed.load_state_dict(saved[0])
    muon = Muon(resumed.parameters())
    muon.load_state_dict(saved[1])
    for number in range(3, 6):
        step(resumed, muon, number)
    assert all(torch.equal(*each) for each in zip(resumed.parameters(), whole.parameters(), strict=True))
