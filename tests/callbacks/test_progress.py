"""The progress bar: epochs from 1, lines that are never broken, and a log where there is no terminal."""

import io
import re

from lightning.pytorch.loggers import CSVLogger
from rich import reconfigure

from colourize.callbacks.progress import Progress


def test_lines_are_whole_and_count_from_1(tiny_task, tiny_data, quiet_trainer, tmp_path):
    shown = io.StringIO()
    bar = Progress(console_kwargs={"file": shown, "width": 80, "force_terminal": True, "color_system": None})
    assert bar.refresh_rate == 10 and Progress(refresh_rate=1).refresh_rate == 1
    logger = CSVLogger(tmp_path, version=7)
    trainer = quiet_trainer(max_epochs=2, callbacks=[bar], enable_progress_bar=True, logger=logger)
    try:
        trainer.fit(tiny_task("grey", "classification"), datamodule=tiny_data())
    finally:
        reconfigure()  # rich has one console for all
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.getvalue())
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]
    assert max(map(len, lines)) <= 80
    kept = [line for line in lines if re.match(r"Epoch [12]/2: train loss \d", line)]
    assert [line.partition(":")[0] for line in kept] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(re.match(r"(Epoch [12]/2|Validation) +[━╸╺]* *\d+/\d+ ", line) for line in lines if line not in kept)
    assert lines[-1].startswith("Epoch 2/2") and " 3/3 " in lines[-1]
    assert re.search(r"val/loss: \d\.\d{1,3} val/accuracy: 0\.\d{1,5}$", lines[-1])
    assert not any("v_num" in line for line in lines)


def test_in_a_file_each_epoch_is_a_line(tiny_task, tiny_data, quiet_trainer, caplog, capsys):
    caplog.set_level("INFO")
    trainer = quiet_trainer(max_epochs=2, callbacks=[Progress()], enable_progress_bar=True)
    trainer.fit(tiny_task("grey", "classification"), datamodule=tiny_data())
    lines = [record.message for record in caplog.records if record.name == "colourize.callbacks.progress"]
    assert [line.partition(":")[0] for line in lines] == ["Epoch 1/2", "Epoch 2/2"]
    assert all(re.search(r": train loss \d\S*; val loss \d\S*, accuracy 0\.\d+, psnr \d\S*$", line) for line in lines)
    assert "━" not in capsys.readouterr().out
