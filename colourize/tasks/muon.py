"""Muon: momentum that is orthogonalised before it is applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from colourize.errors import UsageError, check_count, is_number

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # of an odd polynomial; iterating it moves singular values to about 1
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's
ADAM_SIZE = 0.2  # the root mean square of Adam's usual update, in learning rates


class Muon(Optimizer):
    """Muon for the kernels between the first and the last layer; Adam for these two, for biases and for norms.

    A kernel (out, in, k, k) is treated as a matrix (out, in·k·k). The moving average of its gradients (with Nesterov
    momentum) is made nearly orthogonal, so that all directions are learnt at one rate. It is then scaled to the size
    of Adam's updates, so that one learning rate and one schedule serve both. torch's own Muon takes matrices only.
    Source: Jordan et al. (2024), "Muon: An optimizer for hidden layers in neural networks",
    https://kellerjordan.github.io/posts/muon; the scale is that of Liu et al. (2025), https://arxiv.org/abs/2502.16982.

    Args:
        params: in the order of the layers. Adam updates the first and the last one with two or more dimensions.
        lr: the learning rate.
        momentum: the decay of the moving average, at least 0 and below 1.
        weight_decay: decoupled weight decay of tensors with two or more dimensions.
        steps: the number of Newton-Schulz iterations.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, momentum: float = 0.95, weight_decay: float = 0.0, steps: int = 3
    ) -> None:
        if not (is_number(momentum) and 0 <= momentum < 1):
            raise UsageError(f"task.optimizer.momentum={momentum}: must be a number, at least 0 and below 1")
        if not (is_number(weight_decay) and weight_decay >= 0):
            raise UsageError(f"task.optimizer.weight_decay={weight_decay}: must be a number of at least 0")
        check_count("task.optimizer.steps", steps, most=20)
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "steps": steps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        kernels = [each for group in self.param_groups for each in group["params"] if each.dim() > 1]
        hidden = {id(each) for each in kernels[1:-1]}
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if parameter.dim() > 1:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                update = self._orthogonal if id(parameter) in hidden else self._adam
                parameter.sub_(update(parameter, group), alpha=group["lr"])
        return loss

    def _orthogonal(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        state, gradient, momentum = self.state[parameter], parameter.grad, group["momentum"]
        assert gradient is not None
        if not state:
            state["average"] = torch.zeros_like(parameter)
        average: Tensor = state["average"].lerp_(gradient, 1 - momentum)
        matrix = gradient.lerp(average, momentum).flatten(1)
        scale = ADAM_SIZE * max(matrix.shape) ** 0.5
        return scale * orthogonalised(matrix, group["steps"]).reshape(parameter.shape)

    def _adam(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        state, gradient = self.state[parameter], parameter.grad
        assert gradient is not None
        if not state:
            state |= {"step": torch.tensor(0.0), "mean": torch.zeros_like(parameter)}
            state |= {"square": torch.zeros_like(parameter)}
        state["step"] += 1
        mean: Tensor = state["mean"].lerp_(gradient, 1 - BETAS[0])
        square: Tensor = state["square"].lerp_(gradient.square(), 1 - BETAS[1])
        one, two = (1 - beta ** float(state["step"]) for beta in BETAS)
        return (mean / one) / ((square / two).sqrt_() + EPSILON)


def orthogonalised(matrix: Tensor, steps: int) -> Tensor:
    """An approximation of the nearest orthogonal matrix: singular values become about 1, singular vectors stay.

    The matrix is scaled to a Frobenius norm of 1. Each step then maps every singular value s to a·s + b·s³ + c·s⁵.
    Three steps bring values of at least 0.02 into 0.68…1.20; five steps do so from 0.003. Smaller ones stay below.
    """
    a, b, c = COEFFICIENTS
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    wide = wide / (wide.norm() + 1e-7)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide
