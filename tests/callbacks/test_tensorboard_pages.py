"""TensorBoard: one event file a run, with all that its pages show, on the disk whenever a Trainer's method ends."""

import pickle

import numpy as np
from lightning import Callback, Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.loggers.logger import DummyLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar import layout_pb2

from colourize.callbacks.tensorboard_pages import EventLogger, TensorBoardPages, hyperparameters


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


class Model(BoringModel):
    def training_step(self, batch, batch_idx):
        self.log("train/loss", 1.0)
        return super().training_step(batch, batch_idx)

    def test_step(self, batch, batch_idx):
        self.log("test/loss", 2.0)


class Picture(Callback):
    def on_validation_epoch_end(self, trainer, pl_module):
        trainer.logger.experiment.add_image("samples", np.zeros((2, 2, 3)), trainer.global_step, dataformats="HWC")


def events(folder):
    """What TensorBoard reads from the one event file of a folder."""
    (file,) = folder.glob("events.out.tfevents.*")
    return EventAccumulator(str(file)).Reload()


def test_training_and_test_make_one_file(tmp_path):
    logger = EventLogger(save_dir=tmp_path, name="", version="", default_hp_metric=False)
    trainer = Trainer(
        max_epochs=2, limit_train_batches=2, limit_val_batches=1, limit_test_batches=1, log_every_n_steps=1,
        accelerator="cpu", logger=logger, callbacks=[Picture()], num_sanity_val_steps=0, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    model = Model()
    logger.log_hyperparams({"seed": 3})
    logger.finalize("success")
    assert "seed: 3" in (tmp_path / "hparams.yaml").read_text()
    trainer.fit(model)
    assert len(events(tmp_path).Scalars("train/loss")) == 4  # on the disk already
    trainer.test(model, verbose=False)
    logger.log_hyperparams({"seed": 3}, {"test/loss": 2.0}, step=trainer.global_step)
    logger.finalize("success")
    found = events(tmp_path)
    assert [event.step for event in found.Scalars("train/loss")] == [0, 1, 2, 3]
    assert {event.value for event in found.Scalars("test/loss")} == {2.0}
    assert len(found.Images("samples")) == 2
    # A summary of the experiment, in one of several runs, would hide the columns of all others.
    assert set(found.PluginTagToContent("hparams")) == {"_hparams_/session_start_info", "_hparams_/session_end_info"}
    assert "epoch" not in found.Tags()["scalars"]  # it would stand before the loss
    assert pickle.loads(pickle.dumps(logger)).save_dir == logger.save_dir  # it goes to other processes
    writer = logger.experiment.file_writer.event_writer
    logger.close()
    logger.close()
    assert writer._async_writer._closed
