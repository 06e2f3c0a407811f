"""The pictures on which methods differ most, agree best, and lie in the middle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from colourize.comparison.results import Evaluated
from colourize.data.batches import Batch, Pair
from colourize.data.pictures import PictureData
from colourize.tasks.restoration import RestorationTask

EACH = 4  # pictures of each kind


def telling_pictures(evaluated: Sequence[Evaluated], count: int = EACH) -> dict[str, np.ndarray]:
    """The numbers of pictures on which methods differ most, in the middle, and least.

    By the standard deviation, between methods, of a picture's root mean squared error.

    Args:
        count: of each kind; fewer where there are not so many pictures. Of three and more none is of two kinds.
    """
    errors = np.sqrt(np.stack([each.table["mse"] for each in evaluated]))
    order = np.argsort(-errors.std(0), kind="stable")
    count = min(count, len(order) // 3) or 1
    middle = (len(order) - count) // 2
    chosen = {"differ most": order[:count], "middle": order[middle : middle + count], "agree best": order[-count:]}
    pictures = evaluated[0].table["picture"]
    return {name: pictures[places].astype(int) for name, places in chosen.items()}


@torch.no_grad()
def predictions(task: RestorationTask, data: PictureData, which: np.ndarray) -> Tensor:
    """A task's pictures for some of the test pictures, (N, 3, H, W), RGB in [0, 1]."""
    pair = pair_of(task, data, which)
    return task.eval().answer.decode(task.outputs(pair).float(), pair.inputs)


def pair_of(task: RestorationTask, data: PictureData, which: np.ndarray) -> Pair:
    """Some of the test pictures as the test shows them to a task."""
    numbers = torch.from_numpy(np.asarray(which, dtype=np.int64))
    pictures = torch.from_numpy(np.ascontiguousarray(data.pictures.test[numbers.numpy()]))
    batch = Batch(pictures, numbers, "test", seed=data.eval_seed)
    return task.make_pair(batch.to(task.device))


def sheet_rows(evaluated: Sequence[Evaluated], data: PictureData, which: np.ndarray) -> dict[str, Tensor]:
    """What each method makes of some pictures, label → (N, 3, H, W): the input above, the truth below."""
    first = evaluated[0].candidate.task
    pair = pair_of(first, data, which)
    rows = {first.degradation.name: first.degradation.show(pair.inputs)}
    for each in evaluated:
        rows.setdefault(each.candidate.label, predictions(each.candidate.task, data, which))
    return {label: pictures.cpu() for label, pictures in {**rows, "truth": pair.truth}.items()}
