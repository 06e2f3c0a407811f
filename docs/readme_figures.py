"""The pictures of the README and the guides: `make figures` trains two networks on the built-in horses and shows them.

docs/figures/front.png                     a drawing of a horse in grey, and as the default network colours it
docs/figures/horses.png                    some of the built-in horses
docs/figures/samples-colour.png            the sample grid of the default network, a colour classifier
docs/figures/samples-super-resolution.png  the sample grid of a U-Net that sharpens
docs/figures/tensorboard.png               two pages of TensorBoard on the first run (needs Chromium)

The runs themselves stay in outputs/readme-figures until the next call.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import colourize
from colourize.data.horses import draw_horses
from colourize.prediction.predictor import Predictor

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "docs" / "figures"
RUNS = ROOT / "outputs" / "readme-figures"
SCRIPTS = Path(sys.executable).parent  # where pip puts console scripts
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
QUIET = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars"
OFFLINE = "--disable-background-networking --disable-component-update --disable-sync"
PAGES = {"custom_scalars": 420, "images": 460}  # TensorBoard's pages and their heights, from top to bottom
WIDTH = 1500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=25, help="of each of the two trainings (default: 25)")
    epochs = parser.parse_args().epochs
    FIGURES.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(RUNS, ignore_errors=True)

    save(contact_sheet(columns=12, rows=4), "horses.png")
    for name, task in (("colour", "colour_classification"), ("super-resolution", "super_resolution_regression")):
        words = f"data=synthetic task={task} trainer.max_epochs={epochs}"
        subprocess.run(
            [SCRIPTS / "colourize-train", *words.split(), f"hydra.run.dir={RUNS / name}"], cwd=ROOT, check=True
        )
        save(Image.open(RUNS / name / "samples" / "best.png"), f"samples-{name}.png")
    save(front(RUNS / "colour" / "checkpoints" / "best.ckpt"), "front.png")

    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("Chromium is missing: docs/figures/tensorboard.png was not made")
    with tensorboard(RUNS / "colour") as address:
        pages = [screenshot(chromium, f"{address}/#{page}", height) for page, height in PAGES.items()]
    save(Image.fromarray(np.concatenate(pages)), "tensorboard.png")


def front(checkpoint: Path) -> Image.Image:
    """Two large drawings that no network was trained on: each in grey, and in colour beside it."""
    predictor = Predictor(colourize.load(checkpoint))
    tiles = []
    for horse in draw_horses(2, size=256, seed=7):
        grey = Image.fromarray(horse.mean(2).round().astype("uint8")).convert("RGB")
        tiles += [
            np.pad(np.asarray(each), ((0, 0), (4, 4), (0, 0)), constant_values=255) for each in (grey, predictor(grey))
        ]
    return Image.fromarray(np.concatenate(tiles, axis=1)[:, 4:-4])


def contact_sheet(columns: int, rows: int) -> Image.Image:
    """Built-in horses side by side, three times enlarged."""
    horses = draw_horses(columns * rows, size=32, seed=0).repeat(3, axis=1).repeat(3, axis=2)
    tiles = np.pad(horses, ((0, 0), (0, 4), (0, 4), (0, 0)), constant_values=255)
    _, height, width, _ = tiles.shape
    grid = tiles.reshape(rows, columns, height, width, 3).swapaxes(1, 2)
    return Image.fromarray(grid.reshape(rows * height, columns * width, 3)[:-4, :-4])


def save(picture: Image.Image, name: str) -> None:
    """Save as a PNG of 256 colours: a third of the size, and no difference to see."""
    path = FIGURES / name
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {picture.width} × {picture.height}, {path.stat().st_size / 1000:.0f} kB")


@contextlib.contextmanager
def tensorboard(folder: Path) -> Iterator[str]:
    """TensorBoard on a free port while the block runs; gives its address once it answers with the runs."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    address = f"http://localhost:{port}"
    command = [str(SCRIPTS / "tensorboard"), "--logdir", str(folder.relative_to(ROOT)), "--port", str(port)]
    command += ["--samples_per_plugin", "images=1000"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(120):
            time.sleep(1)
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/data/runs") as answer:
                if len(answer.read()) > len("[]\n"):
                    break
        yield address
    finally:
        process.terminate()
        process.wait()


def screenshot(chromium: str, address: str, height: int) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "page.png"
        options = [f"--user-data-dir={folder}", f"--window-size={WIDTH},{height}", "--virtual-time-budget=15000"]
        command = [chromium, *QUIET.split(), *OFFLINE.split(), *options, f"--screenshot={picture}", address]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        return np.array(Image.open(picture).convert("RGB"))


if __name__ == "__main__":
    main()
