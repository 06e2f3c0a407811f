"""TensorBoard's event file: the layout of its custom page, its tags, times and hyperparameters."""

from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.loggers.logger import DummyLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2

from colourize.callbacks.tensorboard_pages import TensorBoardPages, hyperparameters


def test_custom_page_and_seconds(tiny_task, tiny_data, quiet_trainer, tmp_path):
    logger = TensorBoardLogger(tmp_path, name="", version="", default_hp_metric=False)
    trainer = quiet_trainer(max_epochs=2, callbacks=[TensorBoardPages()], logger=logger)
    trainer.fit(tiny_task("grey", "classification"), datamodule=tiny_data())
    logger.finalize("success")
    events = EventAccumulator(str(tmp_path)).Reload()
    (event,) = events.Tensors("custom_scalars__config__")
    (category,) = layout_pb2.Layout.FromString(event.tensor_proto.string_val[0]).category
    page = {chart.title: list(chart.multiline.tag) for chart in category.chart}
    assert page["loss"] == ["train/loss", "val/loss"]
    # A chart of a tag that nobody logs would stay empty.
    assert {tag for tags in page.values() for tag in tags} <= set(events.Tags()["scalars"])
    seconds = events.Scalars("time/epoch_seconds")
    assert [each.step for each in seconds] == [3, 6] and all(0 < each.value < 60 for each in seconds)


def test_without_tensorboard_and_in_an_epoch_that_was_resumed(tiny_task, tiny_data, quiet_trainer):
    trainer = quiet_trainer(callbacks=[TensorBoardPages()])
    trainer.fit(tiny_task("grey", "regression"), datamodule=tiny_data())
    assert not any(name.startswith("time/") for name in trainer.callback_metrics)
    # Lightning ends such an epoch and does not start it.
    logged, pages = {}, TensorBoardPages()
    log_metrics = {"log_metrics": lambda self, metrics, step: logged.update(metrics)}
    trainer.logger = type("Logger", (DummyLogger,), log_metrics)()
    pages.on_train_start(trainer, None)
    pages.on_train_epoch_end(trainer, None)
    assert 0 <= logged["time/epoch_seconds"] < 60


def test_hyperparameters_are_the_keys_that_people_type(compose):
    words = ("model=cnn", "task=super_resolution", "trainer.max_epochs=3", "compile=true", "output_dir=here")
    found = hyperparameters(compose(*words))
    expected = {"model": "CNN", "task.degradation": "LowResolution", "task.optimizer.lr": 1e-3}
    assert (expected | {"trainer.max_epochs": 3, "seed": 0}).items() <= found.items()
    assert not any(key.endswith("_target_") for key in found) and not {"task", "compile"} & found.keys()
