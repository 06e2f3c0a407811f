"""Run folders are read in any state, found at any depth, and whatever is wrong with one is named, never raised."""

import errno
from math import nan
from pathlib import Path

import pytest

from colourize.errors import InputError
from colourize.runs import folders
from colourize.runs.folders import Run, find_runs, search
from colourize.runs.record import RunRecord
from colourize.runs.tables import write_table


def make_run(
    folder, *, record=True, config="seed: 3\noutput_dir: ${hydra:runtime.output_dir}\n", overrides="- seed=3\n"
):
    """A run as it stands on the disk after its end."""
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "config.yaml").write_text(config)
    (folder / ".hydra" / "overrides.yaml").write_text(overrides)
    (folder / "checkpoints").mkdir()
    for name in ("best", "last"):
        (folder / "checkpoints" / f"{name}.ckpt").write_bytes(b"")
    (folder / "samples").mkdir()
    (folder / "samples" / "best.png").write_bytes(b"")
    write_table(folder / "metrics.csv", [{"epoch": 1, "step": 5, "val/loss": 0.5}])
    (folder / "metrics.json").write_text('{"test/loss": 0.25, "test/psnr": null, "test/ssim": NaN}')
    if record:
        begun = RunRecord(folder)
        with begun.start():
            begun.update(device="cpu")
    return folder


def test_what_a_run_holds(tmp_path):
    run = Run.read(str(make_run(tmp_path / "run")))
    assert run.record["device"] == "cpu"
    assert run.status == "completed"
    assert run.config.seed == 3
    assert run.overrides == ["seed=3"]
    assert run.metrics() == [{"epoch": 1, "step": 5, "val/loss": 0.5}]
    assert run.measures() == pytest.approx({"test/loss": 0.25, "test/psnr": nan, "test/ssim": nan}, nan_ok=True)
    assert run.checkpoints["best"] == tmp_path / "run" / "checkpoints" / "best.ckpt"
    old = Run.read(make_run(tmp_path / "old", record=False))
    assert (old.record, old.status) == ({}, "completed")
    (tmp_path / "old" / "metrics.json").unlink()
    assert old.status == "unknown"


def test_runs_that_have_just_begun_or_failed(tmp_path):
    (tmp_path / "new" / ".hydra").mkdir(parents=True)
    (tmp_path / "new" / ".hydra" / "config.yaml").write_text("seed: 0")
    record = RunRecord(tmp_path / "new")
    with record.start():
        record.begin()
        (new,) = find_runs(tmp_path / "new")
    assert (new.status, new.metrics(), new.measures(), new.checkpoints) == ("running", [], {}, {})
    record = RunRecord(tmp_path / "failed")
    with pytest.raises(ValueError), record.start():
        record.begin()
        raise ValueError("no")
    failed = Run.read(tmp_path / "failed")
    assert (failed.status, failed.record["error"], failed.config) == ("failed", "ValueError: no", {})


def test_runs_are_found_from_any_folder_in_natural_order(tmp_path):
    sweep = tmp_path / "multirun" / "day" / "time"
    for name in ("10", "9", "1,lr=0.01", "1,lr=0.1"):
        make_run(sweep / name)
    (sweep / "multirun.yaml").write_text("")
    (sweep / "results.csv").write_text("job\r\n")
    make_run(sweep / "9" / "again")  # a run inside another's folder
    (tmp_path / "multirun" / "empty").mkdir()
    expected = [sweep / name for name in ("1,lr=0.01", "1,lr=0.1", "9", "9/again", "10")]
    for start in (tmp_path, sweep.parent, sweep):
        runs, skipped = search(start)
        assert [run.path for run in runs] == expected
        assert skipped == {}
    assert [run.path for run in find_runs(sweep / "10")] == [sweep / "10"]
    assert find_runs(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    "file, content",
    [
        ("run.json", b'{"status": "runn'),
        ("run.json", b"[1, 2]"),
        ("run.json", b"[" * 100_000),
        ("run.json", b"\xff\xfe"),
        ("metrics.csv", b"epoch,val/loss\r\n1\r\n"),
        ("metrics.json", b'{"test/loss": "low"}'),
        (".hydra/config.yaml", b""),
        (".hydra/config.yaml", b"seed: [1,"),
        (".hydra/config.yaml", b"- 1\n"),
        (".hydra/config.yaml", b"seed: ${oc.env\n"),
        (".hydra/overrides.yaml", b"seed: 3\n"),
    ],
)
def test_damaged_runs_are_named_and_skipped(tmp_path, caplog, file, content):
    for name in ("0", "1"):
        make_run(tmp_path / name)
    (tmp_path / "0" / file).write_bytes(content)
    runs, skipped = search(tmp_path)
    assert [run.path.name for run in runs] == ["1"]
    assert list(skipped) == [tmp_path / "0"]
    assert skipped[tmp_path / "0"].startswith(f"{file}: ")
    assert [run.path.name for run in find_runs(tmp_path)] == ["1"]
    assert str(tmp_path / "0") in caplog.text and file in caplog.text


def test_half_written_and_strange_folders(tmp_path):
    make_run(tmp_path / "good")
    (tmp_path / "begun" / ".hydra").mkdir(parents=True)
    (tmp_path / "pictures" / "horses").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "pictures" / "horses" / f"{number}.png").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path)
    runs, skipped = search(tmp_path)
    assert [run.path.name for run in runs] == ["good"]
    assert skipped == {
        tmp_path / "begun": "neither run.json nor .hydra/config.yaml",
        tmp_path / "pictures": "holds no run",  # and not each folder in it
    }
    assert search(tmp_path / "pictures" / "horses") == ([], {tmp_path / "pictures" / "horses": "holds no run"})
    assert search(tmp_path / "good" / "metrics.csv")[0] == []
    with pytest.raises(InputError, match="pictures: neither"):
        Run.read(tmp_path / "pictures")


def test_folders_that_may_not_be_read_and_a_whole_disk(tmp_path, monkeypatch):
    make_run(tmp_path / "0")
    (tmp_path / "1").mkdir()
    listing = Path.iterdir

    def iterdir(path):
        if path.name == "1":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    runs, skipped = search(tmp_path)
    assert [run.path.name for run in runs] == ["0"]
    assert skipped == {tmp_path / "1": "cannot be read: Permission denied"}
    monkeypatch.setattr(folders, "MOST", 2)
    with pytest.raises(InputError, match=rf"^{tmp_path}: has more than 2 folders; name one that holds runs"):
        find_runs(tmp_path)
