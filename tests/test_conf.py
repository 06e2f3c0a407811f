"""How a configuration composes: which groups and keys there are, and what wins over what."""

import pytest
from options import CONF

from colourize.build import make_data

# --------------------------------------------------------------------------------------- composition


def test_evaluate_has_nothing_of_its_own_that_a_checkpoint_brings(compose):
    config = compose(name="evaluate")
    assert not any(config.get(key) for key in ("data", "model", "task"))
    task = compose("task=colour_regression", "model=grey_lookup", name="evaluate").task  # a baseline's
    whole = compose("task=colour_regression").task
    assert task == {key: whole[key] for key in task} and set(task) == {"_target_", "degradation", "answer", "loss"}


# ---------------------------------------------------------------------------------------- precedence


def test_what_is_typed_wins_over_an_experiment_and_that_over_groups(tmp_path, compose):
    assert (compose().data.protocol, compose().data.root) == ("honest", str(tmp_path / "cache"))  # $COLOURIZE_DATA
    config = compose("experiment=course", "data.root=here")
    assert (config.data.protocol, config.data.palette) == ("course", "here/course-palette-24.npy")
    assert compose("experiment=course", "data.protocol=honest").data.protocol == "honest"
    own = compose("experiment=fast").trainer.max_epochs
    gpu = compose("experiment=fast", "trainer=gpu").trainer  # it sets no epochs
    assert (gpu.accelerator, gpu.precision, gpu.max_epochs) == ("gpu", "bf16-mixed", own) and own not in (2, 25)
    for experiment in ("course", "fast", "c3_batch_size"):
        debug = compose(f"experiment={experiment}", "trainer=debug").trainer
        assert (debug.max_epochs, debug.limit_train_batches, debug.limit_test_batches) == (2, 3, 2)
    assert compose("experiment=fast", "trainer=debug", "trainer.max_epochs=3").trainer.max_epochs == 3


@pytest.mark.parametrize("path", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_data_of_every_experiment_are_allowed(path, compose):
    config = compose(f"experiment={path.stem}")  # as it is used, on real pictures, none of which is read here
    assert make_data(config).batch_size == config.data.batch_size


def test_an_experiment_of_ones_own_wins_over_all_that_it_names(tmp_path, compose):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\n"
        "defaults: [override /model: cnn, override /optimizer: sgd]\n"
        "seed: 7\n"
        "model: {num_filters: 5}\n"
        "task: {optimizer: {lr: 0.5}}\n"
        "callbacks: {samples: null}\n"
    )
    mine = ["experiment=mine", f"hydra.searchpath=[file://{tmp_path}]"]
    config = compose(*mine)
    assert (config.seed, config.model.num_filters, config.callbacks.samples) == (7, 5, None)
    assert (config.model._target_, config.task.optimizer._target_) == ("colourize.models.CNN", "torch.optim.SGD")
    assert (config.task.optimizer.lr, config.data.seed) == (0.5, 7)
    config = compose("seed=1", "model=unet", "task.optimizer.lr=2", *mine)
    assert (config.seed, config.model._target_, config.model.num_filters) == (1, "colourize.models.UNet", 5)
    assert config.task.optimizer.lr == 2


GREY, LOW = "Grey", "LowResolution"
PALETTE, RGB = ("PaletteClasses", "CrossEntropy"), ("RGB", "MeanSquaredError")


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("task=super_resolution_regression", (LOW, *RGB)),
        ("task=chroma_regression", ("Luminance", "LabChroma", "MeanSquaredError")),
        # a part alone; an answer brings its loss
        ("degradation=low_resolution", (LOW, *PALETTE)),
        ("answer=rgb loss=mae", (GREY, "RGB", "MeanAbsoluteError")),
        ("prior=grey_lookup augmentation=flips", (GREY, *PALETTE, "GreyLookup", "FlipsAndShifts")),
        # a task and a part, in any order
        ("loss=mae answer=rgb degradation=grey task=super_resolution", (GREY, "RGB", "MeanAbsoluteError")),
        ("task=colour_regression answer=palette_classes", (GREY, *PALETTE)),
        # experiments
        ("experiment=sharp task=colour_classification", (GREY, *PALETTE)),
        ("experiment=sharp answer=palette_classes", (LOW, *PALETTE)),
        ("degradation=grey experiment=sharp loss=mae", (GREY, "RGB", "MeanAbsoluteError")),
        ("experiment=parts task=super_resolution", (LOW, "RGB", "MeanAbsoluteError", "GreyLookup", "FlipsAndShifts")),
        ("experiment=parts answer=palette_classes loss=cross_entropy prior=none augmentation=none", (GREY, *PALETTE)),
    ],
)
def test_parts_can_be_set_alone_and_what_is_typed_wins(typed, parts, tmp_path, compose):
    (tmp_path / "experiment").mkdir()
    for name, chosen in {
        "sharp": "override /task: super_resolution_regression",
        "parts": "override /answer: rgb, override /loss: mae, override /prior: grey_lookup, "
        "override /augmentation: flips",
    }.items():
        text = f"# @package _global_\ndefaults: [{chosen}]\n"
        (tmp_path / "experiment" / f"{name}.yaml").write_text(text)
    config = compose(*typed.split(), f"hydra.searchpath=[file://{tmp_path}]")
    task = config.task
    nodes = [task.degradation, task.answer, task.loss, task.prior, config.data.augmentation]
    assert tuple(node._target_.rpartition(".")[2] for node in nodes if node) == parts
