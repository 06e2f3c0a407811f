"""Measures by name: degenerate pictures have a value or are left out by definition, and each has a direction."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from colourize.errors import UsageError
from colourize.measures.base import LESS, MORE, NEITHER, ZERO, PictureBatch, PictureMeasure, SetMeasure
from colourize.measures.registry import GROUPS, MEASURES, choose, direction, left_out

GUIDE = Path(__file__).parents[2] / "docs" / "measures.md"
NAMES = [each.name for each in choose("default") if isinstance(each, PictureMeasure) and not each.kinds]


def measured(pictures, truth, names=NAMES, labels=None):
    preds, true = PictureBatch(pictures), PictureBatch(truth, labels)
    found = {name: MEASURES[name].values(preds, true) for name in names}
    return {name: values for name, values in found.items() if values is not None}


TRUTH, OTHER = torch.rand(2, 2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
GREY = TRUTH.mean(1, keepdim=True).expand(-1, 3, -1, -1)
PAIRS = {
    "constant": (torch.full_like(TRUTH, 0.2), torch.full_like(TRUTH, 0.7)),
    "black and white": (torch.zeros_like(TRUTH), torch.ones_like(TRUTH)),
    "constant truth": (OTHER, torch.full_like(TRUTH, 0.5)),
    "black": (torch.zeros_like(TRUTH), torch.zeros_like(TRUTH)),
    "grey truth": (OTHER, GREY),
    "grey copy": (GREY, TRUTH),
    "one picture": (OTHER[:1], TRUTH[:1]),
    "1×1": (OTHER[..., :1, :1], TRUTH[..., :1, :1]),
    "identical": (TRUTH, TRUTH),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_degenerate_pictures_have_values(kind: str) -> None:
    preds, truth = PAIRS[kind]
    found = measured(preds, truth, NAMES, torch.zeros(len(truth), dtype=torch.long))
    undefined = {name for name, values in found.items() if values.isnan().any()}
    is_grey = bool((truth == truth[:, :1]).all())
    windows = {"ssim", "haarpsi", "fsimc"} if kind == "1×1" else set()  # those that look at neighbours
    assert undefined == ({"nazeri_accuracy_2", "nazeri_accuracy_5"} if is_grey else windows)
    assert not any(values.isinf().any() for values in found.values())


def test_the_classifier_sees_in_single_precision_whatever_the_network_computes_in() -> None:
    preds, truth = PAIRS["grey copy"]
    exact = measured(preds, truth, ("feature_distance",))["feature_distance"]
    with torch.autocast("cpu", torch.bfloat16):
        reduced = measured(preds, truth, ("feature_distance",))["feature_distance"]
    assert torch.equal(reduced, exact)


def test_a_measure_without_a_direction_cannot_be_written() -> None:
    assert {name for name in MEASURES if direction(name) is NEITHER} == {"colourfulness"}
    assert [direction(name) for name in ("psnr", "mse", "colourfulness_gap")] == [MORE, LESS, ZERO]
    assert direction("auc_balanced_expected") == MORE and direction("mse_expected") == LESS
    facts = {"name": "mine", "direction": LESS}
    for missing in facts:
        with pytest.raises(TypeError, match=f"Mine: a measure must have a {missing}"):
            type("Mine", (PictureMeasure,), {"__doc__": "Mine."}, **{k: v for k, v in facts.items() if k != missing})
    with pytest.raises(TypeError, match="Mine: a measure must have a docstring"):
        type("Mine", (PictureMeasure,), {}, **facts)
    with pytest.raises(TypeError, match="Mine: colour is no fact of a measure"):
        type("Mine", (PictureMeasure,), {"__doc__": "Mine."}, **facts, colour="red")


@pytest.mark.parametrize("name", [
    each.name for each in choose("default") if isinstance(each, SetMeasure)
])  # fmt: skip
def test_several_sets_of_weights_at_once_are_as_one_by_one(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    truth, outputs = torch.rand(9, 3, 32, 32, generator=generator), torch.randn(9, 3, 32, 32, generator=generator)
    measure = MEASURES[name]
    both = (outputs, truth.argmax(1)) if measure.kinds else (PictureBatch(outputs.clamp(0, 1)), PictureBatch(truth))
    vectors = measure.vectors(*both).numpy()
    value = measure.value(vectors)
    weights = np.random.default_rng(0).multinomial(9, np.full(9, 1 / 9), 5).astype(float)
    found = value(weights)
    assert found.shape == (5,) and np.ptp(found) > 0
    np.testing.assert_allclose(found, [float(value(each)) for each in weights], rtol=1e-9)
    # Weights say how often a picture comes; the kernel leaves out its pairs with itself.
    if name != "feature_kernel_distance":
        repeated = measure.value(vectors[[0, 0, 2, 3, 4, 5, 6, 7, 8]])(np.ones(9))
        assert value(np.array([2, 0, 1, 1, 1, 1, 1, 1, 1])) == pytest.approx(repeated)


def test_groups_hold_those_before_them() -> None:
    groups = [[each.name for each in choose(name)] for name in GROUPS]
    assert all(set(small) < set(large) for small, large in itertools.pairwise(groups))
    assert {*groups[-1], "loss"} == {*MEASURES}
    assert set(left_out(choose("all"))) <= {"lpips", "fid"}
    assert set(groups[1]) == {"accuracy", "cross_entropy", "mse", "psnr", "ssim"}


def test_the_guide_defines_every_measure() -> None:
    """Its table is the registry's: name, what a value is of, direction and definition."""
    arrows = {MORE: "↑", LESS: "↓", ZERO: "→0", NEITHER: ""}
    rows = [
        f"| `{each.name}`{'°' if isinstance(each, SetMeasure) else ''} | {arrows[each.direction]} | {each.definition}"
        + (f" ({each.source}) |" if each.source else " |")
        for each in MEASURES.values()
    ]
    assert "\n".join(["| measure | better | definition |", "| --- | --- | --- |", *rows]) in GUIDE.read_text()


def test_names_are_a_list_or_one_alone() -> None:
    assert [each.name for each in choose("mse")] == ["accuracy", "cross_entropy", "mse"]
    assert choose(OmegaConf.create(["mse", "psnr", "mse"])) == choose(["mse", "psnr"])  # asked twice, measured once
    wrong = {"nope": ["mse", "nope"], "null": None, "0": 0, "True": True, "{'mse': 1}": OmegaConf.create({"mse": 1})}
    for text, names in {**wrong, "1": [1], "['mse']": OmegaConf.create([["mse"]]), "loss": "loss"}.items():
        with pytest.raises(UsageError, match=rf"^measures\.names={re.escape(text)}: must be some of quick, .* mse, "):
            choose(names)
    with pytest.raises(UsageError, match=r"^measures\.names=no\.such\.Measure: cannot be imported \(.*'no'"):
        choose("no.such.Measure")
    with pytest.raises(UsageError, match=r"^measures\.names=torch\.nn\.ReLU: must be a PictureMeasure or a SetMeasure"):
        choose("torch.nn.ReLU")
