"""`colourize-inspect`: what it writes and prints, with and without checkpoints, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import console
import numpy as np
import pytest
from console import succeed
from PIL import Image

from colourize.runs.tables import read_table


@pytest.fixture
def checkpoints() -> list[Path]:
    tasks = ("colour_classification", "super_resolution")
    return [console.trained(task).best for task in tasks]


def test_networks_side_by_side(checkpoints: list[Path], tmp_path: Path) -> None:
    outcome = succeed("inspect", [f"checkpoint=[{','.join(map(str, checkpoints))}]", "pictures=[0,2]"], tmp_path)
    written = {
        str(path.relative_to(outcome.folder)) for path in outcome.folder.rglob("*.*") if ".hydra" not in path.parts
    }
    assert {"activations/picture-0000.png", "activations/picture-0002.png", "activations/statistics.csv"} <= written
    own = sorted(path.parent for path in outcome.folder.glob("*/diagram.svg"))
    assert len(own) == 2
    for folder in own:
        assert (folder / "layers.txt").read_text() in outcome.stdout
        assert {"layers.md", "layers.csv"} <= {path.name for path in folder.iterdir()}
    statistics = read_table(outcome.folder / "activations" / "statistics.csv")
    assert len({line["model"] for line in statistics}) == 2 and len(statistics) == 12
    assert {line["pictures"] for line in statistics} == {"10"}  # there are no 100 test pictures
    sheets = [Image.open(outcome.folder / "activations" / f"picture-000{number}.png") for number in (0, 2)]
    assert sheets[0].size == sheets[1].size and (np.asarray(sheets[0]) != np.asarray(sheets[1])).any()
    orders = read_table(outcome.folder / "block_order.csv")
    assert len(orders) == 12 and {line["equal"] for line in orders if line["order"] == "norm_pool_relu"} == {"True"}


def test_modules_of_one_network(checkpoints: list[Path], tmp_path: Path) -> None:
    words = [f"checkpoint={checkpoints[0]}", "modules=[down1.conv,down1.norm]", "pictures=1", "size=64"]
    outcome = succeed("inspect", words, tmp_path)
    statistics = read_table(outcome.folder / "activations" / "statistics.csv")
    assert [line["layer"] for line in statistics] == ["down1.conv", "down1.norm"]
    assert (outcome.folder / "activations" / "pictures.png").is_file()
    assert "×64×64" in (outcome.folder / "layers.txt").read_text()


@pytest.mark.parametrize(
    ("model", "task", "told"),
    [
        ("unet", "colour_classification", "111,672"),
        ("regression_cnn", "colour_regression", "74,961"),
        ("residual_classifier", "category_classification", "linear"),
    ],
)
def test_without_a_checkpoint(model: str, task: str, told: str, tmp_path: Path) -> None:
    outcome = succeed("inspect", [f"model={model}", f"task={task}"], tmp_path)
    assert told in outcome.stdout and told in (outcome.folder / "layers.txt").read_text()
    assert (outcome.folder / "diagram.svg").read_text().startswith("<svg ")
