"""The training itself: from a configuration to the measures of the tested weights; see `train.py` for the command."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from typing import Any

from lightning import Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig

from colourize.build import build_trainer, check_launcher, fit_task, make_data, make_task, read_data
from colourize.callbacks import weight_averaging
from colourize.callbacks.tensorboard_pages import EventLogger, log_hyperparameters
from colourize.checkpoints import read_any
from colourize.cli import terminal
from colourize.data.pictures import PictureData
from colourize.errors import check_count
from colourize.files import write_json
from colourize.measures.registry import describe
from colourize.methods.course import published
from colourize.methods.identity import settings_of_config
from colourize.methods.references import usual_measures
from colourize.runs import checkpoint_files, resuming
from colourize.runs.record import RunRecord
from colourize.runs.reuse import settings_digest
from colourize.runs.tables import write_columns
from colourize.starting_point import StartingPoint, measure_start, verdict
from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)


def run(config: DictConfig, record: RunRecord, *, resumes: bool) -> dict[str, float]:
    """Train and test within a record; returns the final measures."""
    check_launcher()
    check_count("seed", config.seed, least=0, most=2**32 - 1)  # numpy's limit
    trainer = build_trainer(config)
    start = StartingPoint(config, resumes=resumes)
    data = make_data(config)
    seed_everything(config.seed, workers=True, verbose=False)
    task = make_task(config, data, fitted=start.fitted())
    with record.phase("data"):
        read_data(config, data)
        data.check_processes(trainer.world_size)
    with record.phase("task"):
        fit_task(task, data)
    start.enter(task, trainer)
    record.update(
        seeds={"seed": data.seed, "eval_seed": data.eval_seed},
        precision=trainer.precision,
        device=str(trainer.strategy.root_device),
        devices=trainer.world_size,
        settings=settings_digest(config),
        averaging=average.decay if (average := weight_averaging.find(trainer)) else None,
        **task.describe(),
        data=data.describe(),
        measures=describe(task.measures),
    )
    if trainer.is_global_zero:
        resuming.begin(Path(config.output_dir), config, checkpoint=start.own)
    record.begin()
    try:
        terminal.log_setup(task, data, trainer)
        if start.own is None:
            log_hyperparameters(trainer, config)
        else:
            log.info("The run goes on from %s", start.own)
        best = _fit(start, trainer, task, data, record)
        return _test(best, config, trainer, task, data, record)
    finally:
        if isinstance(trainer.logger, EventLogger):
            trainer.logger.close()  # here, since a sweep's jobs may share a process


def _fit(start: StartingPoint, trainer: Trainer, task: RestorationTask, data: PictureData, record: RunRecord) -> str:
    """Train the task, or validate one that has nothing to train; returns the file of its best weights, if any."""
    with record.phase("training"):
        if task.is_trained:
            if start.weights is not None:
                if start.own is None:
                    start.weights |= measure_start(trainer, task, data)
                record.update(start=start.weights)
            trainer.fit(task, datamodule=data, ckpt_path=start.checkpoint, weights_only=True)
        else:
            trainer.validate(task, datamodule=data, verbose=False)
    if not task.is_trained:
        log.info("%s has nothing to train", type(task.model).__name__)
        best = str(record.path.with_name("checkpoints") / "best.ckpt")
        trainer.save_checkpoint(best, weights_only=True)
        return best
    epochs = trainer.current_epoch
    trained = f"{epochs} epoch{'' if epochs == 1 else 's'}{' in all' if start.checkpoint else ''}"
    log.info("Trained %s in %.1f s", trained, record.seconds("training"))
    best = getattr(trainer.checkpoint_callback, "best_model_path", "")  # none with callbacks.checkpoints=null
    if best and start.own is not None:
        checkpoint_files.wait(trainer)
        read_any(Path(best))  # an earlier start wrote it, and it may have been removed or damaged since
    return best


def _test(
    best: str, config: DictConfig, trainer: Trainer, task: RestorationTask, data: PictureData, record: RunRecord
) -> dict[str, float]:
    """Test the best weights, or the last ones, and write, show and return the final measures."""
    measures = {name: value.item() for name, value in trainer.callback_metrics.items()}
    with record.phase("test"):
        (tested,) = trainer.test(task, datamodule=data, ckpt_path=best or None, verbose=False, weights_only=True)
    measures = dict(sorted({**measures, **tested}.items()))
    folder, table = Path(config.output_dir), task.tally.table()
    pictures = len(table["picture"])  # trainer.limit_test_batches may leave some out
    record.update(evaluated_on={"part": "test", "pictures": pictures, "weights": best or "last"})
    if not trainer.is_global_zero:
        return measures
    log_hyperparameters(trainer, config, dict(tested))
    write_columns(folder / "per_picture.csv", table)
    write_json(folder / resuming.FINAL, measures)  # this marks the run as finished
    weights, beside, kept = None, {}, trainer.checkpoint_callback
    if task.is_trained:
        weights = f"those with the best {getattr(kept, 'monitor', None)}" if best else "those of the last epoch"
        beside = _beside(config, task, data, trainer)
    terminal.show_run(folder, measures, best=bool(best), weights=weights, beside=beside)
    if task.start is not None and isinstance(kept, ModelCheckpoint) and kept.best_model_score is not None:
        print(verdict(task.start, str(kept.monitor), kept.mode, kept.best_model_score.item()))
    return measures


def _beside(config: DictConfig, task: RestorationTask, data: PictureData, trainer: Trainer) -> dict[str, Any]:
    """Measures to show next to a network's: those of its usual baseline, and the course's published results."""
    settings = settings_of_config(config)
    found: dict[str, Any] = {}
    if trainer.world_size == 1:
        batches = islice(data.test_dataloader(), int(sum(trainer.num_test_batches)))
        found |= usual_measures(task, settings.get("task.degradation"), data.training, batches)
    if figures := published(settings):
        found["the course"] = figures
    return found
