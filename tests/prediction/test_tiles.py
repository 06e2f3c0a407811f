"""Pieces of a picture have the outputs that the whole has, and a network that sees all of a picture has no tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from colourize.prediction import predictor, tiles
from colourize.prediction.predictor import Predictor
from colourize.tasks import RestorationTask

TaskMaker = Callable[..., RestorationTask]
NETWORKS = ("UNet", "CNN", "StridedUNet", "ConvTransposeNet", "PoolUpsampleNet", "PixelShuffleResNet")


def network(name: str, **more: Any) -> dict[str, Any]:
    return {"_target_": f"colourize.models.{name}", "num_filters": 4, **more}


def table(name: str, cells: int) -> dict[str, Any]:
    """A task's arguments for a fitted table."""
    colours = torch.rand(cells, 3, generator=torch.Generator().manual_seed(0))
    return {"model": {"_target_": f"colourize.models.{name}"}, "fitted": {"model": {"table": colours}}}


def halo_of(task: RestorationTask) -> int | None:
    return tiles.halo_of(task.eval())


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def assert_pieces_are_the_whole(task: RestorationTask, width: int, height: int) -> None:
    photograph, made = noise(width, height), []
    for parameter in task.model.parameters():
        if not parameter.any():  # a layer that begins at 0 would hide all others
            nn.init.normal_(parameter, std=0.1)
    for tile in (8192, 32):
        method = Predictor(task, join="none", tile=tile)
        whole = torch.zeros(1, 3, height * method.factor, width * method.factor)
        count = 0
        for box, predicted in method._tiles(photograph, lambda share: None):
            whole[..., box.top : box.bottom, box.left : box.right] = predicted
            count += 1
        made.append(whole)
    assert count > 4
    torch.testing.assert_close(made[1], made[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_colours_in_pieces_are_those_of_the_whole(name: str, tiny_task: TaskMaker) -> None:
    assert_pieces_are_the_whole(tiny_task("grey", "classification", model=network(name)), 107, 94)


def test_a_wider_kernel_sees_further(tiny_task: TaskMaker) -> None:
    task = tiny_task("grey", "regression", model=network("UNet", kernel_size=5))
    assert (halo_of(tiny_task("grey", "regression", model=network("UNet"))), halo_of(task)) == (16, 32)
    assert_pieces_are_the_whole(task, 107, 94)


@pytest.mark.parametrize("arguments", [{}, {"padding": "zeros"}, {"padding": "valid"}, {"levels": 4}])
def test_tiles_of_the_papers_unet_overlap_by_what_it_sees(arguments: dict[str, Any], tiny_task: TaskMaker) -> None:
    task = tiny_task("grey", "classification", model=network("RonnebergerUNet", **arguments))
    halo = halo_of(task)
    assert halo is not None and halo >= task.model.margin
    assert_pieces_are_the_whole(task, 107, 94)


@pytest.mark.parametrize(
    "model",
    [
        network("CNN"),
        network("ResidualSR"),
        network("PixelShuffleResNet", reduction=4),
        {"_target_": "colourize.models.Interpolation"},
    ],
)
def test_super_resolution_in_pieces_is_that_of_the_whole(model: dict[str, Any], tiny_task: TaskMaker) -> None:
    task = tiny_task("low", "regression", model=model)
    assert_pieces_are_the_whole(task, 37, 29)
    assert Predictor(task, tile=32)(noise(37, 29)).size == (148, 116)


def test_tables_by_pixel_need_no_halo_and_tables_by_row_have_no_pieces(tiny_task: TaskMaker) -> None:
    assert halo_of(tiny_task("grey", "regression", **table("GreyLookup", 256))) == 0
    assert halo_of(tiny_task("grey", "regression", **table("GreyRowLookup", 32 * 256))) is None
    by_row = {"_target_": "colourize.models.GreyRowLookup"}
    fitted = {"prior": table("GreyRowLookup", 32 * 256)["fitted"]["model"]}
    assert halo_of(tiny_task("grey", "regression", prior=by_row, fitted=fitted)) is None


class Mean(nn.Module):
    """Sees the whole picture."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()

    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs - inputs.mean((2, 3), keepdim=True)).expand(-1, 3, -1, -1)


class Pooled(nn.Module):
    """Halves a picture and doubles it; does not say that its pieces must begin at even places."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.MaxPool2d(2, ceil_mode=True), nn.Upsample(scale_factor=2))

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layers(inputs)[..., : inputs.shape[2], : inputs.shape[3]].expand(-1, 3, -1, -1)


def test_networks_of_ones_own(tiny_task: TaskMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    mean = tiny_task("grey", "regression", model={"_target_": f"{__name__}.Mean"})
    assert halo_of(mean) is None
    made = [Predictor(mean, join="none", tile=tile)(noise(70, 50)) for tile in (32, 8192)]
    assert np.array_equal(*made)  # whole, whatever the pieces' side
    monkeypatch.setattr(predictor, "WHOLE", 1000)
    with pytest.raises(Exception, match="70×50 pixels: Mean must see all of a picture at once"):
        Predictor(mean, join="none", tile=32)(noise(70, 50))
    pooled = tiny_task("grey", "regression", model={"_target_": f"{__name__}.Pooled"})
    assert halo_of(pooled) == 0
    assert_pieces_are_the_whole(pooled, 107, 94)


def test_too_small_a_halo_is_noticed(tiny_task: TaskMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "_reach", lambda part, task: 0)
    assert halo_of(tiny_task("grey", "regression", model=network("UNet"))) is None
