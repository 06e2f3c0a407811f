"""Question F4: values by case, from a table with a row for each picture."""

from __future__ import annotations

import numpy as np

from colourize.reporting.parts.larger_pictures import SIZES, Case, columns_by_case


def test_each_case_has_the_values_of_its_own_pictures_and_seeds() -> None:
    cases = [Case(network, way, "drawn", size) for network in ("cnn", "unet") for way in ("a", "b") for size in SIZES]
    rows = [
        {"network": case.network, "seed": str(seed), "way": case.way, "pictures": case.kind, "pixels": str(case.size),
         "picture": str(picture), "mse": str(place + seed / 10 + picture / 100), "delta_e": "10.0", "ssim": "0.9"}
        for place, case in enumerate(cases) for seed in range(3) for picture in range(4)
    ]  # fmt: skip
    found = columns_by_case(rows[:-1])  # one seed lacks a picture
    assert list(found) == cases
    for place, case in enumerate(cases):
        expected = place + np.arange(3)[:, None] / 10 + np.arange(4 - (case == cases[-1])) / 100
        np.testing.assert_allclose(found[case][0], expected)
        assert (found[case][1] == 10).all() and (found[case][2] == 0.9).all()
