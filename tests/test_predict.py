"""`colourize-predict`: photographs in, coloured or enlarged pictures out; nothing is lost and nothing overwritten."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import console
import numpy as np
import pytest
from console import Outcome, run
from PIL import Image

from colourize.data.horses import draw_horses

ODD = Path(__file__).parent / "data" / "odd-pictures"


@pytest.fixture
def best() -> Path:
    return console.trained("colour_classification").best


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a horse, and another with two horses and a file that is no picture."""
    for number, name in enumerate(("horse.png", "photos/a.jpg", "photos/c.png")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(draw_horses(1, 90, seed=number)[0, :70]).save(tmp_path / name)
    (tmp_path / "photos" / "b.jpg").write_text("no picture")
    return tmp_path


def predict(cwd: Path, *words: object) -> Outcome:
    return run("predict", [str(word) for word in words], cwd)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(float)


def test_a_picture_is_coloured_and_nothing_else_is_written(best: Path, here: Path) -> None:
    before = console.Outcome(0, "", "", here).left
    outcome = predict(here, f"checkpoint={best}", "input=horse.png")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout == "horse.png → horse-coloured.png (90×70)\n"
    assert outcome.left == sorted([*before, "horse-coloured.png"])
    result = pixels(here / "horse-coloured.png")
    np.testing.assert_allclose(result.mean(-1), pixels(here / "horse.png").mean(-1), atol=0.51)
    again = predict(here, f"checkpoint={best.parents[1]}", "input=horse.png", "output=x/again.png")  # the run's folder
    assert again.code == 0 and np.array_equal(pixels(here / "x/again.png"), result)


def test_a_bad_file_is_named_and_the_rest_goes_on(best: Path, here: Path) -> None:
    """A name is told without what a terminal would obey."""
    (here / "photos" / "b.jpg").rename(here / "photos" / "b\x1b[31m.jpg")
    (here / "photos" / "c.png").rename(here / "photos" / "c\x07.png")
    (here / "photos" / "d.png").symlink_to("d.png")  # leads to itself
    outcome = predict(here, f"checkpoint={best}", "input=photos", "output=out")
    assert outcome.code == 1
    named, looped, counted = outcome.stderr.splitlines()
    assert "b\\x1b[31m.jpg: cannot be read as a picture" in named and "d.png" in looped
    assert counted == "error: input=photos: 2 of 4 pictures failed (named above)"
    assert "c\\x07.png" in outcome.stdout and not {"\x1b", "\x07"} & set(outcome.stdout + outcome.stderr)
    assert sorted(path.name for path in (here / "out").iterdir()) == ["a.png", "c\x07.png"]
    alone = predict(here, f"checkpoint={best}", "input=photos/d.png")
    assert alone.code == 1 and len(alone.stderr.splitlines()) == 1


def test_a_picture_and_its_alpha_are_enlarged_and_jpeg_has_none(best: Path, here: Path) -> None:
    checkpoint = console.trained("super_resolution_regression").best
    image = Image.open(here / "horse.png")
    image.putalpha(100)
    image.save(here / "clear.png")
    told = predict(here, f"checkpoint={checkpoint}", "input=clear.png").stdout
    assert told == "clear.png → clear-enlarged.png (360×280)\n"
    enlarged = pixels(here / "clear-enlarged.png")
    assert enlarged.shape == (280, 360, 4) and (enlarged[..., 3] == 100).all()
    told = predict(here, f"checkpoint={best}", "input=clear.png", "format=jpg").stdout
    assert told == "clear.png → clear-coloured.jpg (90×70); .jpg knows no transparency: laid over white\n"


def test_what_is_left_out_is_told_and_what_is_invisible_changes_nothing(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint = console.trained("super_resolution_regression").best
    sprites = [f"sprite-{beneath}.png" for beneath in ("black-beneath", "white-beneath", "own-beneath-right")]
    (here / "odd").mkdir()
    for name in (*sprites, "phone.HEIC", "three-pages.tif", "README.md"):
        shutil.copy(ODD / name, here / "odd")
    outcome = predict(here, f"checkpoint={checkpoint}", "input=odd", "output=out")
    assert "input=odd: 1 without the extension of a picture format" in caplog.text and "README.md" in caplog.text
    assert "phone.HEIC: cannot be read as a picture (HEIF" in outcome.stderr and outcome.code == 1
    assert "three-pages.png (384×288); the first of 3\n" in outcome.stdout
    black, white, own = (pixels(here / "out" / name) for name in sprites)
    np.testing.assert_allclose(black, own, atol=1)
    np.testing.assert_allclose(white, own, atol=1)


MEASURED = """
import resource, sys
from pathlib import Path
from PIL import Image
import colourize
from colourize.data.picture_files import open_photograph
from colourize.prediction.places import save_result
from colourize.prediction.predictor import Predictor

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB

checkpoint, source, result, join = sys.argv[1:]
predictor = Predictor(colourize.load(checkpoint), join=join, device="cpu")
predictor(Image.new("RGB", (600, 600)))  # what a piece needs, and torch itself
before = peak()
photograph = open_photograph(Path(source))
save_result(photograph, predictor(photograph.colours), Path(result))
print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("join", ["luminance", "none"])
def test_memory_is_that_of_the_photograph_and_its_result(join: str, best: Path, tmp_path: Path) -> None:
    """24 million pixels are 96 MB as Pillow holds them; in float32 with four outputs a pixel they would be 384 MB."""
    Image.fromarray(draw_horses(1, 100)[0]).resize((6000, 4000)).save(tmp_path / "large.jpg")
    words = [sys.executable, "-c", MEASURED, best, tmp_path / "large.jpg", tmp_path / "out.jpg", join]
    outcome = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=600)
    assert outcome.returncode == 0, outcome.stderr
    assert Image.open(tmp_path / "out.jpg").size == (6000, 4000)
    assert float(outcome.stdout) < 350
