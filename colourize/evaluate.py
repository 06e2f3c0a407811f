"""`colourize-evaluate`: the test measures of a checkpoint, from the file alone.

colourize-evaluate checkpoint=outputs/…/checkpoints/best.ckpt
colourize-evaluate checkpoint=best.ckpt data=folder data.root=my-pictures
colourize-evaluate model=grey_lookup task=colour_classification data=cifar10
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colourize.cli import app


def evaluate(config: DictConfig) -> dict[str, float]:
    """Test a checkpoint on the data it was made with, or on other data, or a baseline; returns the measures.

    The task, its palette and its divisor are always the checkpoint's; a baseline is fitted to the data's training
    pictures. Beside `metrics.json` it leaves `per_picture.csv`, each measure of each test picture.
    """
    from colourize.build import build_data, build_task, build_trainer
    from colourize.checkpoints import data_from, read, task_from
    from colourize.cli import terminal
    from colourize.errors import UsageError, check_count
    from colourize.measures.selection import check_measures
    from colourize.runs.record import RunRecord
    from colourize.runs.tables import write_table

    check_count("seed", config.seed, least=0)
    measure_names = check_measures(config.measures)
    folder = Path(config.output_dir)
    record = RunRecord(folder)
    if config.checkpoint and (config.get("model") or config.get("task")):
        raise UsageError("checkpoint: brings its model and its task; leave out model=… and task=…")
    if not config.checkpoint and not (config.get("model") and config.get("task") and config.get("data")):
        raise UsageError(
            "checkpoint: missing; give the file to evaluate, such as checkpoint=…/checkpoints/best.ckpt, or a baseline "
            "with its task and data, such as model=grey_lookup task=colour_classification data=cifar10"
        )
    checkpoint = read(config.checkpoint, config.trust) if config.checkpoint else {}
    loaded = task_from(checkpoint, config.checkpoint) if checkpoint else None
    with record.phase("data"):
        if config.get("data"):
            data = build_data(config, "test")
        else:
            data = data_from(checkpoint, config.checkpoint, config.trust)
        data.eval_seed = config.seed
        data.prepare_data()
        data.setup("test")
    task = loaded or build_task(config, data)
    task.measure_names = measure_names
    if task.is_trained and not loaded:
        raise UsageError(f"checkpoint: missing; {type(task.model).__name__} must be trained first (colourize-train)")
    task.degradation.check_size(*data.pictures.test.shape[1:3])
    if config.trainer.precision == "auto":
        # Its measures are those of its training.
        config.trainer.precision = checkpoint.get("colourize", {}).get("precision", "32-true")
    trainer = build_trainer(config)
    facts = {
        "checkpoint": str(Path(str(config.checkpoint)).absolute()) if config.checkpoint else None,
        "seeds": {"eval_seed": config.seed},
        "precision": trainer.precision,
        "device": str(trainer.strategy.root_device),
        "devices": trainer.world_size,
        **task.describe(),
        "data": data.describe(),
        "evaluated_on": {"part": "test", "pictures": len(data.pictures.test)},
    }
    with record.start(writes=trainer.is_global_zero, **facts):
        with record.phase("test"):
            (measures,) = trainer.test(task, datamodule=data, verbose=False)
        measures = dict(sorted(measures.items()))
        rows = task.tally.rows()
        if trainer.is_global_zero:
            write_table(folder / "per_picture.csv", rows)
            terminal.write_measures(folder / "metrics.json", measures)
            terminal.show_measures(
                measures, f"{config.checkpoint or type(task.model).__name__} on {len(data.pictures.test)} test pictures"
            )
    return measures


def main() -> None:
    """The console script."""
    app.run(evaluate, "evaluate")


if __name__ == "__main__":
    main()
