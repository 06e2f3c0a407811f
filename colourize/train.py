"""`colourize-train`: trains a model on a task, tests its best weights, and keeps everything in the run's folder.

colourize-train data=synthetic trainer.max_epochs=5
colourize-train checkpoint=builtin:colour data=folder data.root=my-pictures
colourize-train -m trainer.max_epochs=5,10,25 data.batch_size=50,100
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colourize.runs import stopping

if TYPE_CHECKING:
    from lightning import Trainer
    from omegaconf import DictConfig

    from colourize.data.pictures import PictureData
    from colourize.runs.record import RunRecord
    from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)


def train(config: DictConfig) -> dict[str, float]:
    """Train, test the best weights, write `metrics.json`, and return the final measures.

    These are `train/…` and `val/…` after the last epoch, and `test/…` of the weights with the lowest validation loss.
    With `resume` the folder's run continues with its own settings; a finished run returns its measures.
    """
    from colourize.errors import check_flag
    from colourize.runs import ownership, resuming, reuse
    from colourize.runs.record import RunRecord

    overwrite = config.get("overwrite", False)
    check_flag("overwrite", overwrite)
    folder, resumes = Path(config.output_dir), config.get("resume") is not None
    half_taken = reuse.is_half_taken(folder)
    if resumes or (resuming.is_job() and not overwrite):
        known = resuming.continue_or_skip(folder, resumes=resumes, may_continue=not half_taken)
        if isinstance(known, dict):
            return known
        config, resumes = (config, False) if known is None else (known, True)
    with ownership.owned(folder):
        if not resumes and ownership.is_first_process():
            resuming.check_free(folder, overwrite=overwrite or half_taken)
            if "cells" in config and resuming.is_job() and not overwrite:
                twin = reuse.find_twin(folder, config)
                if twin is not None:
                    return reuse.take(twin, folder, config)
        try:
            with stopping.importing():
                import colourize.build  # noqa: F401  # it takes seconds
            record = RunRecord(folder)
            with record.start(writes=ownership.is_first_process(), resumes=resumes):
                return _train(config, record, resumes=resumes)
        except stopping.Stopped:
            if ownership.is_first_process() and resuming.state(folder) == "unfinished":
                print(f"To go on: {resuming.command(folder)}")
            raise


def _train(config: DictConfig, record: RunRecord, *, resumes: bool) -> dict[str, float]:
    """The training itself, within its record."""
    from lightning import seed_everything
    from lightning.pytorch.callbacks import ModelCheckpoint

    from colourize.build import build_trainer, check_launcher, fit_task, make_data, make_task, read_data
    from colourize.callbacks import weight_averaging
    from colourize.callbacks.tensorboard_pages import log_hyperparameters
    from colourize.checkpoints import check_resumable, check_same, has_training_state, newest, read, read_any
    from colourize.cli import terminal
    from colourize.errors import check_count
    from colourize.files import write_json
    from colourize.fine_tuning import adopt, fitted_parts, measure_start, take_weights, verdict
    from colourize.measures.registry import describe
    from colourize.runs import checkpoint_files, resuming
    from colourize.runs.events import closed
    from colourize.runs.reuse import settings_digest
    from colourize.runs.tables import write_columns

    folder = Path(config.output_dir)
    check_launcher()
    check_count("seed", config.seed, least=0, most=2**32 - 1)  # numpy's limit
    trainer = build_trainer(config)
    own = newest(folder) if resumes else None
    before: dict[str, Any] | None = None  # the contents of a checkpoint
    start: dict[str, Any] | None = None  # for fine-tuning: the file of the weights, and its validation measures
    if own is not None:
        before = read_any(own)
        start = before["colourize"].get("start")
    elif config.checkpoint is not None:
        before = read(config.checkpoint, config.trust)  # refuses a damaged file before the pictures are read
        start = None if has_training_state(before) else {"checkpoint": str(config.checkpoint)}
        if start is not None and not resumes:
            adopt(config, before)
    data = make_data(config)
    seed_everything(config.seed, workers=True, verbose=False)
    task = make_task(config, data, fitted=fitted_parts(config, before) if before and start else None)
    task.start = start
    with record.phase("data"):
        read_data(config, data)
        data.check_processes(trainer.world_size)
    with record.phase("task"):
        fit_task(config, task, data)
    if own is not None and before is not None:
        check_same(own, before, task)
    elif before is not None and start is not None:
        take_weights(task, before, config.checkpoint)
    elif config.checkpoint is not None:
        check_resumable(config.checkpoint, task, config.trainer.max_epochs, config.trust)
        weight_averaging.check_alike(trainer, config.checkpoint, before or {})
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
        resuming.begin(folder, config, checkpoint=own)
    record.begin()
    with closed(trainer.logger):
        terminal.log_setup(task, data, trainer)
        if own is None:
            log_hyperparameters(trainer, config)
        else:
            log.info("The run goes on from %s", own)
        with record.phase("training"):
            if task.is_trained:
                if start is not None:
                    if own is None:
                        start |= measure_start(trainer, task, data)
                    record.update(start=start)
                ckpt_path = own or (config.checkpoint if start is None else None)
                trainer.fit(task, datamodule=data, ckpt_path=ckpt_path and str(ckpt_path), weights_only=True)
            else:
                trainer.validate(task, datamodule=data, verbose=False)
        measures = {name: value.item() for name, value in trainer.callback_metrics.items()}
        if task.is_trained:
            epochs = trainer.current_epoch
            trained = f"{epochs} epoch{'' if epochs == 1 else 's'}{' in all' if ckpt_path else ''}"
            log.info("Trained %s in %.1f s", trained, record.seconds("training"))
            best = getattr(trainer.checkpoint_callback, "best_model_path", "")  # none with callbacks.checkpoints=null
        else:
            log.info("%s has nothing to train", type(task.model).__name__)
            best = str(folder / "checkpoints" / "best.ckpt")
            trainer.save_checkpoint(best, weights_only=True)
        if best and own is not None:
            checkpoint_files.wait(trainer)
            read_any(Path(best))  # an earlier start wrote it, and it may have been removed or damaged since
        with record.phase("test"):
            (tested,) = trainer.test(task, datamodule=data, ckpt_path=best or None, verbose=False, weights_only=True)
        measures = dict(sorted({**measures, **tested}.items()))
        weights = None
        if task.is_trained:
            monitor = getattr(trainer.checkpoint_callback, "monitor", None)
            weights = f"those with the best {monitor}" if best else "those of the last epoch"
        table = task.tally.table()
        pictures = len(table["picture"])  # trainer.limit_test_batches may leave some out
        record.update(evaluated_on={"part": "test", "pictures": pictures, "weights": best or "last"})
        if trainer.is_global_zero:
            log_hyperparameters(trainer, config, dict(tested))
            write_columns(folder / "per_picture.csv", table)
            write_json(folder / resuming.FINAL, measures)  # this marks the run as finished
            beside = _beside(config, task, data, trainer) if task.is_trained else {}
            terminal.show_run(folder, measures, best=bool(best), weights=weights, beside=beside)
            kept = trainer.checkpoint_callback
            if start is not None and isinstance(kept, ModelCheckpoint) and kept.best_model_score is not None:
                print(verdict(start, str(kept.monitor), kept.mode, kept.best_model_score.item()))
    return measures


def _beside(config: DictConfig, task: RestorationTask, data: PictureData, trainer: Trainer) -> dict[str, Any]:
    """Measures to show next to a network's: those of its usual baseline, and the course's published results."""
    from itertools import islice

    from colourize.methods.course import published
    from colourize.methods.identity import settings_of_config
    from colourize.methods.references import usual_measures

    settings = settings_of_config(config)
    found: dict[str, Any] = {}
    if trainer.world_size == 1 and not config.get("baselines"):  # an experiment runs its baselines as jobs
        batches = islice(data.test_dataloader(), int(sum(trainer.num_test_batches)))
        found |= usual_measures(task, settings.get("task.degradation"), data.training, batches)
    if figures := published(settings):
        found["the course"] = figures
    return found


def _show_sweep(folder: Path) -> None:
    from colourize.reporting.comparison_tables import show_sweep

    show_sweep(folder)


def main() -> None:
    """The console script."""
    with stopping.handled():  # before further imports
        from colourize.cli import app

        app.run(train, "train", _show_sweep)


if __name__ == "__main__":
    main()
