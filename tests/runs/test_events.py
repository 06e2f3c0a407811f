"""One event file a run, with all that TensorBoard shows, on the disk whenever a Trainer's method ends."""

import pickle

import numpy as np
from lightning import Callback, Trainer
from lightning.pytorch.demos.boring_classes import BoringModel
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from colourize.runs.events import EventLogger


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
