"""The benefit of hints, for experiments whose networks take them."""

from __future__ import annotations

from pathlib import Path

from colourize.data.batches import as_batch
from colourize.figures.saving import PANELS
from colourize.joint.evaluation import JointSettings, joint_values
from colourize.reporting.context import Context
from colourize.reporting.elements import Element
from colourize.reporting.joint import draw_hint_curve

ASKED = JointSettings(hints=(0, 1, 3, 10, 32))
COUNT = 250  # test pictures; each number of hints takes as long as a test of them


def hints(context: Context) -> list[Element]:
    """PSNR and ΔE2000 against the number of hints, for each network that takes them."""
    settings = [each for each in context.results.settings.networks if each.task[0] == "hints"]

    def draw(path: Path) -> None:
        found = {}
        for each in settings:
            batch = as_batch(context.pictures.test(each.first, COUNT))
            found[each.label] = [joint_values(context.pictures.task(each.first), [batch], ASKED)]
        draw_hint_curve(path.with_suffix(""), found, ["svg", PANELS])

    caption = (
        f"The first seed at several numbers of hints, on up to {COUNT} test pictures, with 95 % intervals over these. "
        "`colourize-evaluate … joint=all` evaluates all seeds and pictures, as well as likelihoods and samples."
    )
    runs = [each.first for each in settings]
    return context.made("-hints.svg", runs, draw, caption, "Measures against the number of hints")
