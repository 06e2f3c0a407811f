"""How colours of a small size are best laid over a photograph: the tables of docs/predict.md.

python docs/photographs.py checkpoint=builtin:colour
python docs/photographs.py checkpoint=best.ckpt pictures=photographs    (also writes the pictures)
python docs/photographs.py checkpoint=builtin:colour figure=docs/figures/photograph.png    (only that of the README)

The photographs are those that scikit-image and scikit-learn bring, at a shorter side of 300 pixels; the drawn horses
have 256. Edges are the pixels within half a small pixel of the strongest twentieth of the true chroma's edges.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import skimage
import sklearn.datasets
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

import colourize
from colourize.colour.chroma import chroma_of, chroma_over, lightness_of
from colourize.colour.lab import ciede2000, rgb_to_lab
from colourize.data.horses import draw_horses
from colourize.measures.base import PictureBatch
from colourize.measures.colour import Colourfulness
from colourize.prediction.predictor import Predictor
from colourize.prediction.tiles import Box
from colourize.prediction.upsampling import bilinear, joint_bilateral

SHORTER, DRAWN, SIZE = 300, 256, 32  # pixels
SKIMAGE = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")
SKLEARN = ("china.jpg", "flower.jpg")
WAYS = {
    "bilinear": {"upsampling": "bilinear"},
    "joint bilateral": {},
    "joint bilateral, shorter side 24": {"size": 24},
    "joint bilateral, shorter side 48": {"size": 48},
    "joint bilateral, shorter side 64": {"size": 64},
    "joint bilateral, mean of 24 and 32": {"size": [24, 32]},
    "joint bilateral, mean of 32 and 48": {"size": [32, 48]},
    "joint bilateral, mean of 24, 32 and 48": {"size": [24, 32, 48]},
}


def photographs() -> Iterator[tuple[str, Image.Image]]:
    folders = Path(skimage.__file__).parent / "data", Path(sklearn.datasets.__file__).parent / "images"
    for path in (*(folders[0] / name for name in SKIMAGE), *(folders[1] / name for name in SKLEARN)):
        picture = Image.open(path).convert("RGB")
        scale = min(1, SHORTER / min(picture.size))
        width, height = (round(side * scale) for side in picture.size)
        yield path.stem, picture.resize((width, height), Image.Resampling.LANCZOS)
    for number, pixels in enumerate(draw_horses(20, DRAWN, seed=5)):
        yield f"horse {number}", Image.fromarray(pixels)


def tensor(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture)).movedim(-1, 0)[None].float() / 255


def near_edges(lab: Tensor) -> Tensor:
    """The pixels near edges of chroma, bool (1, H, W)."""
    right, down = (F.pad(lab[:, 1:].diff(dim=dim), pad) for dim, pad in ((3, (0, 1)), (2, (0, 0, 0, 1))))
    strength = F.avg_pool2d((right**2 + down**2).sum(1, keepdim=True), 3, 1, 1)
    strong = (strength > np.quantile(strength.numpy(), 0.95)).float()
    side = 2 * round(min(lab.shape[2:]) / SIZE / 2) + 1
    return F.max_pool2d(strong, side, 1, side // 2)[:, 0] > 0


def compared(result: Tensor, truth: Tensor) -> tuple[float, float, float]:
    """ΔE2000 of all pixels, and near edges; colourfulness less the truth's."""
    wanted = rgb_to_lab(truth)
    apart = ciede2000(rgb_to_lab(result), wanted)
    own, other = (Colourfulness().of(PictureBatch(each)).item() for each in (result, truth))
    return apart.mean().item(), apart[near_edges(wanted)].mean().item(), own - other


def guided(chroma: Tensor, low: Tensor, lightness: Tensor, radius: int = 1, eps: float = 1e-3) -> Tensor:
    """The fast guided filter (He & Sun 2015, https://arxiv.org/abs/1505.00996): chroma as a local line of lightness."""

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(F.pad(values, 4 * [radius], mode="replicate"), 2 * radius + 1, 1)

    slope = (mean(low * chroma) - mean(low) * mean(chroma)) / (mean(low * low) - mean(low) ** 2 + eps)
    offset = mean(chroma) - slope * mean(low)
    slope, offset = (
        F.interpolate(mean(each), lightness.shape[2:], mode="bilinear", align_corners=False) for each in (slope, offset)
    )
    return slope * lightness + offset


def true_chroma(picture: Image.Image) -> dict[str, Tensor]:
    """The true chroma of the small picture, enlarged in several ways over the true lightness."""
    width, height = picture.size
    scale = SIZE / min(picture.size)
    small = tensor(picture.resize((round(width * scale), round(height * scale)), Image.Resampling.LANCZOS))
    lightness, low, chroma = lightness_of(tensor(picture)), lightness_of(small), chroma_of(small)
    whole = (height, width, Box(0, height, 0, width))
    ways: dict[str, Callable[[], Tensor]] = {
        "bilinear": lambda: bilinear(chroma, *whole),
        "guided filter, radius 1, ε 0.001": lambda: guided(chroma, low, lightness),
        "guided filter, radius 1, ε 0.01": lambda: guided(chroma, low, lightness, eps=1e-2),
        **{
            f"joint bilateral, σ {sigma}": lambda sigma=sigma: joint_bilateral(chroma, low, lightness, *whole, sigma)
            for sigma in (0.03, 0.06, 0.12)
        },
    }
    return {name: chroma_over(lightness, way()) for name, way in ways.items()}


def write_figure(predictor: Predictor, path: str) -> None:
    """The cat of scikit-image (CC0, Stéfan van der Walt), grey and coloured."""
    photograph = Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png").convert("RGB")
    grey = photograph.convert("L").convert("RGB")
    figure = Image.new("RGB", (2 * grey.width + 8, grey.height), "white")
    figure.paste(grey, (0, 0))
    figure.paste(predictor(grey), (grey.width + 8, 0))
    figure.save(path)


def main() -> None:
    words = dict(word.partition("=")[::2] for word in sys.argv[1:])
    task = colourize.load(words["checkpoint"])
    if "figure" in words:
        return write_figure(Predictor(task), words["figure"])
    predictors = {name: Predictor(task, **way) for name, way in WAYS.items()}
    found: dict[str, dict[str, list[tuple[float, float, float]]]] = {}
    for name, picture in photographs():
        truth = tensor(picture)
        grey = task.degradation.show(task.degradation.inputs_of(truth))
        results = {way: tensor(predictor(picture)) for way, predictor in predictors.items()}
        kind = "drawn horses" if name.startswith("horse") else "photographs"
        everything = {f"true: {way}": result for way, result in true_chroma(picture).items()}
        everything |= {"network: grey": grey, **{f"network: {way}": each for way, each in results.items()}}
        for way, result in everything.items():
            found.setdefault(way, {}).setdefault(kind, []).append(compared(result, truth))
        if "pictures" in words:
            Path(words["pictures"]).mkdir(exist_ok=True)
            shown = [truth, grey, results["bilinear"], results["joint bilateral"]]
            sheet = (torch.cat(shown, 3)[0].movedim(0, -1).numpy() * 255).round().astype(np.uint8)
            Image.fromarray(sheet).save(Path(words["pictures"]) / f"{name}.png")
    print("| | ΔE2000 | near edges | colourfulness | ΔE2000 | near edges | colourfulness |")
    print("| --- |" + " ---: |" * 6)
    for way, kinds in found.items():
        means = [np.mean(kinds[kind], 0) for kind in ("photographs", "drawn horses")]
        print(f"| {way} | " + " | ".join(f"{all_:.2f} | {near:.2f} | {gap:+.1f}" for all_, near, gap in means) + " |")


if __name__ == "__main__":
    main()
