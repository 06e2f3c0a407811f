"""How a network's convolutions are initialised (question F1): rules of the literature besides the layers' own."""

from __future__ import annotations

from torch import nn

from colourize.errors import UsageError
from colourize.models.convolution import Convolution2d

RULES = {
    # Preserves the variance of the signal through ReLUs: He et al. (2015), https://arxiv.org/abs/1502.01852
    "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    # Preserves the variance of signal and gradient, without ReLUs: Glorot & Bengio (2010)
    "xavier_uniform": nn.init.xavier_uniform_,
    # Preserves norms: Saxe, McClelland & Ganguli (2014), https://arxiv.org/abs/1312.6120
    "orthogonal": nn.init.orthogonal_,
}


def initialise(network: nn.Module, rule: str) -> None:
    """Redraw the weights of all convolutions by a rule, from torch's generator, and set their biases to 0.

    Raises:
        UsageError: there is no such rule.
    """
    if rule not in RULES:
        raise UsageError(f"model.initialisation={rule}: must be one of {', '.join(RULES)}, or null")
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, Convolution2d)):
            RULES[rule](module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
