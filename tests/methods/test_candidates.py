"""Which methods are compared, how they are called, and what they are held against."""

import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from colourize.errors import InputError, UsageError
from colourize.methods.candidates import Candidate, find_checkpoints, fitting, label
from colourize.methods.identity import settings_of_data, settings_of_task, settings_of_trainer


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
    same = [candidate("unet", seed, width=32) for seed in range(3)]
    wide = candidate("unet", 0, width=64, **{"task.loss": "A"})
    other = candidate("cnn", 0, width=8)
    label([*same, wide, other])
    assert [each.label for each in same] == ["unet (width=32)"] * 3
    assert wide.label == "unet (width=64)" and other.label == "cnn"  # the loss tells nothing more
    assert same[1].folder_name == "unet--width=32-+seed-1"


def test_a_name_tells_what_people_chose_before_what_was_fitted_to_it() -> None:
    both = [candidate("unet", 0, **{"task.fitted.colours": n, "data.root": root}) for n, root in enumerate("ab")]
    label(both)
    assert [each.label for each in both] == ["unet (root=a)", "unet (root=b)"]


def test_a_part_is_told_by_its_class_alone() -> None:
    tables = [candidate("grey_lookup", None, **{"task.answer": name}) for name in ("RGB", "PaletteClasses")]
    label(tables)
    assert [each.label for each in tables] == ["grey_lookup (RGB)", "grey_lookup (PaletteClasses)"]


def trainer_of(folder: Path, name: str = "config.yaml", **trainer: object) -> dict[str, object]:
    run_folder(folder, "best")
    (folder / name).parent.mkdir(exist_ok=True)
    OmegaConf.save({"trainer": {"default_root_dir": "${output_dir}", **trainer}}, folder / name)
    return settings_of_trainer(folder / "checkpoints" / "best.ckpt", {"colourize": {"precision": "32-true"}})


def test_what_changes_no_number_of_a_training_splits_no_seeds(tmp_path) -> None:
    usual = settings_of_trainer(tmp_path / "alone.ckpt", {"colourize": {}})
    assert usual["trainer.max_epochs"] == 25 and usual["trainer.precision"] == "32-true"
    quiet = trainer_of(tmp_path / "quiet", enable_progress_bar=False, accelerator="cpu", max_epochs=25)
    early = trainer_of(tmp_path / "early", ".hydra/config.yaml", precision="auto")
    assert quiet == early == usual
    short, clipped = trainer_of(tmp_path / "a", max_epochs=2), trainer_of(tmp_path / "b", gradient_clip_val=1)
    assert short == usual | {"trainer.max_epochs": 2} and clipped == usual | {"trainer.gradient_clip_val": 1}
    (tmp_path / "quiet" / "config.yaml").write_text("{")
    assert settings_of_trainer(tmp_path / "quiet" / "checkpoints" / "best.ckpt", {"colourize": {}}) == usual


def test_other_pictures_make_another_method_and_another_place_of_the_same_does_not(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder, cifar10 = "colourize.data.folder.FolderData", "colourize.data.cifar10.CIFAR10Data"
    mine = settings_of_data(folder, {"root": str(tmp_path / "mine"), "size": 32, "seed": 1})
    assert (
        mine
        == settings_of_data(folder, {"root": "mine/", "size": 32, "seed": 2})
        != settings_of_data(folder, {"root": "yours", "size": 32})
    )
    assert mine["data.root"] == "mine"
    assert settings_of_data(cifar10, {"root": "a"}) == settings_of_data(cifar10, {"root": "b"})


def test_files_of_two_methods_never_share_a_folder() -> None:
    both = [candidate("unet", 0, root="a/b"), candidate("unet", 0, root="a-b"), candidate("unet", 0, root="a b")]
    label(both)
    assert [each.folder_name.removeprefix("unet--root=a-b-") for each in both] == ["+seed-0", "+seed-0+2", "+seed-0+3"]


def test_only_baselines_are_baselines() -> None:
    assert "grey_lookup" in fitting("fitting") and "lanczos" in fitting("fitting") and "unet" not in fitting("fitting")
    assert fitting([]) == [] and fitting(["lanczos"]) == ["lanczos"]
    with pytest.raises(UsageError, match=r"^baselines=unet: must be fitting, or some of bicubic"):
        fitting(["unet"])


def test_a_palette_fitted_with_other_threads_is_the_same_one_and_a_files_is_told_by_its_colours(tiny_task) -> None:
    tasks = [tiny_task("grey", "classification"), tiny_task("grey", "classification")]
    colours = tasks[1].hparams["fitted"]["answer"]["colours"]
    tasks[1].hparams["fitted"]["answer"]["colours"] = colours + 3e-5
    one, other = (settings_of_task(task, 5) for task in tasks)
    assert one == other and one["task.fitted.colours"] == len(colours)
    assert settings_of_task(tasks[0], "a.npy") != settings_of_task(tasks[1], "a.npy")
