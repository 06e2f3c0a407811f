"""`run.json`: whole at any time, true about how the run ended, and honest about which code made the numbers."""

import errno
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

import colourize
from colourize.errors import UsageError
from colourize.runs import surroundings
from colourize.runs.record import RunRecord, told


def read(folder):
    return json.loads((folder / "run.json").read_text())


@pytest.fixture
def record(tmp_path):
    return RunRecord(tmp_path, ["colourize-train", "seed=1"])


def test_a_run_from_start_to_end(record, tmp_path):
    with record.phase("data"):
        pass
    assert not list(tmp_path.iterdir())  # nothing before the start
    with record.start(seeds={"seed": 1}, device="cpu"):
        begun = read(tmp_path)
        with record.phase("training"), record.phase("sampling"):
            pass
        assert list(read(tmp_path)["phases"]) == ["data", "sampling", "training"]
        record.update(parameters=7, device="cuda:0")
        assert read(tmp_path)["parameters"] == 7
    ended = read(tmp_path)
    assert begun["status"] == "running" and begun["ended"] is None and begun["seconds"] is None
    assert ended["status"] == "completed" and ended["seconds"] >= 0
    assert "error" not in ended
    assert ended["command"] == ["colourize-train", "seed=1"]
    assert (ended["seeds"], ended["device"]) == ({"seed": 1}, "cuda:0")
    started, end = (datetime.fromisoformat(ended[name]) for name in ("started", "ended"))
    assert timedelta(0) <= end - started and datetime.now(timezone.utc) - started < timedelta(minutes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


def test_seconds_of_a_phase_add_up(record, monkeypatch):
    ticks = iter([0.0, 1.5, 10.0, 12.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks))
    with record.phase("training"):
        pass
    with pytest.raises(ValueError), record.phase("training"):
        raise ValueError
    monkeypatch.undo()
    with record.start():
        assert read(record.path.parent)["phases"] == {"training": 3.5}


@pytest.mark.parametrize(
    "error, status, words",
    [
        (ValueError("no\n\n  good\nat all"), "failed", "ValueError: no good"),
        (KeyboardInterrupt(), "interrupted", None),
        (SystemExit(1), "interrupted", None),
    ],
)
def test_how_it_ended(record, tmp_path, error, status, words):
    with pytest.raises(type(error)) as raised, record.start(), record.phase("training"):
        record.begin()
        raise error
    assert raised.value is error
    ended = read(tmp_path)
    assert (ended["status"], ended.get("error")) == (status, words)
    assert ended["ended"] and list(ended["phases"]) == ["training"]


def test_of_a_run_that_did_not_begin_nothing_is_kept(record, tmp_path):
    with pytest.raises(ValueError), record.start():
        assert read(tmp_path)["status"] == "running"
        raise ValueError
    assert not (tmp_path / "run.json").exists()
    (tmp_path / "run.json").write_text('{"status": "completed"}')  # an earlier run's, in the same folder
    with pytest.raises(ValueError), RunRecord(tmp_path).start():
        raise ValueError
    assert read(tmp_path) == {"status": "completed"}


def test_failure_keeps_its_own_error_on_a_full_disk(record, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ValueError), record.start():
        record.begin()
        monkeypatch.setattr(os, "fsync", full)
        raise ValueError
    assert read(tmp_path)["status"] == "running"


def test_one_of_several_processes_writes(record, tmp_path):
    with record.start(writes=False), record.phase("training"):
        record.update(device="cpu")
    assert not list(tmp_path.iterdir())


def test_facts_of_all_kinds(record, tmp_path):
    config = OmegaConf.create({"betas": [0.9, "${name}"], "name": 3})
    facts = {"count": np.int64(3), "size": np.array([1, 2]), "root": Path("a"), "optimizer": config, "who": "Übung"}
    with record.start(**facts):
        pass
    ended = read(tmp_path)
    assert ended["optimizer"] == {"betas": [0.9, 3], "name": 3}
    assert [ended[name] for name in ("count", "size", "root", "who")] == [3, [1, 2], "a", "Übung"]


def test_command_line_of_this_process(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/some/where/colourize-train", "seed=1"])
    with RunRecord(tmp_path).start():
        assert read(tmp_path)["command"] == ["colourize-train", "seed=1"]
        assert read(tmp_path)["overrides"] == []


def test_errors_for_people_are_told_whatever_wraps_them():
    try:
        try:
            raise UsageError("seed=x: must be\na number")
        except UsageError as error:
            raise RuntimeError("Error in call to target") from error
    except RuntimeError as error:
        assert told(error) == "UsageError: seed=x: must be a number"
    assert told(MemoryError()) == "MemoryError"


def test_surroundings(record, tmp_path):
    import torch

    with record.start():
        found = read(tmp_path)
    assert found["threads"] == torch.get_num_threads()
    assert found["versions"]["torch"] == str(torch.__version__)
    assert found["versions"]["numpy"] == np.__version__
    assert found["versions"]["colourize"] == colourize.__version__
    assert found["machine"]["cores"] >= 1 and found["machine"]["processor"] and found["machine"]["system"]


# ----------------------------------------------------------------------------------- the code's commit


@pytest.fixture
def checkout(tmp_path):
    """A checkout with a package of one file, and git to change it with."""

    def git(*arguments):
        identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (tmp_path / ".gitignore").write_text("venv/\n__pycache__/\n")
    return package, git


def test_commit_of_a_checkout(checkout, monkeypatch):
    package, git = checkout
    none = {"commit": None, "dirty": None}
    git("add", ".")
    assert surroundings.commit(package) == none  # nothing committed
    git("commit", "-m", "one")
    head = git("rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as within a git hook
    assert surroundings.commit(package) == {"commit": head, "dirty": False}
    (package.parent / "notes.txt").write_text("beside the code")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").write_text("")
    assert surroundings.commit(package) == {"commit": head, "dirty": False}
    (package.parent / "conf").mkdir()
    (package.parent / "conf" / "mine.yaml").write_text("")
    assert surroundings.commit(package) == {"commit": head, "dirty": True}
    (package.parent / "conf" / "mine.yaml").unlink()
    (package / "__init__.py").write_text("changed = 1")
    assert surroundings.commit(package) == {"commit": head, "dirty": True}
    monkeypatch.setenv("PATH", "")
    assert surroundings.commit(package) == none  # no git


def test_package_installed_inside_a_checkout_has_no_commit(checkout):
    package, git = checkout
    git("add", ".")
    git("commit", "-m", "one")
    installed = package.parent / "venv" / "package"
    installed.mkdir(parents=True)
    (installed / "__init__.py").write_text("")
    assert surroundings.commit(installed)["commit"] is None
