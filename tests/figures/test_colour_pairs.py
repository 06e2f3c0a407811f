"""Pairs of colours that RGB ranks against CIEDE2000, and the rank correlation of the two distances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr
from skimage import color

from colourize.figures.colour_pairs import (
    colours_of,
    contradictions,
    draw_contradictions,
    rank_agreement,
    regular_colours,
)


def test_the_pairs_contradict_each_other_and_differ() -> None:
    found = contradictions(regular_colours(6), 5)
    for each in found:
        for pair in (each.near, each.far):
            lab = color.rgb2lab(pair.colours)
            assert abs(color.deltaE_ciede2000(*lab) - pair.delta_e) < 0.05  # its white is rounded
            assert abs(255 * np.linalg.norm(pair.colours[0] - pair.colours[1]) - pair.rgb) < 1e-6
        assert each.near.rgb < each.far.rgb and each.near.delta_e > each.far.delta_e >= 3
    strengths = [each.strength for each in found]
    assert len(found) == 5 and strengths == sorted(strengths, reverse=True) and strengths[-1] > 2
    for kind in ("near", "far"):
        means = color.rgb2lab(np.stack([getattr(each, kind).colours.mean(0) for each in found]))
        assert min(color.deltaE_ciede2000(means[i], means[j]) for i in range(5) for j in range(i)) > 11.9
    assert contradictions(np.array([[0.0] * 3, [1.0] * 3])) == [] and contradictions(np.zeros((1, 3))) == []


def test_few_colours_agree_with_trying_all_pairs() -> None:
    colours = np.random.default_rng(0).random((12, 3))
    lab = color.rgb2lab(colours)
    pairs = [(i, j) for i in range(12) for j in range(i)]
    rgb = [255 * np.linalg.norm(colours[i] - colours[j]) for i, j in pairs]
    delta_e = [float(color.deltaE_ciede2000(lab[i], lab[j])) for i, j in pairs]
    strongest = max(min(rgb[q] / rgb[p], delta_e[p] / delta_e[q]) for p in range(66) for q in range(66))
    assert abs(contradictions(colours, 1)[0].strength - strongest) < 1e-3
    assert abs(rank_agreement(colours, draws=50_000) - spearmanr(rgb, delta_e).statistic) < 0.02


def test_a_pictures_commonest_colours_come_first() -> None:
    pictures = torch.zeros(2, 3, 4, 4)
    pictures[0, 0, :2] = 0.5  # 8 pixels, and one that counts as the same
    pictures[1, 0, 3, 3] = 0.52
    pictures[1, 1, 0, 0] = 1.0
    np.testing.assert_allclose(colours_of(pictures), [[0, 0, 0], [4.52 / 9, 0, 0], [0, 1, 0]], atol=1e-7)
    assert len(colours_of(pictures, most=2)) == 2


def test_the_drawing_has_all_colours_and_is_the_same_each_time(tmp_path: Path) -> None:
    found = contradictions(regular_colours(5), 3)
    for name in ("one", "other"):
        draw_contradictions(found, tmp_path / name)
    svg = (tmp_path / "one.svg").read_text()
    assert svg == (tmp_path / "other.svg").read_text()
    assert f"RGB {found[0].near.rgb:.0f}" in svg and f"ΔE2000 {found[2].far.delta_e:.1f}" in svg
    drawn = np.unique(np.asarray(Image.open(tmp_path / "one.png").convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    for colour in np.concatenate([pair.colours for each in found for pair in (each.near, each.far)]):
        assert np.abs(drawn - 255 * colour).max(1).min() <= 1
