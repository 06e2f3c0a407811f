"""`metrics.csv`: a row an epoch, equal for equal runs, whole at any time, and continued by a resumed run."""

import csv

import pytest
from lightning import Callback, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint

from colourize.callbacks.metrics_csv import MetricsCsv


class Reader(Callback):
    """What stands in the file, and what was measured, after each epoch."""

    def __init__(self, path):
        self.path, self.files, self.measured = path, [], []

    def on_train_epoch_end(self, trainer, pl_module):
        self.files.append(self.path.read_text())
        self.measured.append({name: value.item() for name, value in trainer.callback_metrics.items()})


def rows_of(text):
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def run(tiny_task, tiny_data, quiet_trainer, tmp_path):
    """A run of some epochs into a folder; returns what was read after each epoch."""

    def train(folder, epochs, answer="classification", checkpoint=None, **arguments):
        folder = tmp_path / folder
        folder.mkdir(exist_ok=True)
        seed_everything(0, verbose=False)
        reader = Reader(folder / "metrics.csv")
        last = ModelCheckpoint(folder, monitor="val/loss", filename="best", save_last=True)
        trainer = quiet_trainer(
            max_epochs=epochs,
            callbacks=[last, MetricsCsv(str(folder / "metrics.csv")), reader],
            enable_checkpointing=True,
            **arguments,
        )
        task, data = tiny_task("grey", answer), tiny_data()
        trainer.fit(task, datamodule=data, ckpt_path=checkpoint, weights_only=True)
        return reader

    return train


def test_a_row_an_epoch(run, tmp_path):
    reader = run("run", 3)
    assert len(reader.files) == 3
    for epoch, text in enumerate(reader.files, 1):
        rows = rows_of(text)
        assert len(rows) == epoch
        for number, (row, measured) in enumerate(zip(rows, reader.measured, strict=False), 1):
            assert row.pop("epoch") == str(number)
            assert row.pop("step") == str(3 * number)  # batches an epoch
            assert {name: float(value) for name, value in row.items()} == measured
    names = ["epoch", "step", "train/loss", "val/accuracy", "val/loss", "val/mse", "val/psnr"]
    assert reader.files[0].splitlines()[0] == ",".join(names)
    assert reader.measured[0] != reader.measured[1]
    files = {path.name for path in (tmp_path / "run").iterdir()}
    assert files == {"best.ckpt", "last.ckpt", "metrics.csv"}  # and no half-written one


def test_equal_runs_give_equal_files(run, tmp_path):
    for folder in ("one", "other"):
        run(folder, 2)
    one, other = ((tmp_path / folder / "metrics.csv").read_bytes() for folder in ("one", "other"))
    assert one == other


def test_epochs_without_validation_have_no_validation_values(run):
    rows = rows_of(run("run", 4, check_val_every_n_epoch=2).files[-1])
    assert all(row["train/loss"] for row in rows)
    assert [bool(row["val/loss"]) for row in rows] == [False, True, False, True]


# The checkpoints of a resumed run lie in its own folder; Lightning says so.
@pytest.mark.filterwarnings("ignore:The dirpath has changed")
@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_resumed_run_keeps_its_rows(run, tmp_path, answer):
    whole = run("whole", 4, answer).files[-1]
    half = run("half", 2, answer).files[-1]
    resumed = run("resumed", 4, answer, tmp_path / "half" / "last.ckpt").files[-1]
    assert resumed.startswith(half)
    assert resumed == whole
