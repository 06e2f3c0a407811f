"""`metrics.csv`: one line an epoch, whole after each; tests/test_train.py compares whole files."""

import csv

import pytest
from lightning import Callback, seed_everything

from colourize.callbacks.metrics_csv import MetricsCsv


class Reader(Callback):
    """The file and the measures after each epoch."""

    def __init__(self, path):
        self.path, self.files, self.measured = path, [], []

    def on_train_epoch_end(self, trainer, pl_module):
        self.files.append(self.path.read_text())
        self.measured.append({name: value.item() for name, value in trainer.callback_metrics.items()})


@pytest.fixture
def run(tiny_task, tiny_data, quiet_trainer, tmp_path):
    """A run of some epochs into a folder; returns what was read after each epoch."""

    def train(folder, epochs, **arguments):
        folder = tmp_path / folder
        folder.mkdir()
        seed_everything(0, verbose=False)
        reader = Reader(folder / "metrics.csv")
        callbacks = [MetricsCsv(str(folder / "metrics.csv")), reader]
        trainer = quiet_trainer(max_epochs=epochs, callbacks=callbacks, **arguments)
        trainer.fit(tiny_task("grey", "classification"), datamodule=tiny_data())
        return reader

    return train


def test_a_row_an_epoch(run):
    whole = run("whole", 3)
    for epoch, text in enumerate(whole.files, 1):
        rows = list(csv.DictReader(text.splitlines()))
        numbers = [(row.pop("epoch"), row.pop("step")) for row in rows]
        assert numbers == [(str(n), str(3 * n)) for n in range(1, epoch + 1)]
        assert [{name: float(value) for name, value in row.items()} for row in rows] == whole.measured[:epoch]
    names = ["epoch", "step", "train/loss", "val/accuracy", "val/loss", "val/mse", "val/psnr"]
    assert whole.files[0].splitlines()[0] == ",".join(names)
    assert whole.measured[0] != whole.measured[1]


def test_epochs_without_validation_have_no_validation_values(run):
    rows = list(csv.DictReader(run("run", 4, check_val_every_n_epoch=2).files[-1].splitlines()))
    assert all(row["train/loss"] for row in rows)
    assert [bool(row["val/loss"]) for row in rows] == [False, True, False, True]
