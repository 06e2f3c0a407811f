"""Palettes: a few representative colours, fitted with k-means, which are the classes of pixels.

A pixel's label is the index of the nearest palette colour (Euclidean distance in RGB). Labels, or distributions over
them, can be turned into pictures again.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import os
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from colourize.errors import InputError, UsageError, full_disk, one_line
from colourize.files import whole_file

log = logging.getLogger(__name__)

MOST_COLOURS = 256  # maximum number of colours, of fitted palettes and of files


class Palette(nn.Module):
    """K colours, with conversions from pictures to labels, and from labels or distributions to pictures.

    Args:
        colours: (K, 3), RGB in [0, 1]; any sequence or array.

    Raises:
        UsageError: the colours are not (K, 3) finite numbers in [0, 1], or there are fewer than two.
    """

    colours: Tensor

    def __init__(self, colours: object) -> None:
        super().__init__()
        try:
            table = np.asarray(colours)
            if table.dtype.kind not in "iuf":  # text, complex numbers, objects
                raise TypeError
            table = table.astype(np.float64)
        except (TypeError, ValueError):
            raise UsageError("palette: must be a table of numbers with the columns R, G, B") from None
        if table.ndim != 2 or table.shape[1] != 3 or len(table) < 2:
            raise UsageError(f"palette: shape {table.shape}; must be (K, 3) with K of at least 2")
        if not (np.isfinite(table).all() and table.min() >= 0 and table.max() <= 1):
            raise UsageError("palette: colours must be RGB in [0, 1]")
        # In double precision, so that labels are exact. Not persistent, as the hyperparameters have the palette.
        self.register_buffer("colours", torch.from_numpy(table), persistent=False)

    def __len__(self) -> int:
        return len(self.colours)

    def labels(self, rgb: Tensor) -> Tensor:
        """The index of the colour nearest to each pixel: (N, 3, H, W) in [0, 1] → (N, H, W) int64 in 0 … K-1.

        Ties, up to 1e-13, are broken arbitrarily.
        """
        count = len(self.colours)
        pixels = rgb.flatten(2).to(torch.float64)  # (N, 3, HW)
        # |p - c|² = |p|² - 2 p·c + |c|² without |p|², which is the same for every colour; 4 keeps it positive.
        offset = (self.colours.square().sum(1, keepdim=True) + 4).expand(len(pixels), -1, -1)
        scores = torch.baddbmm(offset, (-2 * self.colours).expand(len(pixels), -1, -1), pixels)  # (N, K, HW)
        # amin is faster than argmin, so the class index replaces the last bits of a double's mantissa. The bits of
        # positive doubles have the same order as the values, and the error, 2⁻⁴⁴ of a score, is below any pixel's step.
        mask = (1 << (count - 1).bit_length()) - 1
        bits = scores.view(torch.int64)
        bits.bitwise_and_(~mask).bitwise_or_(torch.arange(count, device=bits.device).view(-1, 1))
        return scores.amin(1).view(torch.int64).bitwise_and_(mask).unflatten(1, rgb.shape[-2:])

    def picture(self, labels: Tensor) -> Tensor:
        """The picture of labels: (N, H, W) integers in 0 … K-1 → (N, 3, H, W) RGB in [0, 1], float32."""
        return self.colours.float()[labels].movedim(-1, 1).contiguous()

    def expected(self, probabilities: Tensor) -> Tensor:
        """The mean colour of a distribution over classes: (N, K, H, W) summing to 1 → (N, 3, H, W) RGB in [0, 1]."""
        return torch.einsum("nkhw,kc->nchw", probabilities, self.colours.to(probabilities.dtype))


def fit_palette(pixels: np.ndarray, size: int, *, divisor: float = 255, seed: int = 0) -> np.ndarray:
    """Fit colours to a set of pixels by k-means (scikit-learn's KMeans, one k-means++ start).

    Equal pixels are merged and weighted by their number, which gives the same objective in a third of the time.

    Args:
        pixels: uint8, (…, 3) RGB.
        size: the number of colours, at least 2.
        divisor: 255, or 256 with the course protocol; pixels divided by it lie in [0, 1].

    Returns:
        (size, 3) float64 RGB in [0, 1], from dark to light, so that equal fits have equal class indices.

    Raises:
        UsageError: fewer distinct colours than `size`.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    red, green, blue = pixels.reshape(-1, 3).astype(np.int32).T
    counts = np.bincount((red << 16) | (green << 8) | blue, minlength=1 << 24)
    codes = np.flatnonzero(counts)
    if size > len(codes):
        raise UsageError(f"data.palette={size}: the training pictures have only {len(codes)} distinct colours")
    distinct = np.stack([codes >> 16, (codes >> 8) & 255, codes & 255], 1).astype(np.float32) / divisor
    weights = counts[codes].astype(np.float32)
    with threadpool_limits(1):  # with several threads, sums would depend on their order
        kmeans = KMeans(size, n_init=1, random_state=seed).fit(distinct, sample_weight=weights)
    colours = kmeans.cluster_centers_.astype(np.float64)
    return colours[np.lexsort((colours[:, 2], colours[:, 1], colours[:, 0], colours.sum(1)))].clip(0, 1)


def cached_palette(pixels: np.ndarray, size: int, *, divisor: float, seed: int, cache_dir: Path | None) -> np.ndarray:
    """`fit_palette`, saved in `cache_dir` under a hash of everything that decides the result."""
    recipe = f"{size} {divisor} {seed} {pixels.shape}".encode()
    digest = hashlib.blake2b(recipe + np.ascontiguousarray(pixels).data, digest_size=8).hexdigest()
    path = cache_dir / f"palette-{size}-{digest}.npy" if cache_dir else None
    if path and path.exists():
        return load_palette(path)
    started = time.perf_counter()
    colours = fit_palette(pixels, size, divisor=divisor, seed=seed)
    log.info("Fitted a palette of %d colours in %.1f s", size, time.perf_counter() - started)
    if path:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as part:  # two processes may fit at once
                np.save(part, colours)
            log.info("The palette is saved as %s", path)
        except OSError as error:  # such as a read-only folder, without which a run works too
            if full_disk(error):
                raise
            log.info("The palette is not saved as %s (%s)", path, one_line(error))
    return colours


def load_palette(path: str | Path) -> np.ndarray:
    """Load a palette from a `.npy` (no pickles) or a `.csv` file (one colour per line, R,G,B, with optional header).

    Returns:
        (K, 3) float64 RGB in [0, 1].

    Raises:
        InputError: the file is missing or unreadable, or has no palette, equal colours, or more than 256 colours.
    """
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".npy", ".csv"):
        raise InputError(f"data.palette={path}: must be a number of colours, a .npy or a .csv file")
    if not os.path.isfile(path):  # Path.is_file raises for a name that is too long
        raise InputError(f"data.palette={path}: there is no such file")
    try:
        table = np.load(path, allow_pickle=False) if kind == ".npy" else _read_csv(path)
        colours = Palette(table).colours.numpy()
        if len(colours) > MOST_COLOURS:
            raise ValueError(f"{len(colours)} colours; must be 2 to {MOST_COLOURS}")
        different = np.unique(colours, axis=0)
        if len(different) < len(colours):
            raise ValueError(f"{len(colours)} colours, of which only {len(different)} differ")
    except Exception as error:  # the parsers of both formats fail on a damaged file in almost any way
        raise InputError(f"data.palette={path}: not a palette of RGB colours in [0, 1] ({one_line(error)})") from None
    return colours


def _read_csv(path: Path) -> np.ndarray:
    rows = [row for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines()) if row]  # -sig: spreadsheets'
    for row in rows:
        if len(row) != 3:
            raise ValueError(f"{len(row)} columns in a line; must be R,G,B")
    if rows and not any(map(_is_number, rows[0])):
        rows = rows[1:]  # a header
    return np.array([[float(cell) for cell in row] for row in rows])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
