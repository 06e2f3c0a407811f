"""The benefit of hints, for experiments whose networks take them."""

from __future__ import annotations

import torch

from colourize.data.batches import as_batch
from colourize.figures.saving import PANELS
from colourize.joint.evaluation import JointSettings, JointValues, joint_values
from colourize.reporting.context import Context
from colourize.reporting.elements import Element
from colourize.reporting.joint import draw_hint_curve

ASKED = JointSettings(hints=(0, 1, 3, 10, 32))
COUNT = 250  # test pictures; each number of hints takes as long as a test of them


def hints(context: Context) -> list[Element]:
    """PSNR and ΔE2000 against the number of hints, for each network that takes them."""
    settings = [each for each in context.results.settings.networks if each.first.record.get("degradation") == "Hints"]
    if not settings:
        return []
    path = context.path("figures", "-hints.svg")

    def draw() -> None:
        found: dict[str, list[JointValues]] = {}
        for setting in settings:
            pictures = torch.from_numpy(context.pictures.data(setting.first).pictures.test[:COUNT])
            found[setting.label] = [joint_values(context.pictures.task(setting.first), [as_batch(pictures)], ASKED)]
        draw_hint_curve(path.with_suffix(""), found, ["svg", PANELS])

    caption = (
        f"The first seed at several numbers of hints, on up to {COUNT} test pictures, with 95 % intervals over these. "
        "`colourize-evaluate … joint=all` evaluates all seeds and pictures, as well as likelihoods and samples."
    )
    return context.made(path, [each.first for each in settings], draw, caption, "Measures against the number of hints")
