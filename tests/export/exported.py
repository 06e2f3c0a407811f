"""Tasks whose every number matters, and node, which runs the page's modules on them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from colourize.answers import AbBins
from colourize.export.facts import facts_of
from colourize.export.graph import graph_of
from colourize.export.page import payload_of
from colourize.models import PixelShuffleResNet
from colourize.tasks import RestorationTask

PAGE = Path(__file__).parents[2] / "colourize" / "export" / "page"
COLOURS = torch.tensor([[0.0, 0.1, 0.0], [0.5, 0.3, 0.1], [0.3, 0.6, 0.8], [0.8, 0.7, 0.5], [1.0, 1.0, 0.9]])
PALETTE = {"_target_": "colourize.answers.PaletteClasses"}
BINS = {"_target_": "colourize.answers.AbBins", "grid": 20}
RGB = {"_target_": "colourize.answers.RGB"}
CHROMA = {"_target_": "colourize.answers.LabChroma"}
GREY = {"_target_": "colourize.degradations.Grey"}
LIGHTNESS = {"_target_": "colourize.degradations.Luminance"}
HINTS = {"_target_": "colourize.degradations.Hints"}
LOW = {"_target_": "colourize.degradations.LowResolution", "scale_factor": 2, "projected": True}


def model(name: str, **arguments: Any) -> dict[str, Any]:
    """The configuration of a network of ours."""
    return {"_target_": f"colourize.models.{name}", **arguments}


# By name: what is given, what is answered, the network, and a table or interpolation beside it.
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any] | None]] = {
    "unet": (GREY, PALETTE, model("UNet", num_filters=8), None),
    "unet_with_a_table": (GREY, PALETTE, model("UNet", num_filters=4), model("GreyLookup")),
    "unet_with_hints": (HINTS, PALETTE, model("UNet", num_filters=8), None),
    "cnn": (GREY, RGB, model("CNN", num_filters=8), None),
    "cnn_of_another_order": (LIGHTNESS, CHROMA, model("CNN", num_filters=4, block_order="pool_norm_relu"), None),
    "strided_unet": (GREY, RGB, model("StridedUNet", num_filters=4), None),
    "ronneberger_unet": (HINTS, BINS, model("RonnebergerUNet", num_filters=8), None),
    "ronneberger_unet_unpadded": (GREY, PALETTE, model("RonnebergerUNet", num_filters=4, padding="valid"), None),
    "zhang": (LIGHTNESS, BINS, model("ZhangNet", num_filters=4), None),
    "pixel_shuffle_resnet": (LIGHTNESS, PALETTE, model("PixelShuffleResNet", num_filters=8, num_blocks=2), None),
    "residual_sr": (
        LOW, RGB, model("ResidualSR", num_filters=8, scale_factor=2), model("Interpolation", filter="bicubic"),
    ),
    "linear_filter": (LOW | {"projected": False}, RGB, model("LinearFilter"), None),
    "lanczos": (LOW | {"projected": False}, RGB, model("Interpolation", filter="lanczos"), None),
}  # fmt: skip


def build(name: str) -> RestorationTask:
    """One of NETWORKS, as if trained at 16×16, with batch norms that do something."""
    return task_of(*NETWORKS[name])


def task_of(
    degradation: dict[str, Any], answer: dict[str, Any], network: dict[str, Any], prior: dict[str, Any] | None = None
) -> RestorationTask:
    """A task with weights that were drawn."""
    torch.manual_seed(0)
    fitted: dict[str, dict[str, Tensor]] = {}
    if answer is PALETTE:
        fitted["answer"] = {"colours": COLOURS.double()}
    elif answer is BINS:
        fitted["answer"] = {"centres": AbBins(grid=20).bins.centres}
    if prior and "GreyLookup" in prior["_target_"]:
        fitted["prior"] = {"table": torch.linspace(-2, 2, 256)[:, None] * torch.randn(len(COLOURS))}
    if "LinearFilter" in network["_target_"]:
        fitted["model"] = {"weights": torch.randn(76, 12) / 9}
    loss = "CrossEntropy" if answer in (PALETTE, BINS) else "MeanSquaredError"
    task = RestorationTask(
        model=network, degradation=degradation, answer=answer, loss={"_target_": f"colourize.losses.{loss}"},
        prior=prior, fitted=fitted, size=[16, 16],
    )  # fmt: skip
    if isinstance(task.model, PixelShuffleResNet):
        nn.init.normal_(task.model.last.weight, 0, 0.1)  # zeros would hide all that is before them
    for part in task.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None and part.running_var is not None
            part.running_mean.normal_(0, 0.3)
            part.running_var.uniform_(0.5, 2)
            nn.init.normal_(part.weight, 1, 0.3)
            nn.init.normal_(part.bias, 0, 0.3)
    return task.eval()


def part_of(task: RestorationTask) -> dict[str, Any]:
    """A network as the page's modules take it."""
    contents, numbers = payload_of(graph_of(task), facts_of(task, {}, Path("none/checkpoints/none.ckpt")))
    return {**contents, "numbers": numbers}


def read_facts(path: Path) -> dict[str, Any]:
    """The facts in a file of `write_onnx`."""
    import onnx

    return {each.key: json.loads(each.value) for each in onnx.load(path).metadata_props}


def node() -> str:
    """The path of node; without it the test is skipped."""
    found = shutil.which("node")
    return found or pytest.skip("needs node")


def run_in_node(script: str, given: Any, folder: Path) -> Any:
    """The JSON that a script prints; `given` is what it was given, and PAGE the address of the page's modules."""
    (folder / "given.json").write_text(json.dumps(given))
    head = f'import fs from "fs";\nconst given = JSON.parse(fs.readFileSync("{folder}/given.json", "utf8"));\n'
    (folder / "script.mjs").write_text(head + script.replace("PAGE", PAGE.as_uri()))
    command = [node(), "--no-warnings", folder / "script.mjs"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
