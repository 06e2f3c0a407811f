"""`metrics.csv`: one line an epoch, whole after each; tests/test_train.py compares whole files."""

import csv

from lightning import Callback

from colourize.callbacks.metrics_csv import MetricsCsv


class Reader(Callback):
    """The rows of the file and the measures after each epoch."""

    def __init__(self, path):
        self.path, self.rows, self.measured = path, [], []

    def on_train_epoch_end(self, trainer, pl_module):
        self.rows.append(list(csv.DictReader(self.path.read_text().splitlines())))
        measures = {"epoch": trainer.current_epoch + 1, "step": trainer.global_step, **trainer.callback_metrics}
        self.measured.append({name: float(value) for name, value in measures.items()})


def test_a_row_an_epoch_without_validation_values_where_there_was_no_validation(
    tiny_task, tiny_data, quiet_trainer, tmp_path
):
    path = tmp_path / "metrics.csv"
    callbacks = [MetricsCsv(str(path)), reader := Reader(path)]
    trainer = quiet_trainer(max_epochs=4, callbacks=callbacks, check_val_every_n_epoch=2)
    trainer.fit(tiny_task("grey", "classification"), datamodule=tiny_data())
    for epoch, rows in enumerate(reader.rows, 1):
        for number, (row, measured) in enumerate(zip(rows, reader.measured[:epoch], strict=True), 1):
            own = {name: float(value) for name, value in row.items() if value}
            assert own == {name: each for name, each in measured.items() if number % 2 == 0 or "val/" not in name}
    names = ["epoch", "step", "train/loss", "val/accuracy", "val/loss", "val/mse", "val/psnr"]
    assert path.read_text().splitlines()[0] == ",".join(names)
    assert [row["epoch"] for row in reader.measured] == [1, 2, 3, 4] and reader.measured[-1]["step"] == 12
