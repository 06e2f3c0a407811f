"""Which methods are compared, how they are called, and what they are held against."""

import json

import pytest

from colourize.errors import InputError, UsageError
from colourize.methods.baselines import fitting
from colourize.methods.candidates import Candidate, find_checkpoints, label
from colourize.runs.settings import method_settings


def run_folder(path, *names):
    (path / "checkpoints").mkdir(parents=True)
    (path / "run.json").write_text(json.dumps({"status": "completed"}))
    for name in names:
        (path / "checkpoints" / f"{name}.ckpt").write_bytes(b"")
    return path


def test_files_folders_patterns_and_lists(tmp_path) -> None:
    sweep = tmp_path / "sweep"
    for number in (2, 10, 1):
        run_folder(sweep / f"seed-{number}", "best", "last")
    run_folder(sweep / "seed-11", "last")
    run_folder(sweep / "seed-12")
    names = [path.relative_to(sweep).as_posix() for path in find_checkpoints(str(sweep))]
    assert names == [f"seed-{n}/checkpoints/best.ckpt" for n in (1, 2, 10)] + ["seed-11/checkpoints/last.ckpt"]
    by_pattern = find_checkpoints(f"{sweep}/*/checkpoints/best.ckpt")
    assert [path.parts[-3] for path in by_pattern] == ["seed-1", "seed-2", "seed-10"]
    one = sweep / "seed-2" / "checkpoints" / "last.ckpt"
    assert find_checkpoints([str(one), str(sweep / "seed-1"), str(one)])[0] == one
    assert len(find_checkpoints([str(one), str(sweep / "seed-1"), str(one)])) == 2


def test_a_renamed_checkpoint_is_taken_and_named_in_the_log(tmp_path, caplog) -> None:
    run_folder(tmp_path / "a", "last-previous", "z-epoch-20", "z-epoch-21")
    run_folder(tmp_path / "b", "best", "epoch-20")
    assert [path.name for path in find_checkpoints(str(tmp_path))] == ["z-epoch-20.ckpt", "best.ckpt"]
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "neither best.ckpt nor last.ckpt; z-epoch-20.ckpt is taken"
    ]


def test_what_names_nothing_is_told(tmp_path) -> None:
    run_folder(tmp_path / "run")
    for asked, told in ((f"{tmp_path}/*.ckpt", "no file"), (str(tmp_path), "no run with a checkpoint")):
        with pytest.raises(InputError, match=told):
            find_checkpoints(asked)
    with pytest.raises(UsageError, match="must name"):
        find_checkpoints([])


def candidate(name: str, seed: int | None = 0, **settings: object) -> Candidate:
    return Candidate(name, None, {"model": name, **settings}, seed)  # type: ignore[arg-type]


def test_names_tell_methods_apart_and_seeds_together() -> None:
    same = [candidate("unet", seed, **{"model.width": 32}) for seed in range(3)]
    wide = candidate("unet", 0, **{"model.width": 64, "task.loss": "mse"})
    other = candidate("cnn", 0, **{"model.width": 8})
    label([*same, wide, other])
    assert [each.label for each in same] == ["unet (width=32)"] * 3
    assert wide.label == "unet (width=64)" and other.label == "cnn"  # the loss tells nothing more
    assert same[1].folder_name == "unet--width=32-+seed-1"


def test_a_task_is_told_by_its_option_and_an_option_brings_its_arguments() -> None:
    tables = [candidate("grey_lookup", None, task=name) for name in ("colour_regression", "colour_classification")]
    label(tables)
    assert [each.label for each in tables] == [
        "grey_lookup (colour_regression)", "grey_lookup (colour_classification)",
    ]  # fmt: skip
    rates, sgd = [0.1, 0.2, 0.3, 0.1], {"task.optimizer": "sgd", "task.optimizer.lr": 1.0}
    several = [candidate("unet", 0, **{"model.width": 8 + (n == 3), "task.optimizer": "adam", "task.optimizer.lr": lr})
               for n, lr in enumerate(rates)] + [candidate("unet", 0, **{"model.width": 8, **sgd})]  # fmt: skip
    label(several)
    assert [each.label for each in several] == [
        "unet (usual)", "unet (lr=0.2)", "unet (lr=0.3)", "unet (width=9)", "unet (optimizer=sgd)",
    ]  # fmt: skip


def config(**more: object) -> dict[str, object]:
    usual = {"seed": 0, "trainer": {"max_epochs": 5}, "callbacks": {"samples": {"_target_": "x.SamplePictures"}}}
    return method_settings({**usual, **more})


def test_what_makes_a_method_and_what_does_not() -> None:
    usual, average = config(), {"_target_": "lightning.pytorch.callbacks.WeightAveraging"}
    kept = {"_target_": "colourize.callbacks.checkpoints.Checkpoints", "monitor": "val/loss", "dirpath": "here"}
    for same in (
        {"seed": 3, "compile": True, "output_dir": "there", "overwrite": True},
        {"trainer": {"max_epochs": 5, "accelerator": "cpu", "enable_progress_bar": False}},
        {"callbacks": {"samples": None, "progress": {"_target_": "x.Progress", "refresh_rate": 3}}},
    ):
        assert config(**same) == usual
    assert config(callbacks={"checkpoints": kept}) == config(
        callbacks={"checkpoints": {**kept, "dirpath": "elsewhere"}}
    )
    assert config(callbacks={"best": kept}) != config(callbacks={"best": {**kept, "monitor": "val/psnr"}})
    assert config(callbacks={"ema": average}) == usual | {"callbacks.ema": "WeightAveraging"}
    assert config(trainer={"max_epochs": 5, "gradient_clip_val": 1}) == usual | {"trainer.gradient_clip_val": 1}


def test_other_pictures_make_another_method_and_another_place_of_the_same_does_not() -> None:
    folder, cifar10 = "colourize.data.folder.FolderData", "colourize.data.cifar10.CIFAR10Data"
    mine, yours = (config(data={"_target_": folder, "root": root}) for root in ("mine", "yours"))
    assert mine != yours
    assert config(data={"_target_": cifar10, "root": "a"}) == config(data={"_target_": cifar10, "root": "b"})


def test_files_of_two_methods_never_share_a_folder() -> None:
    both = [candidate("unet", 0, root=root) for root in ("a/b", "a-b", "a b")]
    label(both)
    assert [each.folder_name.removeprefix("unet--root=a-b-") for each in both] == ["+seed-0", "+seed-0+2", "+seed-0+3"]


def test_only_baselines_are_baselines() -> None:
    assert "grey_lookup" in fitting("fitting") and "lanczos" in fitting("fitting") and "unet" not in fitting("fitting")
    assert fitting([]) == [] and fitting(["lanczos"]) == ["lanczos"]
    with pytest.raises(UsageError, match=r"^baselines=unet: must be fitting, or some of bicubic"):
        fitting(["unet"])
