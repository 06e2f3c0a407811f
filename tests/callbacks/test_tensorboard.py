"""TensorBoard's event file: the layout of its custom page, and the tags that the layout names."""

import pytest
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.loggers.logger import DummyLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2

from colourize.callbacks.tensorboard import TensorBoardPages, hyperparameters


@pytest.fixture
def events(tiny_task, tiny_data, quiet_trainer, tmp_path):
    def run(answer):
        logger = TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)
        trainer = quiet_trainer(max_epochs=2, callbacks=[TensorBoardPages()], logger=logger)
        trainer.fit(tiny_task("grey", answer), datamodule=tiny_data())
        logger.finalize("success")
        return EventAccumulator(str(tmp_path)).Reload()

    return run


def charts(events):
    """Title → tags of each chart."""
    (event,) = events.Tensors("custom_scalars__config__")
    layout = layout_pb2.Layout.FromString(event.tensor_proto.string_val[0])
    (category,) = layout.category
    return {chart.title: list(chart.multiline.tag) for chart in category.chart}


def test_custom_page_lays_train_over_validation(events):
    found = events("classification")
    page = charts(found)
    assert page["loss"] == ["train/loss", "val/loss"]
    tags = {tag for chart in page.values() for tag in chart}
    assert tags <= set(found.Tags()["scalars"])  # a chart of a tag that nobody logs would stay empty


def test_seconds_of_each_epoch(events):
    seconds = events("regression").Scalars("time/epoch_seconds")
    assert [event.step for event in seconds] == [3, 6]
    assert all(0 < event.value < 60 for event in seconds)


def test_without_tensorboard(tiny_task, tiny_data, quiet_trainer):
    trainer = quiet_trainer(callbacks=[TensorBoardPages()])
    trainer.fit(tiny_task("grey", "regression"), datamodule=tiny_data())
    assert not any(name.startswith("time/") for name in trainer.callback_metrics)


def test_epoch_that_goes_on_where_a_file_was_written(quiet_trainer):
    """Lightning then ends an epoch that it does not start."""
    trainer = quiet_trainer()
    logged = {}
    trainer.logger = type(
        "Logger", (DummyLogger,), {"log_metrics": lambda self, metrics, step: logged.update(metrics)}
    )()
    pages = TensorBoardPages()
    pages.on_train_start(trainer, None)
    pages.on_train_epoch_end(trainer, None)
    assert 0 <= logged["time/epoch_seconds"] < 60


def test_hyperparameters_are_the_keys_that_people_type(compose):
    words = ("model=cnn", "task=super_resolution", "trainer.max_epochs=3", "compile=true", "output_dir=here")
    found = hyperparameters(compose(*words))
    assert found["model"] == "CNN" and found["task.degradation"] == "LowResolution"
    assert found["task.optimizer.lr"] == 1e-3 and found["trainer.max_epochs"] == 3 and found["seed"] == 0
    assert not any(key.endswith("_target_") for key in found) and not {"task", "compile"} & found.keys()
