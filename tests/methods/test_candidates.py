"""Which methods are compared, their names, and which settings make a method."""

import json

import pytest

from colourize.errors import InputError, UsageError
from colourize.methods.candidates import Candidate, find_checkpoints, label
from colourize.methods.identity import names, settings_of_task
from colourize.runs.method_settings import method_settings


def run_folder(path, *kept):
    (path / "checkpoints").mkdir(parents=True)
    (path / "run.json").write_text(json.dumps({"status": "completed"}))
    for name in kept:
        (path / "checkpoints" / f"{name}.ckpt").write_bytes(b"")


def test_files_folders_patterns_and_lists(tmp_path, caplog) -> None:
    for number in (2, 10, 1):
        run_folder(tmp_path / f"seed-{number}", "best", "last")
    run_folder(tmp_path / "seed-11", "last")
    run_folder(tmp_path / "seed-12")
    run_folder(tmp_path / "seed-13", "last-previous", "z-epoch-20", "z-epoch-21")
    names = [path.relative_to(tmp_path).as_posix() for path in find_checkpoints(str(tmp_path))]
    assert names == [f"seed-{n}/checkpoints/best.ckpt" for n in (1, 2, 10)] + [
        "seed-11/checkpoints/last.ckpt", "seed-13/checkpoints/z-epoch-20.ckpt",
    ]  # fmt: skip
    assert "1 of 6 runs have no checkpoint yet" in caplog.text
    assert "neither best.ckpt nor last.ckpt; z-epoch-20.ckpt is taken" in caplog.text
    by_pattern = find_checkpoints(f"{tmp_path}/*/checkpoints/best.ckpt")
    assert [path.parts[-3] for path in by_pattern] == ["seed-1", "seed-2", "seed-10"]
    one = tmp_path / "seed-2" / "checkpoints" / "last.ckpt"
    assert len(find_checkpoints([str(one), str(tmp_path / "seed-1"), str(one)])) == 2
    for asked, message in ((f"{tmp_path}/*.ckpt", "no file"), (f"{tmp_path}/seed-12", "no run with a checkpoint")):
        with pytest.raises(InputError, match=message):
            find_checkpoints(asked)
    with pytest.raises(UsageError, match="must name"):
        find_checkpoints([])


def candidate(name: str, seed: int | None = 0, **settings: object) -> Candidate:
    return Candidate(None, {"model": name, **settings}, seed)  # type: ignore[arg-type]


def labels(*candidates: Candidate) -> list[str]:
    label(candidates)
    return [each.label for each in candidates]


def test_names_distinguish_methods_and_not_seeds() -> None:
    same = [candidate("unet", seed, **{"model.width": 32}) for seed in range(2)]
    wide = candidate("unet", 0, **{"model.width": 64, "task.loss": "mse"})  # the loss distinguishes nothing further
    other = candidate("cnn", 0, **{"model.width": 8})
    assert labels(*same, wide, other) == ["unet (width=32)", "unet (width=32)", "unet (width=64)", "cnn"]
    assert same[1].folder_name == "unet--width=32-+seed-1"
    tables = [candidate("grey_lookup", None, task=name) for name in ("colour_regression", "colour_classification")]
    assert labels(*tables) == ["grey_lookup (colour_regression)", "grey_lookup (colour_classification)"]
    adam, sgd = {"task.optimizer": "adam"}, {"task.optimizer": "sgd", "task.optimizer.lr": 1.0}
    several = [candidate("unet", **{"model.width": 8 + (n == 3), **adam, "task.optimizer.lr": rate})
               for n, rate in enumerate((0.1, 0.2, 0.3, 0.1))]  # fmt: skip
    assert labels(*several, candidate("unet", **{"model.width": 8, **sgd})) == [
        "unet (usual)", "unet (lr=0.2)", "unet (lr=0.3)", "unet (width=9)", "unet (optimizer=sgd)",
    ]  # fmt: skip
    both = [candidate("unet", 0, root=root) for root in ("a/b", "a-b", "a b")]
    label(both)
    assert [each.folder_name.removeprefix("unet--root=a-b-") for each in both] == ["+seed-0", "+seed-0+2", "+seed-0+3"]


def config(**more: object) -> dict[str, object]:
    usual = {"seed": 0, "trainer": {"max_epochs": 5}, "callbacks": {"samples": {"_target_": "x.SamplePictures"}}}
    return method_settings({**usual, **more})


KEPT = {"_target_": "colourize.callbacks.checkpoints.Checkpoints", "monitor": "val/loss", "dirpath": "here"}
CIFAR10 = {"_target_": "colourize.data.cifar10.CIFAR10Data"}
FOLDER = {"_target_": "colourize.data.folder.FolderData"}


def test_a_degradation_without_a_task_of_its_own_stands_for_it() -> None:
    parts = [{"degradation": {"_target_": f"colourize.degradations.{name}"},
              "answer": {"_target_": "colourize.answers.PaletteClasses"}} for name in ("Grey", "Hints")]  # fmt: skip
    found = [settings_of_task({"model": {"_target_": "colourize.models.UNet"}, **each}, "", {}) for each in parts]
    assert names(found) == ["unet (colour_classification)", "unet (hints)"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {"seed": 3, "compile": True, "output_dir": "there", "overwrite": True}, True),
        ({}, {"trainer": {"max_epochs": 5, "accelerator": "cpu", "enable_progress_bar": False}}, True),
        ({}, {"callbacks": {"samples": None, "progress": {"_target_": "x.Progress", "refresh_rate": 3}}}, True),
        ({}, {"callbacks": {"ema": {"_target_": "lightning.pytorch.callbacks.WeightAveraging"}}}, False),
        ({}, {"callbacks": {"averaging": None}}, True),
        ({}, {"trainer": {"max_epochs": 5, "gradient_clip_val": 1}}, False),
        ({"data": CIFAR10}, {"data": {**CIFAR10, "extra_categories": None, "num_train": None, "subset_seed": 4}}, True),
        ({"data": CIFAR10}, {"data": {**CIFAR10, "extra_categories": "all"}}, False),
        ({"data": CIFAR10}, {"data": {**CIFAR10, "num_train": 50}}, False),
        ({"callbacks": {"checkpoints": KEPT}}, {"callbacks": {"checkpoints": {**KEPT, "dirpath": "elsewhere"}}}, True),
        ({"callbacks": {"best": KEPT}}, {"callbacks": {"best": {**KEPT, "monitor": "val/psnr"}}}, False),
        ({"data": {**FOLDER, "root": "a"}}, {"data": {**FOLDER, "root": "b"}}, False),
        ({"data": {**CIFAR10, "root": "a"}}, {"data": {**CIFAR10, "root": "b"}}, True),
    ],
)
def test_what_makes_a_method_and_what_does_not(one: dict, other: dict, same: bool) -> None:
    assert (config(**one) == config(**other)) == same
