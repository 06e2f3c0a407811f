"""Photographs with hints, and their samples: points land where they belong, and files lie where the message says."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from console import TINY, run, succeed
from PIL import Image
from torch import nn

from colourize.errors import InputError
from colourize.prediction.hinted import HintedPredictor, Point, read_points
from colourize.tasks import RestorationTask

RED, GREEN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


class Echo(nn.Module):
    """Answers the class of the hint at a pixel, and red where there is none."""

    size_multiple = 1

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()

    def forward(self, inputs):
        green = (inputs[:, 3:] > 0) & (inputs[:, 1:2] < 0)
        return torch.where(torch.cat([~green, green], 1), 20.0, -20.0)


@pytest.fixture
def task() -> RestorationTask:
    return RestorationTask(
        model={"_target_": f"{Echo.__module__}.Echo"},
        degradation={"_target_": "colourize.degradations.Hints"},
        answer={"_target_": "colourize.answers.PaletteClasses"},
        loss={"_target_": "colourize.losses.CrossEntropy"},
        fitted={"answer": {"colours": torch.tensor([RED, GREEN])}},
        size=[8, 8],
    )


def greenness(result: Image.Image) -> np.ndarray:
    pixels = np.asarray(result).astype(float)
    return pixels[..., 1] - pixels[..., 0]


@pytest.mark.parametrize("tile", [32, 256])
def test_a_hint_colours_its_own_place(task: RestorationTask, tile: int) -> None:
    photograph = Image.new("RGB", (320, 240), (120, 120, 120))
    predictor = HintedPredictor(task, "luminance", "prediction", 24, tile, "cpu", points=[Point(209, 33, GREEN)])
    green = greenness(predictor(photograph))
    # 320 × 240 pixels are predicted at 32 × 24: the point lies in the square of 10 pixels at (200, 30).
    assert green[35, 205] > 50 and green[35, 185] < 0 and green[55, 205] < 0
    assert (green > 0).sum() < 25 * 25
    (drawn,) = predictor.samples(photograph, 1, rounds=3)
    assert np.array_equal(greenness(drawn), green)  # this network is sure of all


def test_samples_are_colourings_whatever_picture_is_asked_for(task: RestorationTask) -> None:
    photograph = Image.radial_gradient("L").convert("RGB")
    drawn = [
        next(HintedPredictor(task, "luminance", picture, None, 256, "cpu").samples(photograph, 1, rounds=2))
        for picture in ("prediction", "entropy")
    ]
    assert np.array_equal(*drawn)


def test_a_point_outside_is_refused(task: RestorationTask) -> None:
    predictor = HintedPredictor(task, "luminance", "prediction", None, 256, "cpu", points=[Point(10, 3, RED)])
    with pytest.raises(InputError, match=r"point 1 \(x=10, y=3\) lies outside of 10×10 pixels"):
        predictor(Image.new("RGB", (10, 10)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a JSON file"),
        ("{}", "must be a list of points"),
        ('[{"x": 1, "y": 2}]', "point 1: must have x, y and colour"),
        ('[{"x": -1, "y": 2, "colour": "#000000"}]', "point 1: x must be a number"),
        ('[{"x": 1, "y": NaN, "colour": "#000000"}]', "point 1: y must be a number"),
        ('[{"x": 1, "y": 2, "colour": "red"}]', "point 1: colour must be written as #rrggbb"),
    ],
)
def test_files_of_points_that_are_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "points.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_points(path)


def test_the_command_writes_samples_beside_the_result(tmp_path: Path) -> None:
    folder = succeed("train", [*TINY, "degradation=hints", "trainer.enable_progress_bar=false"], tmp_path).folder
    Image.new("RGB", (40, 30), (90, 90, 90)).save(tmp_path / "photo.png")
    (tmp_path / "points.json").write_text(json.dumps([{"x": 12, "y": 8, "colour": "#a0522d"}]))
    words = [f"checkpoint={folder}", "input=photo.png"]
    asked = [*words, "hints=points.json", "samples=2", "rounds=3", "temperature=0.8"]
    outcome = succeed("predict", asked, tmp_path)
    assert "2 samples in photo-coloured-sample-1.png and so on" in outcome.stdout
    drawn = [np.asarray(Image.open(tmp_path / f"photo-coloured-sample-{k}.png")) for k in (1, 2)]
    assert drawn[0].shape == (30, 40, 3) and not np.array_equal(*drawn)
    alike = [*asked[:-1], "temperature=0", "order=surest", "overwrite=true"]
    succeed("predict", alike, tmp_path)
    first, second = (np.asarray(Image.open(tmp_path / f"photo-coloured-sample-{k}.png")) for k in (1, 2))
    assert np.array_equal(first, second)
    (tmp_path / "photo-coloured.png").unlink()
    outcome = run("predict", asked, tmp_path)
    assert outcome.code == 2 and "samples: photo-coloured-sample-1.png is there already" in outcome.stderr
    succeed("predict", [*words, "picture=entropy", "output=entropy.png"], tmp_path)
    entropy = np.asarray(Image.open(tmp_path / "entropy.png"))
    assert (entropy == entropy[..., :1]).all() and entropy.mean() > 200  # hardly trained: nearly nothing is known
