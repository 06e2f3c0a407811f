"""Questions A1 and E: what is told of a network's layers and of their maps."""

from __future__ import annotations

from colourize.inspection.layers import layers
from colourize.inspection.tracing import trace
from colourize.models import RegressionCNN
from colourize.reporting.parts.architecture import layers_finding
from colourize.reporting.parts.feature_maps import layers_of, sparsity_finding


def row(model: str, layer: str, seed: int, sparsity: float, dead: int = 0) -> dict[str, str]:
    values = {"model": model, "layer": layer, "seed": seed, "shape": "32×16×16", "mean": 0.5 + seed,
              "sparsity": sparsity, "channels": 32, "dead": dead}  # fmt: skip
    return {key: str(value) for key, value in values.items()}


def test_zeros_are_averaged_over_seeds_and_told_from_the_fewest_to_the_most() -> None:
    rows = [
        row("cnn", "down1", 0, 0.20), row("cnn", "middle", 0, 0.50), row("cnn", "final", 0, 0.0),
        row("cnn", "down1", 1, 0.30), row("cnn", "middle", 1, 0.46, dead=2), row("cnn", "final", 1, 0.0),
        row("unet", "down1", 0, 0.40), row("unet", "middle", 0, 0.10),
    ]  # fmt: skip
    layers = layers_of(rows)
    assert [(each.network, each.name) for each in layers][:4] == [
        ("cnn", "down1"), ("cnn", "middle"), ("cnn", "final"), ("unet", "down1"),
    ]  # fmt: skip
    assert layers[1].sparsities == [0.50, 0.46] and layers[1].dead == [0, 2] and layers[1].means == [0.5, 1.5]
    assert sparsity_finding(layers) == (
        "Zeros in the feature maps: cnn, from 25 % after down1 to 48 % after middle; "
        "unet, from 10 % after middle to 40 % after down1. Dead channels, of all layers and seeds together: 2."
    )
    linear = layers_of([row("cnn", "final", 0, 0.0)])
    assert (
        sparsity_finding(linear) == "No feature map has zeros. Dead channels, of all layers and seeds together: none."
    )


def test_the_layers_of_question_a1_are_told_in_a_sentence() -> None:
    table = layers(trace(RegressionCNN(1, 3), 1, (32, 32)))
    assert layers_finding(table, "RegressionCNN") == (
        "RegressionCNN has six convolutions of 3×3, with 32, 64, 64, 32, 3, 3 filters; "
        "75,549 parameters, 17,713,152 operations a picture."
    )
