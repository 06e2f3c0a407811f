"""`colourize-inspect`: writes a network's layers as a table and a diagram, and its feature maps for pictures.

colourize-inspect checkpoint=best.ckpt
colourize-inspect 'checkpoint=[cnn.ckpt,unet.ckpt]' pictures=[0,1,2]
colourize-inspect model=unet task=colour_classification
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from colourize.cli import app
from colourize.configuration import as_list
from colourize.errors import UsageError, check_count
from colourize.runs import resuming


def inspect(config: DictConfig) -> None:
    """Write the layer table and the diagram of each network, and, for checkpoints, the activations."""
    from colourize.cli import terminal

    resuming.check_no_training(config.output_dir)
    if config.checkpoint and (config.get("model") or config.get("task")):
        raise UsageError("checkpoint: brings its model and its task; leave out model=… and task=…")
    if config.size is not None:
        check_count("size", config.size)
    check_count("count", config.count)
    numbers = as_list(config.pictures)
    for number in numbers:
        check_count("pictures", number, least=0, most=config.count - 1)
    if not numbers:
        raise UsageError("pictures=[]: must be numbers of test pictures, such as [0,1]")
    folder = Path(config.output_dir)
    if config.checkpoint:
        _inspect_checkpoints(config, folder, numbers)
    else:
        _inspect_model(config, folder)
    print(f"Saved in:  {terminal.shown(folder)}")


def _inspect_model(config: DictConfig, folder: Path) -> None:
    """Inspect a network that was not trained."""
    from colourize.build import make_task
    from colourize.data.pictures import PictureData
    from colourize.inspection.files import write_layers
    from colourize.models.baselines import Baseline

    if not (config.get("model") and (config.get("task") or {}).get("_target_")):
        raise UsageError(
            "checkpoint: missing; name a file, or a network and its task: model=unet task=super_resolution"
        )
    if config.get("data"):
        raise UsageError("data: goes with a checkpoint only; leave out data=…")
    check_count("palette", config.palette, least=2, most=256)
    task = make_task(config, PictureData(palette=config.palette))
    name = type(task.model).__name__
    if isinstance(task.model, Baseline):
        raise UsageError(f"model: {name} has no layers; must be a network, such as unet")
    print(write_layers(folder, task.model, task.degradation.channels, (config.size or 32,) * 2, name))


def _inspect_checkpoints(config: DictConfig, folder: Path, numbers: list[int]) -> None:
    """Inspect trained networks side by side, on the pictures of `data=…`, or else of the first checkpoint."""
    from colourize.build import make_data, prepare_test
    from colourize.checkpoints import data_from
    from colourize.inspection.files import observe, write_activations, write_block_orders, write_layers
    from colourize.methods.candidates import find_checkpoints, from_checkpoint, label

    candidates = [from_checkpoint(path, config.trust) for path in find_checkpoints(config.checkpoint)]
    label(candidates)
    first = candidates[0]
    if config.get("data"):
        data = prepare_test(make_data(config, only_tested=True))
    else:
        data = prepare_test(data_from(first.checkpoint, str(first.path), config.trust))
    size = data.pictures.test.shape[1:3]
    count = min(config.count, len(data.pictures.test))
    if max(numbers) >= count:
        raise UsageError(f"pictures={max(numbers)}: there are {count} test pictures; must be at most {count - 1}")
    labels = [each.label for each in candidates]
    names = [
        f"{each.label}, seed {each.seed}" if labels.count(each.label) > 1 and each.seed is not None else each.label
        for each in candidates
    ]
    for each in candidates:
        each.task.degradation.check_size(*size)
    modules = None if config.modules is None else [str(name) for name in config.modules]
    observed = [
        observe(name, each.task, data, "test", count, modules) for name, each in zip(names, candidates, strict=True)
    ]
    for name, each in zip(names, candidates, strict=True):
        own = folder / each.folder_name if len(candidates) > 1 else folder
        shown = (config.size,) * 2 if config.size else size
        print(write_layers(own, each.task.model, each.task.degradation.channels, shown, name))
    write_activations(folder / "activations", observed, numbers)
    write_block_orders(folder / "block_order.csv", observed)


def main() -> None:
    """The console script."""
    app.run(inspect, "inspect")


if __name__ == "__main__":
    main()
