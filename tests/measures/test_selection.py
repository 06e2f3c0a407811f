"""Measures by name: degenerate pictures have a value or are left out by definition, and each has a direction."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from omegaconf import OmegaConf

from colourize.errors import UsageError
from colourize.measures import calibration, learned
from colourize.measures.selection import (
    LESS,
    MORE,
    OF_ANSWERS,
    PER_PICTURE,
    POOLED,
    ZERO,
    Seen,
    check_measures,
    direction,
    left_out,
    measure_pictures,
)

CONF = Path(__file__).parents[2] / "conf" / "measures"
NAMES = tuple(name for name in PER_PICTURE if name not in ("vsi", "lpips"))


def pictures(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    truth = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    other = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    grey = truth.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    return {
        "constant": (torch.full_like(truth, 0.2), torch.full_like(truth, 0.7)),
        "black and white": (torch.zeros_like(truth), torch.ones_like(truth)),
        "constant truth": (other, torch.full_like(truth, 0.5)),
        "black": (torch.zeros_like(truth), torch.zeros_like(truth)),
        "grey truth": (other, grey),
        "grey copy": (grey, truth),
        "one picture": (other[:1], truth[:1]),
        "1×1": (other[..., :1, :1], truth[..., :1, :1]),
        "identical": (truth, truth),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["constant", "black and white", "constant truth", "black", "grey truth", "grey copy", "one picture", "identical"],
)
def test_degenerate_pictures_have_values(kind: str) -> None:
    given, truth = pictures(kind)
    found = measure_pictures(given, truth, NAMES, torch.zeros(len(truth), dtype=torch.long))
    undefined = {name for name, values in found.items() if values.isnan().any()}
    is_grey = kind in ("constant", "black and white", "constant truth", "black", "grey truth")
    assert undefined == ({"nazeri_accuracy_2", "nazeri_accuracy_5"} if is_grey else set())
    assert not any(values.isinf().any() for values in found.values())


def test_of_pictures_of_one_pixel_those_that_look_around_have_no_value() -> None:
    found = measure_pictures(*pictures("1×1"), NAMES)
    assert {name for name, values in found.items() if values.isnan().any()} == {"ssim", "haarpsi", "fsimc"}
    assert found["delta_e"].isfinite().all() and found["feature_distance"].isfinite().all()


def test_the_classifier_sees_in_single_precision_whatever_the_network_computes_in() -> None:
    given, truth = pictures("grey copy")
    exact = measure_pictures(given, truth, ("feature_distance",))["feature_distance"]
    with torch.autocast("cpu", torch.bfloat16):
        reduced = measure_pictures(given, truth, ("feature_distance",))["feature_distance"]
    assert torch.equal(reduced, exact)


def test_every_measure_has_a_direction() -> None:
    ways = {name: direction(name) for name in (*PER_PICTURE, *POOLED, *OF_ANSWERS, "accuracy", "cross_entropy")}
    assert {name for name, way in ways.items() if way is None} == {"colourfulness"}
    assert (ways["psnr"], ways["mse"], ways["colourfulness_gap"]) == (MORE, LESS, ZERO)
    assert direction("auc_balanced_expected") == MORE and direction("mse_expected") == LESS


@pytest.mark.parametrize("name", ["auc_balanced", *learned.POOLED, *calibration.POOLED])
def test_several_sets_of_weights_at_once_are_as_one_by_one(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    truth, outputs = torch.rand(9, 3, 32, 32, generator=generator), torch.randn(9, 3, 32, 32, generator=generator)
    if name in OF_ANSWERS:
        part = calibration.POOLED[name]
        vectors = part.vectors(outputs, truth.argmax(1))
    else:
        part = POOLED[name]
        vectors = part.vectors(Seen(outputs.clamp(0, 1)), Seen(truth))
    measure = part.value(vectors.numpy())
    weights = np.random.default_rng(0).multinomial(9, np.full(9, 1 / 9), 5).astype(float)
    found = measure(weights)
    assert found.shape == (5,) and np.ptp(found) > 0
    np.testing.assert_allclose(found, [float(measure(each)) for each in weights], rtol=1e-9)


def test_the_groups_name_measures_and_each_holds_the_one_before() -> None:
    groups = [set(yaml.safe_load((CONF / f"{name}.yaml").read_text())["names"]) for name in ("quick", "default", "all")]
    assert groups[0] < groups[1] < groups[2] == {*PER_PICTURE, *POOLED, *OF_ANSWERS}
    assert check_measures(sorted(groups[2])) and set(left_out(sorted(groups[2]))) <= {"lpips", "fid"}


def test_names_are_a_list_or_one_alone() -> None:
    assert check_measures("mse") == ("mse",)
    assert check_measures(OmegaConf.create(["mse", "psnr", "mse"])) == ("mse", "psnr")  # asked twice, measured once
    wrong = {"nope": ["mse", "nope"], "null": None, "0": 0, "True": True, "{'mse': 1}": OmegaConf.create({"mse": 1})}
    for told, names in {**wrong, "1": [1], "['mse']": OmegaConf.create([["mse"]])}.items():
        with pytest.raises(UsageError, match=rf"^measures\.names={re.escape(told)}: must be some of mse"):
            check_measures(names)
