"""Question E: the statistics of feature maps, a value a seed."""

from __future__ import annotations

from colourize.reporting.parts.feature_maps import layers_of


def row(model: str, layer: str, seed: int, sparsity: float, dead: int = 0) -> dict[str, str]:
    values = {"model": model, "layer": layer, "seed": seed, "shape": "32×16×16", "mean": 0.5 + seed,
              "sparsity": sparsity, "channels": 32, "dead": dead}  # fmt: skip
    return {key: str(value) for key, value in values.items()}


def test_each_layer_has_the_statistics_of_all_seeds() -> None:
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
