"""`colourize-evaluate`: the test measures of a checkpoint, from the file alone.

colourize-evaluate checkpoint=outputs/…/checkpoints/best.ckpt
colourize-evaluate checkpoint=best.ckpt data=folder data.root=my-pictures
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colourize.cli import app


def evaluate(config: DictConfig) -> dict[str, float]:
    """Test a checkpoint on the data it was made with, or on other data; returns the measures.

    The task, its palette and its protocol are always the checkpoint's.
    """
    from colourize.build import build_data, build_trainer
    from colourize.checkpoints import data_from, read, task_from
    from colourize.cli import terminal as summary
    from colourize.errors import UsageError

    if not config.checkpoint:
        raise UsageError("checkpoint: missing; give the file to evaluate, such as checkpoint=…/checkpoints/best.ckpt")
    checkpoint = read(config.checkpoint)
    task = task_from(checkpoint, config.checkpoint)
    data = build_data(config, "test") if config.get("data") else data_from(checkpoint, config.checkpoint)
    data.eval_seed = config.seed
    data.prepare_data()
    data.setup("test")
    task.degradation.check_size(*data.pictures.test.shape[1:3])
    if config.trainer.precision == "auto":
        config.trainer.precision = checkpoint["colourize"].get(
            "precision", "32-true"
        )  # its measures are those of its training
    trainer = build_trainer(config)
    (measures,) = trainer.test(task, datamodule=data, verbose=False)
    measures = dict(sorted(measures.items()))
    if trainer.is_global_zero:
        summary.write_measures(Path(config.output_dir) / "metrics.json", measures)
        summary.show_measures(measures, f"{config.checkpoint} on {len(data.pictures.test)} test pictures")
    return measures


def main() -> None:
    """The console script."""
    app.run(evaluate, "evaluate")


if __name__ == "__main__":
    main()
