"""`colourize-evaluate`: the test measures of a checkpoint, from the file alone.

colourize-evaluate checkpoint=outputs/…/checkpoints/best.ckpt
colourize-evaluate checkpoint=best.ckpt data=folder data.root=my-pictures
colourize-evaluate model=grey_lookup task=colour_classification data=cifar10
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from colourize.cli import app

if TYPE_CHECKING:
    from colourize.runs.record import RunRecord


def evaluate(config: DictConfig) -> dict[str, float]:
    """Test a checkpoint on the data it was made with, or on other data, or a baseline; returns the measures.

    The task, its palette and its divisor are always the checkpoint's; a baseline is fitted to the data's training
    pictures. Beside `metrics.json` it leaves `per_picture.csv`, each measure of each test picture.
    """
    from lightning.pytorch.utilities import rank_zero_only

    from colourize.runs.record import RunRecord

    record = RunRecord(Path(config.output_dir))
    with record.start(writes=rank_zero_only.rank == 0):  # type: ignore[attr-defined]  # Lightning sets it at import
        return _evaluate(config, record)


def _evaluate(config: DictConfig, record: RunRecord) -> dict[str, float]:
    """`evaluate`, while its record is kept."""
    from colourize.build import build_task, build_trainer, check_settings, make_data
    from colourize.checkpoints import data_from, read, task_from
    from colourize.cli import terminal
    from colourize.errors import UsageError, check_count
    from colourize.measures.selection import check_measures
    from colourize.runs.tables import write_table

    measure_names = check_measures(config.measures.names)
    folder = Path(config.output_dir)
    if config.checkpoint and (config.get("model") or config.get("task")):
        raise UsageError("checkpoint: brings its model and its task; leave out model=… and task=…")
    task_is_given = (config.get("task") or {}).get("_target_")
    if not config.checkpoint and not (config.get("model") and task_is_given and config.get("data")):
        raise UsageError(
            "checkpoint: missing; give the file to evaluate, such as checkpoint=…/checkpoints/best.ckpt, or a baseline "
            "with its task and data, such as model=grey_lookup task=colour_classification data=cifar10"
        )
    checkpoint = read(config.checkpoint, config.trust) if config.checkpoint else {}
    loaded = task_from(checkpoint, config.checkpoint) if checkpoint else None
    if loaded:
        check_count("seed", config.seed, least=0)
    else:
        check_settings(config)
    if config.trainer.precision == "auto":
        # Its measures are those of its training.
        config.trainer.precision = checkpoint.get("colourize", {}).get("precision", "32-true")
    trainer = build_trainer(config)
    with record.phase("data"):
        data = make_data(config) if config.get("data") else data_from(checkpoint, config.checkpoint, config.trust)
        data.eval_seed = config.seed
        if loaded:
            data.divisor = loaded.divisor
            data.only_tested = bool(config.get("data"))  # the checkpoint's own keep the split of its training
        data.prepare_data()
        data.setup("test")
    with record.phase("task"):
        task = loaded or build_task(config, data)
    task.measure_names = measure_names
    if task.is_trained and not loaded:
        raise UsageError(f"checkpoint: missing; {type(task.model).__name__} must be trained first (colourize-train)")
    task.degradation.check_size(*data.pictures.test.shape[1:3])
    record.update(
        checkpoint=str(Path(str(config.checkpoint)).absolute()) if config.checkpoint else None,
        seeds={"eval_seed": data.eval_seed},
        precision=trainer.precision,
        device=str(trainer.strategy.root_device),
        devices=trainer.world_size,
        **task.describe(),
        data=data.describe(),
    )
    record.begin()
    with record.phase("test"):
        results = trainer.test(task, datamodule=data, verbose=False)
    measures = dict(sorted(results[0].items())) if results else {}
    rows = task.tally.rows()
    record.update(evaluated_on={"part": "test", "pictures": len(rows)})
    if trainer.is_global_zero:
        write_table(folder / "per_picture.csv", rows)
        terminal.write_measures(folder / "metrics.json", measures)
        evaluated = config.checkpoint or type(task.model).__name__
        terminal.show_measures(measures, f"{evaluated} on {len(rows)} test pictures")
        terminal.show_folder(folder)
    return measures


def main() -> None:
    """The console script."""
    app.run(evaluate, "evaluate")


if __name__ == "__main__":
    main()
