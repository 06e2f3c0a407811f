"""`colourize-train`: train a model on a task, test its best weights, keep everything in the run's folder.

colourize-train data=synthetic trainer.max_epochs=5
colourize-train -m trainer.max_epochs=5,10,25 data.batch_size=50,100
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from colourize.cli import app

if TYPE_CHECKING:
    from colourize.runs.record import RunRecord

log = logging.getLogger(__name__)


def train(config: DictConfig) -> dict[str, float]:
    """Train, test the best weights, write `metrics.json`; returns the final measures.

    Those are `train/…` and `val/…` after the last epoch, and `test/…` of the weights with the least validation loss.
    """
    from lightning.pytorch.utilities import rank_zero_only

    from colourize.runs.record import RunRecord

    record = RunRecord(Path(config.output_dir))
    with record.start(writes=rank_zero_only.rank == 0):  # type: ignore[attr-defined]  # Lightning sets it at import
        return _train(config, record)


def _train(config: DictConfig, record: RunRecord) -> dict[str, float]:
    """`train`, while its record is kept."""
    from lightning import seed_everything

    from colourize.build import build_data, build_task, build_trainer, check_launcher, check_settings
    from colourize.checkpoints import check_resumable, read
    from colourize.cli import terminal
    from colourize.measures.selection import check_measures
    from colourize.runs.events import closed

    folder = Path(config.output_dir)
    check_launcher()
    check_settings(config)
    measure_names = check_measures(config.measures.names)
    trained_before = 0  # epochs
    if config.checkpoint is not None:
        trained_before = read(config.checkpoint, config.trust).get("epoch", -1) + 1  # a bad file is told at once
    trainer = build_trainer(config)
    seed_everything(config.seed, workers=True, verbose=False)
    with record.phase("data"):
        data = build_data(config)
        data.check_processes(trainer.world_size)
    with record.phase("task"):
        task = build_task(config, data)
        task.measure_names = measure_names
    if config.checkpoint is not None:
        check_resumable(config.checkpoint, task, config.trainer.max_epochs, config.trust)
    record.update(
        seeds={"seed": data.seed, "eval_seed": data.eval_seed},
        precision=trainer.precision,
        device=str(trainer.strategy.root_device),
        devices=trainer.world_size,
        **task.describe(),
        data=data.describe(),
    )
    record.begin()
    with closed(trainer.logger):
        terminal.log_setup(task, data, trainer)
        terminal.log_hyperparameters(trainer, config)
        with record.phase("training"):
            if task.is_trained:
                ckpt_path = config.checkpoint and str(config.checkpoint)
                trainer.fit(task, datamodule=data, ckpt_path=ckpt_path, weights_only=True)
            else:
                trainer.validate(task, datamodule=data, verbose=False)
        measures = {name: value.item() for name, value in trainer.callback_metrics.items()}
        if task.is_trained:
            log.info("Trained %d epochs in %.1f s", trainer.current_epoch - trained_before, record.seconds("training"))
            best = getattr(trainer.checkpoint_callback, "best_model_path", "")  # none with callbacks.checkpoints=null
        else:
            log.info("%s has nothing to train", type(task.model).__name__)
            best = str(folder / "checkpoints" / "best.ckpt")
            trainer.save_checkpoint(best, weights_only=True)
        with record.phase("test"):
            results = trainer.test(task, datamodule=data, ckpt_path=best or None, verbose=False, weights_only=True)
        tested = results[0] if results else {}  # none with trainer.limit_test_batches=0
        measures = dict(sorted({**measures, **tested}.items()))
        monitor = getattr(trainer.checkpoint_callback, "monitor", None)
        weights = None
        if task.is_trained:
            weights = f"those with the best {monitor}" if best else "those of the last epoch"
        pictures = len(task.tally.rows()) if results else 0  # with trainer.limit_test_batches not all
        record.update(evaluated_on={"part": "test", "pictures": pictures, "weights": best or "last"})
        if trainer.is_global_zero:
            terminal.write_measures(folder / "metrics.json", measures)
            terminal.log_hyperparameters(trainer, config, dict(tested))
            terminal.show_run(folder, measures, best=bool(best), weights=weights)
    return measures


def main() -> None:
    """The console script."""
    app.run(train, "train")


if __name__ == "__main__":
    main()
