"""Sheets of pictures: the same ones by several methods, and those on which methods differ most.

The report's are made from the runs' checkpoints, and kept until a run changes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colourize.checkpoints import data_from, read, task_from
from colourize.data.batches import Batch, Pair
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, full_disk
from colourize.figures.grid import labelled_grid
from colourize.files import whole_file, write_whole
from colourize.methods.grouping import Setting
from colourize.methods.results import Evaluated
from colourize.runs.folders import Run
from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)

COUNT = 8  # pictures of each setting
EACH = 4  # pictures of each kind that tells methods apart
MOST = 12  # settings of a sheet


class Pictures:
    """Reads tasks and data of runs, each once.

    Args:
        trust: packages whose classes checkpoints may name.
    """

    def __init__(self, trust: Sequence[str] = ()) -> None:
        self.trust = trust
        self._data: dict[str, PictureData] = {}

    def task(self, run: Run, name: str = "best") -> RestorationTask:
        """The task of a run's checkpoint.

        Raises:
            InputError: it is missing or damaged.
        """
        path = self.path(run, name)
        return task_from(read(path, self.trust), path)

    def data(self, run: Run) -> PictureData:
        """The pictures that a run was tested on."""
        checkpoint = read(self.path(run), self.trust)
        key = repr(sorted((checkpoint.get("datamodule_hyper_parameters") or {}).items(), key=str))
        if key not in self._data:
            data = data_from(checkpoint, str(self.path(run)), self.trust)
            data.prepare_data()
            data.setup("test")
            self._data[key] = data
        return self._data[key]

    @staticmethod
    def path(run: Run, name: str = "best") -> Path:
        """Where a run's checkpoint lies: the last one where there is no best."""
        found = run.checkpoints
        return found.get(name) or found.get("last") or run.path / "checkpoints" / f"{name}.ckpt"


def draw_settings(path: Path, settings: Sequence[Setting], pictures: Pictures) -> None:
    """A sheet: what the networks are given, a row for each setting (of its least seed), and the truth."""
    shown = settings[:MOST]
    data = pictures.data(shown[0].first)
    which = np.arange(min(COUNT, len(data.pictures.test)))
    save_rows(path, sheet_rows({each.label: pictures.task(each.first) for each in shown}, data, which))


def save_rows(path: Path, rows: dict[str, Tensor]) -> None:
    """A labelled sheet as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = labelled_grid(rows)
    with whole_file(path) as part:
        sheet.save(part)


def made_of(path: Path, runs: Iterable[Run], make: Callable[[], object], *, also: object = "") -> bool:
    """Make a figure unless it is there and as new as the runs that it shows.

    A file beside it, `<figure>.made-of`, says of which runs it was made.

    Args:
        also: what else it was made of, such as its labels.

    Returns:
        Whether the figure is there; it may be that its checkpoints or pictures are gone, which the log says.
    """
    stamp = path.with_name(f"{path.name}.made-of")
    key = hashlib.blake2b(
        repr([also, [(str(run.path.absolute()), _changed(run)) for run in runs]]).encode(), digest_size=16
    ).hexdigest()
    if path.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == key:
        return True
    try:
        made = make()
    except (ColourizeError, OSError) as error:
        if full_disk(error):
            raise
        log.warning("%s: cannot be made: %s", path.name, str(error).splitlines()[0])
        return False
    if made is False:
        return False
    write_whole(stamp, key)
    return True


def _changed(run: Run) -> int:
    """When a run's measures were last written."""
    path = run.path / "metrics.json"
    return path.stat().st_mtime_ns if path.exists() else 0


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


def sheet_rows(tasks: Mapping[str, RestorationTask], data: PictureData, which: np.ndarray) -> dict[str, Tensor]:
    """What each task makes of some pictures, by its label, (N, 3, H, W): the input above, the truth below."""
    first = next(iter(tasks.values()))
    pair = pair_of(first, data, which)
    rows = {first.degradation.name: first.degradation.show(pair.inputs)}
    rows |= {label: predictions(task, data, which) for label, task in tasks.items()}
    return {label: pictures.cpu() for label, pictures in {**rows, "truth": pair.truth}.items()}
