"""What the page computes of a picture is what colourize-predict does, to one level, and colours have names: by node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exported import COLOURS, build, part_of, run_in_node
from PIL import Image

from colourize.colour.chroma import chroma_of, chroma_over, lightness_of
from colourize.data.horses import draw_horses
from colourize.prediction.hinted import HintedPredictor, Point
from colourize.prediction.predictor import Predictor, low_size
from colourize.tasks import RestorationTask

LANCZOS = Image.Resampling.LANCZOS
HEAD = """
import { Engine, finish } from "PAGE/engine.js";
const engine = new Engine([given.part]);
const picture = ({ width, height, data }) => ({ width, height, data: Uint8ClampedArray.from(data), channels: 4 });
const { temperature } = given.part.facts.answer;
"""
JOIN = HEAD + """
const results = given.pictures.map((each) => {
  engine.open(picture(each), picture(each));
  return Array.from(engine.join(0, engine.colours(0, given.hints, temperature ?? 1), engine.full).data);
});
console.log(JSON.stringify(results));
"""  # fmt: skip
ENLARGE = HEAD + """
engine.open(picture(given.picture), picture(given.picture));
const { network, lanczos } = engine.enlarged(0);
console.log(JSON.stringify([network, lanczos].map(({ data }) => Array.from(data))));
"""  # fmt: skip
SAMPLE = HEAD + """
engine.open(picture(given.picture), picture(given.picture));
const settings = { rounds: 4, temperature: 1, seed: 1 };
const drawn = [1, 1, 2].map((seed) => Array.from(finish(engine.sampled(0, given.hints, { ...settings, seed })).data));
const likely = engine.likeliest(0, [], given.hints[0].row, given.hints[0].column, 5);
console.log(JSON.stringify({ drawn, likely, size: [engine.low(0).width, engine.low(0).height] }));
"""  # fmt: skip
SPLIT = """
import { chromaOf, chromaOver, quickLightness } from "PAGE/colour.js";
import { resize } from "PAGE/resize.js";
const over = given.asked.map(([lightness, a, b]) => {
  const rgb = [0, 0, 0];
  chromaOver(lightness, a, b, rgb, 0, 1);
  return rgb;
});
const split = given.rgb.map((each) => [quickLightness(...each), ...chromaOf(...each)]);
const { width, height, data } = given.picture;
const resized = given.sizes.map(([w, h]) => Array.from(resize({ width, height, data, channels: 4 }, w, h).data));
console.log(JSON.stringify({ over, split, resized }));
"""

NAMES = {
    "#03233d": "very dark blue",
    "#58303c": "dark plum",
    "#8b3a2f": "dark red",
    "#4f2f18": "dark brown",
    "#4a4a20": "dark olive",
    "#e6d8b8": "beige",
    "#e6a08c": "salmon",
    "#0000ff": "blue",
    "#a78bd6": "violet",
    "#7088a5": "grey blue",
    "#101010": "black",
    "#47474a": "dark grey",
    "#808080": "grey",
    "#f8f8f8": "white",
}


def photographs() -> list[Image.Image]:
    """Wide, high, smaller than the trained size, and grey."""
    horse = Image.fromarray(draw_horses(1, 120, 7)[0])
    grey = horse.convert("L").convert("RGB")
    return [horse.crop((0, 20, 120, 90)), horse.crop((30, 0, 81, 120)), horse.resize((14, 11)), grey]


def as_levels(picture: Image.Image) -> dict[str, Any]:
    data = np.asarray(picture.convert("RGBA")).ravel().tolist()
    return {"width": picture.width, "height": picture.height, "data": data}


def levels(found: list[int], like: Image.Image) -> np.ndarray:
    """R, G and B of a result; all of it must be opaque."""
    array = np.array(found).reshape(like.height, like.width, 4)
    assert (array[..., 3] == 255).all()
    return array[..., :3]


def most_levels(predictor: Predictor, picture: Image.Image) -> int:
    """By how many levels results may differ: by more than one where Pillow scales down first and then across."""
    low = predictor._low(picture, 16)
    across_first = picture.resize((low.width, picture.height), LANCZOS).resize(low.size, LANCZOS)
    return 1 if np.array_equal(np.asarray(across_first), np.asarray(low)) else 4


def check_joined(task: RestorationTask, predictor: Predictor, hints: list[dict[str, Any]], folder: Path) -> None:
    pictures = photographs()
    given = {"part": part_of(task), "pictures": [as_levels(each) for each in pictures], "hints": hints}
    for picture, found in zip(pictures, run_in_node(JOIN, given, folder), strict=True):
        wanted = predictor(picture)
        differs = np.abs(levels(found, picture) - np.asarray(wanted).astype(int))
        assert differs.max() <= most_levels(predictor, picture), f"{picture.size}: {(differs > 1).mean():.1%}"


@pytest.mark.parametrize(
    "name", ["unet", "unet_with_a_table", "unet_with_hints", "cnn", "cnn_of_another_order", "ronneberger_unet", "zhang"]
)
def test_pictures_are_those_of_colourize_predict(name: str, tmp_path: Path) -> None:
    task = build(name)
    task.divisor = 256 if name == "unet" else 255  # the course's protocol
    check_joined(task, Predictor(task, device="cpu"), [], tmp_path)


@pytest.mark.parametrize("name", ["unet_with_hints", "ronneberger_unet"])
def test_hints_are_those_of_colourize_predict(name: str, tmp_path: Path) -> None:
    task, colours = build(name), ("#b5651d", "#3050d0")
    hints = [{"row": 3 + 5 * number, "column": 4, "size": 1, "colour": colour} for number, colour in enumerate(colours)]
    for picture in photographs()[:2]:
        low = low_size(*picture.size, 16)
        points = []
        for hint in hints:
            red, green, blue = (int(hint["colour"][start : start + 2], 16) / 255 for start in (1, 3, 5))
            x = (hint["column"] + 0.5) * picture.width / low[0]
            points.append(Point(x, (hint["row"] + 0.5) * picture.height / low[1], (red, green, blue)))
        predictor = HintedPredictor(task, points=points)
        wanted = predictor(picture)
        given = {"part": part_of(task), "pictures": [as_levels(picture)], "hints": hints}
        (found,) = run_in_node(JOIN, given, tmp_path)
        assert np.abs(levels(found, picture) - np.asarray(wanted).astype(int)).max() <= most_levels(predictor, picture)
        assert (
            np.abs(np.asarray(wanted).astype(int) - np.asarray(Predictor(task)(picture))).max() > 1
        )  # hints do something


@pytest.mark.parametrize("name", ["residual_sr", "linear_filter"])
def test_enlarged_pictures_are_those_of_colourize_predict(name: str, tmp_path: Path) -> None:
    task, picture = build(name), photographs()[2]
    wanted = Predictor(task, device="cpu")(picture)
    given = {"part": part_of(task), "picture": as_levels(picture)}
    by_network, lanczos = run_in_node(ENLARGE, given, tmp_path)
    assert np.abs(levels(by_network, wanted) - np.asarray(wanted).astype(int)).max() <= 1
    same = picture.resize((wanted.width, picture.height), LANCZOS).resize(wanted.size, LANCZOS)
    assert np.array_equal(levels(lanczos, wanted), np.asarray(same))


def test_samples_follow_from_their_seed(tmp_path: Path) -> None:
    task = build("unet_with_hints")
    hints = [{"row": 5, "column": 7, "size": 1, "colour": "#4c99cc"}]  # the palette's third colour
    given = {"part": part_of(task), "picture": as_levels(photographs()[0]), "hints": hints}
    found = run_in_node(SAMPLE, given, tmp_path)
    one, again, other = found["drawn"]
    assert one == again != other
    width, height = found["size"]
    colours = np.array(one).reshape(3, height * width).T
    assert np.abs(colours[:, None] - COLOURS.numpy()).sum(2).min(1).max() < 1e-6
    shares = [each["share"] for each in found["likely"]]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(1) and len(shares) == 5


def test_colours_and_resizing_are_exact(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    rgb = torch.rand(1, 3, 1, 400, generator=generator)
    lightness = torch.rand(1, 1, 1, 400, generator=generator)
    chroma = 160 * torch.rand(1, 2, 1, 400, generator=generator) - 80
    picture, sizes = photographs()[0], [(23, 16), (120, 13), (31, 70), (240, 140)]
    asked = torch.cat([lightness, chroma], 1)[0, :, 0].T.tolist()
    given = {"asked": asked, "rgb": rgb[0, :, 0].T.tolist(), "picture": as_levels(picture), "sizes": sizes}
    found = run_in_node(SPLIT, given, tmp_path)
    assert np.abs(np.array(found["over"]) - chroma_over(lightness, chroma)[0, :, 0].T.numpy()).max() < 1e-3
    wanted = torch.cat([lightness_of(rgb), chroma_of(rgb)], 1)[0, :, 0].T.numpy()
    assert np.abs(np.array(found["split"]) - wanted).max() < 0.01
    for size, data in zip(sizes, found["resized"], strict=True):
        # First across and then down; Pillow 13 takes some pictures the other way, which changes levels by one.
        resized = picture.resize((size[0], picture.height), LANCZOS).resize(size, LANCZOS)
        assert np.array_equal(np.array(data).reshape(size[1], size[0], 3), np.asarray(resized))


def test_names_tell_the_hue_and_each_name_stands_for_itself(tmp_path: Path) -> None:
    script = """
    import { NAMED, keyOf, nameOf } from "PAGE/names.js";
    import { say } from "PAGE/words.js";
    const others = NAMED.filter(([key, hex]) => keyOf(hex) !== key), unnamed = NAMED.filter(([key]) => !say(key));
    console.log(JSON.stringify({ names: given.map(nameOf), others, unnamed }));
    """
    found: dict[str, Any] = run_in_node(script, list(NAMES), tmp_path)
    assert dict(zip(NAMES, found["names"], strict=True)) == NAMES
    assert found["others"] == found["unnamed"] == []
