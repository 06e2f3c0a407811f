"""Sheets of the same pictures by several methods, and of the pictures on which methods differ most."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from colourize.build import prepare_test
from colourize.checkpoints import data_from, read, task_from
from colourize.data.batches import Batch, Pair
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, full_disk
from colourize.figures.grid import labelled_grid
from colourize.figures.saving import panel_files, save_sheet
from colourize.files import write_whole
from colourize.methods.comparison import Evaluated
from colourize.runs.folders import Run
from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)

COUNT = 8  # pictures per setting
COLUMNS = 4  # pictures per row of a panel
EACH = 4  # pictures with most, medium and least difference between methods


class Pictures:
    """Reads the tasks and the data of runs; `trust` names packages whose classes checkpoints may name."""

    def __init__(self, trust: Sequence[str] = ()) -> None:
        self.trust = trust
        self._data: dict[str, PictureData] = {}

    def task(self, run: Run) -> RestorationTask:
        """The task of a run's checkpoint.

        Raises:
            InputError: it is missing or damaged.
        """
        path = self._path(run)
        return task_from(read(path, self.trust), path)

    def data(self, run: Run) -> PictureData:
        """The data that a run was tested on."""
        checkpoint = read(self._path(run), self.trust)
        key = repr(sorted((checkpoint.get("datamodule_hyper_parameters") or {}).items(), key=str))
        if key not in self._data:
            self._data[key] = prepare_test(data_from(checkpoint, str(self._path(run)), self.trust))
        return self._data[key]

    def test(self, run: Run, count: int | None = None) -> Tensor:
        """The first pictures that a run was tested on, (N, H, W, 3) uint8; None: all."""
        return torch.from_numpy(self.data(run).pictures.test[:count])

    @staticmethod
    def _path(run: Run) -> Path:
        return run.checkpoint or run.path / "checkpoints" / "best.ckpt"


def save_first_pictures(path: Path, tasks: Mapping[str, RestorationTask], data: PictureData) -> None:
    """Write a sheet of the first test pictures by each task, and its panels."""
    save_panels(path, sheet_rows(tasks, data, np.arange(min(COUNT, len(data.pictures.test)))))


def save_panels(path: Path, rows: Mapping[str, Tensor], columns: int = COLUMNS) -> None:
    """Write a labelled sheet, and parts of so many columns as its panels."""
    save_sheet(path, labelled_grid(rows))
    count = len(next(iter(rows.values())))
    for place, file in enumerate(panel_files(path, -(-count // columns))):
        save_sheet(file, labelled_grid({label: each[place * columns :][:columns] for label, each in rows.items()}))


def keep_up_to_date(path: Path, runs: Iterable[Run], make: Callable[[], object], *, also: object = "") -> bool:
    """Make a file unless it is up to date with the runs that it shows; `<file>.made-of` has a checksum of these.

    The file also depends on `also`, such as its labels. Returns False if checkpoints or pictures are missing, with a
    warning in the log.
    """
    metrics = [run.path.absolute() / "metrics.json" for run in runs]
    made_of = repr([also, [(str(each), each.exists() and each.stat().st_mtime_ns) for each in metrics]])
    key = hashlib.blake2b(made_of.encode(), digest_size=16).hexdigest()
    stamp = path.with_name(f"{path.name}.made-of")
    if path.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == key:
        return True
    try:
        make()
    except (ColourizeError, OSError) as error:
        if full_disk(error):
            raise
        log.warning("%s: cannot be made: %s", path.name, str(error).splitlines()[0])
        return False
    write_whole(stamp, key)
    return True


def contrasting_pictures(evaluated: Sequence[Evaluated], count: int = EACH) -> dict[str, np.ndarray]:
    """The indices of pictures on which methods differ most, medium and least, at most `count` of each kind.

    The difference is the standard deviation, between methods, of a picture's root mean squared error.
    """
    errors = np.sqrt(np.stack([each.table["mse"] for each in evaluated]))
    order = np.argsort(-errors.std(0), kind="stable")
    count = min(count, len(order) // 3) or 1
    middle = (len(order) - count) // 2
    chosen = {"differ most": order[:count], "middle": order[middle : middle + count], "agree best": order[-count:]}
    return {name: evaluated[0].table["picture"][places].astype(int) for name, places in chosen.items()}


@torch.no_grad()
def predictions(task: RestorationTask, data: PictureData, which: np.ndarray) -> Tensor:
    """A task's predictions for some test pictures, (N, 3, H, W), RGB in [0, 1]."""
    pair = _pair(task, data, which)
    return task.eval().answer.decode(task.outputs(pair).float(), pair.inputs)


def sheet_rows(tasks: Mapping[str, RestorationTask], data: PictureData, which: np.ndarray) -> dict[str, Tensor]:
    """The rows of a sheet for some test pictures, label → (N, 3, H, W): the input, each task's picture, the truth."""
    first = next(iter(tasks.values()))
    pair = _pair(first, data, which)
    rows = {first.degradation.name: first.degradation.show(pair.inputs)}
    rows |= {label: predictions(task, data, which) for label, task in tasks.items()}
    return {label: pictures.cpu() for label, pictures in {**rows, "truth": pair.truth}.items()}


def _pair(task: RestorationTask, data: PictureData, which: np.ndarray) -> Pair:
    numbers = np.asarray(which, dtype=np.int64)
    batch = Batch(torch.from_numpy(data.pictures.test[numbers]), torch.from_numpy(numbers), "test", seed=data.eval_seed)
    return task.make_pair(batch.to(task.device))
