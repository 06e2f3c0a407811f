"""`metrics.csv`: one line an epoch, whole after each, the same for equal runs and for resumed ones."""

import csv

import pytest
from lightning import Callback, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint

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

    def train(folder, epochs, answer="classification", checkpoint=None, **arguments):
        folder = tmp_path / folder
        folder.mkdir(exist_ok=True)
        seed_everything(0, verbose=False)
        reader = Reader(folder / "metrics.csv")
        last = ModelCheckpoint(folder, monitor="val/loss", filename="best", save_last=True)
        callbacks = [last, MetricsCsv(str(folder / "metrics.csv")), reader]
        trainer = quiet_trainer(max_epochs=epochs, callbacks=callbacks, enable_checkpointing=True, **arguments)
        trainer.fit(tiny_task("grey", answer), datamodule=tiny_data(), ckpt_path=checkpoint, weights_only=True)
        return reader

    return train


# The checkpoints of a resumed run lie in its own folder, and Lightning warns of it.
@pytest.mark.filterwarnings("ignore:The dirpath has changed")
@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_a_row_an_epoch_which_a_resumed_run_keeps(run, tmp_path, answer):
    whole = run("whole", 4, answer)
    for epoch, text in enumerate(whole.files, 1):
        rows = list(csv.DictReader(text.splitlines()))
        assert [(row.pop("epoch"), row.pop("step")) for row in rows] == [
            (str(n), str(3 * n)) for n in range(1, epoch + 1)
        ]
        assert [{name: float(value) for name, value in row.items()} for row in rows] == whole.measured[:epoch]
    accuracy = ["val/accuracy"] if answer == "classification" else []
    names = ["epoch", "step", "train/loss", *accuracy, "val/loss", "val/mse", "val/psnr"]
    assert whole.files[0].splitlines()[0] == ",".join(names)
    assert whole.measured[0] != whole.measured[1]
    assert {path.name for path in (tmp_path / "whole").iterdir()} == {"best.ckpt", "last.ckpt", "metrics.csv"}
    half = run("half", 2, answer)
    assert whole.files[1] == half.files[-1]
    assert run("resumed", 4, answer, tmp_path / "half" / "last.ckpt").files[-1] == whole.files[-1]


def test_epochs_without_validation_have_no_validation_values(run):
    rows = list(csv.DictReader(run("run", 4, check_val_every_n_epoch=2).files[-1].splitlines()))
    assert all(row["train/loss"] for row in rows)
    assert [bool(row["val/loss"]) for row in rows] == [False, True, False, True]
