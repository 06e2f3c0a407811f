"""`run.json` is whole at any time, says how the run ended, and names the code that made the numbers."""

import errno
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
import torch

import colourize
from colourize.errors import UsageError
from colourize.runs.record import RunRecord, commit, error_summary, read_record


@pytest.fixture
def record(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/some/where/colourize-train", "seed=1"])
    return RunRecord(tmp_path)


def test_a_run_from_start_to_end(record, tmp_path):
    with record.phase("data"):
        pass
    with record.start():
        record.update(seeds={"seed": 1}, device="cpu")
        assert not list(tmp_path.iterdir())
        record.begin()
        begun = read_record(tmp_path)
        with record.phase("training"), record.phase("sampling"):
            pass
        assert list(read_record(tmp_path)["phases"]) == ["data", "sampling", "training"]
        record.update(parameters=7, device="cuda:0")
        assert read_record(tmp_path)["parameters"] == 7
    ended = read_record(tmp_path)
    assert begun["status"] == "running" and begun["ended"] is None and begun["seconds"] is None
    assert ended["status"] == "completed" and ended["seconds"] >= 0 and "error" not in ended
    assert (ended["command"], ended["overrides"]) == (["colourize-train", "seed=1"], [])
    assert (ended["seeds"], ended["device"]) == ({"seed": 1}, "cuda:0")
    started, end = (datetime.fromisoformat(ended[name]) for name in ("started", "ended"))
    assert timedelta(0) <= end - started and datetime.now(timezone.utc) - started < timedelta(minutes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]
    assert ended["threads"] == torch.get_num_threads()
    versions = {"torch": str(torch.__version__), "numpy": np.__version__, "colourize": colourize.__version__}
    assert versions.items() <= ended["versions"].items()
    assert ended["machine"]["cores"] >= 1 and ended["machine"]["processor"] and ended["machine"]["system"]
    with RunRecord(tmp_path).start(resumes=True):
        pass
    assert [start["status"] for start in read_record(tmp_path)["earlier"]] == ["completed"]


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
    ended = read_record(tmp_path)
    assert (ended["status"], ended.get("error")) == (status, words)
    assert ended["ended"] and list(ended["phases"]) == ["training"]


def test_a_run_that_did_not_begin_leaves_an_earlier_record(tmp_path):
    (tmp_path / "run.json").write_text('{"status": "completed"}')
    with pytest.raises(ValueError), RunRecord(tmp_path).start():
        raise ValueError
    assert read_record(tmp_path) == {"status": "completed"}


def test_a_failure_keeps_its_own_error_on_a_full_disk(record, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ValueError), record.start():
        record.begin()
        monkeypatch.setattr(os, "fsync", full)
        raise ValueError
    assert read_record(tmp_path)["status"] == "running"


def test_one_of_several_processes_writes(record, tmp_path):
    with record.start(writes=False), record.phase("training"):
        record.begin()
    assert not list(tmp_path.iterdir())


def test_the_summary_of_an_error_is_the_users_error_in_it():
    wrapper = RuntimeError("Error in call to target")
    wrapper.__cause__ = UsageError("seed=x: must be\na number")
    assert error_summary(wrapper) == "UsageError: seed=x: must be a number"
    assert error_summary(MemoryError()) == "MemoryError"


@pytest.mark.parametrize("content", ["", '{"status": "runn', "[1]", "[" * 100_000])
def test_a_damaged_record_is_empty(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    assert read_record(tmp_path) == {}


def test_commit_of_a_checkout(tmp_path, monkeypatch):
    def git(*arguments):
        identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    package, installed = tmp_path / "package", tmp_path / "venv" / "package"
    for folder in (package, installed):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
    (tmp_path / ".gitignore").write_text("venv/\n__pycache__/\n")
    none = {"commit": None, "dirty": None}
    git("add", ".")
    assert commit(package) == none  # nothing is committed
    git("commit", "-m", "one")
    clean = {"commit": git("rev-parse", "HEAD"), "dirty": False}
    monkeypatch.setenv("GIT_DIR", "/nowhere")  # as within a git hook
    assert commit(package) == clean
    assert commit(installed) == none
    (tmp_path / "notes.txt").write_text("beside the code")
    assert commit(package) == clean
    for changed in (tmp_path / "conf" / "mine.yaml", package / "more.py"):
        changed.parent.mkdir(exist_ok=True)
        changed.write_text("")
        assert commit(package) == {**clean, "dirty": True}
        changed.unlink()
    monkeypatch.setenv("PATH", "")  # no git
    assert commit(package) == none
