"""Super-resolution by one linear filter, fitted by least squares."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from colourize.data.fitting import Fitted, Training
from colourize.errors import UsageError, check_count, is_number
from colourize.models.baselines import Baseline


class LinearFilter(Fitted, Baseline):
    """Each enlarged pixel as the best weighted sum of the small picture's pixels around it.

    Every position in a block and every channel has its own weights, over all channels. Ridge regression fits them to
    the training pictures and their mirror images. At the border the small picture's outermost pixels are repeated.

    Args:
        reach: the filter's reach in pixels of the small picture on each side; 2 is 5×5.
        ridge: the term added to the diagonal of the covariance, as a share of the diagonal's mean.
    """

    degradation = "low"
    gives_pictures = True

    def __init__(self, in_channels: int, out_channels: int, reach: int = 2, ridge: float = 1e-4) -> None:
        super().__init__(in_channels, out_channels)
        check_count("model.reach", reach, least=0, most=8)
        if not (is_number(ridge) and 0 <= ridge <= 1):
            raise UsageError(f"model.ridge={ridge}: must be a share, 0 to 1")
        self.reach, self.ridge = reach, float(ridge)

    def fit(self, training: Training) -> dict[str, Tensor]:
        features = 3 * (2 * self.reach + 1) ** 2 + 1
        squares = torch.zeros(features, features, dtype=torch.float64)
        products = torch.zeros(features, 3 * self.scale_factor**2, dtype=torch.float64)
        for pair in training.pairs():
            for inputs, truth in ((pair.inputs, pair.truth), (pair.inputs.flip(3), pair.truth.flip(3))):
                seen = self._neighbourhoods(inputs).movedim(1, -1).flatten(0, 2).double()  # (pixels, features)
                wanted = F.pixel_unshuffle(truth, self.scale_factor).movedim(1, -1).flatten(0, 2).double()
                squares += seen.T @ seen
                products += seen.T @ wanted
        held = self.ridge * squares.diagonal()[:-1].mean()
        squares[:-1, :-1] += held * torch.eye(features - 1, dtype=torch.float64)
        return {"weights": torch.linalg.solve(squares, products).float()}

    def forward(self, inputs: Tensor) -> Tensor:
        blocks = torch.einsum("nfhw,fo->nohw", self._neighbourhoods(inputs), self.weights)
        return F.pixel_shuffle(blocks, self.scale_factor).clamp(0, 1)

    def _neighbourhoods(self, inputs: Tensor) -> Tensor:
        """The pixels around each pixel of the small picture, and a 1, (N, 3 · side² + 1, h, w)."""
        low = F.avg_pool2d(inputs, self.scale_factor)  # each block of the input is one pixel
        padded = F.pad(low, 4 * [self.reach], mode="replicate")
        seen = F.unfold(padded, 2 * self.reach + 1).unflatten(2, low.shape[2:])
        return torch.cat([seen, torch.ones_like(seen[:, :1])], 1)
