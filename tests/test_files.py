"""Files are written whole or not at all: whatever fails at whatever moment, the old one stands and nothing is left."""

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colourize.files import remove_parts, whole_file, write_json, write_whole

OLD, NEW = "old\n", "new\r\nlines, × and –\n"


@pytest.fixture
def path(tmp_path):
    write_whole(tmp_path / "table.csv", OLD)
    return tmp_path / "table.csv"


def assert_untouched(path):
    assert path.read_bytes() == OLD.encode()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def no_space(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_json_has_null_where_there_is_no_number(path):
    values = {"nan": np.nan, "list": (np.inf, 1, None), "array": np.array([[-np.inf, 0.5]], np.float32), "path": path}
    write_json(path, values)
    expected = {"nan": None, "list": [None, 1, None], "array": [[None, 0.5]], "path": str(path)}
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == expected


def test_writers_that_choose_the_format_by_the_name(tmp_path):
    with whole_file(tmp_path / "colours.npy") as part:
        np.save(part, np.arange(3))
    with whole_file(tmp_path / "grid.png") as part:
        Image.new("RGB", (2, 2)).save(part)
        assert part.parent == tmp_path and part.name.startswith(".")
    assert np.load(tmp_path / "colours.npy").tolist() == [0, 1, 2]
    assert Image.open(tmp_path / "grid.png").format == "PNG"
    assert {file.name for file in tmp_path.iterdir()} == {"colours.npy", "grid.png"}


def test_it_is_on_the_disk_before_it_has_its_name(path, monkeypatch):
    calls = []
    replace, fsync = os.replace, os.fsync

    def synced(file):
        status = os.fstat(file)
        calls.append("folder" if stat.S_ISDIR(status.st_mode) else status.st_size)
        fsync(file)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", lambda *names: (calls.append("replace"), replace(*names)))
    write_whole(path, b"1234")
    assert calls == [4, "replace", "folder"]  # nor may the new name be lost after that


def test_the_old_one_is_kept_beside_it(path, monkeypatch):
    kept = path.with_name("before.csv")
    write_whole(path, NEW, keep=kept)
    assert kept.read_bytes() == OLD.encode() and path.read_bytes() == NEW.encode()
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError):
        write_whole(path, "third", keep=kept)
    assert kept.read_bytes() == OLD.encode() and path.read_bytes() == NEW.encode()


def test_four_processes_write_the_same_file(path):
    program = """
import sys
from pathlib import Path
from colourize.files import write_whole
path, letter = Path(sys.argv[1]), sys.argv[2]
for _ in range(20):
    write_whole(path, letter * 100_000)
    assert set(path.read_text()) < set("abcd") and len(path.read_text()) == 100_000
"""
    processes = [subprocess.Popen([sys.executable, "-c", program, str(path), letter]) for letter in "abcd"]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    assert len(set(path.read_text())) == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_a_killed_writer_left_goes_and_nothing_else(tmp_path):
    program = """
import os, signal, sys
from pathlib import Path
from colourize.files import whole_file
with whole_file(sys.argv[1]) as part:
    part.write_text("half a")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "last.ckpt"
    path.write_text(OLD)
    others = [tmp_path / name for name in ("my.part.ckpt", ".hidden.part", ".last.12-0123.part.ckpt")]
    for other in others:
        other.touch()
    subprocess.run([sys.executable, "-c", program, str(path)])
    assert len(list(tmp_path.iterdir())) == 5 and path.read_text() == OLD
    remove_parts(tmp_path, tmp_path / "no folder")
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def test_whatever_fails_the_old_file_stands(path, monkeypatch):
    for error in (ValueError, KeyboardInterrupt, SystemExit):
        with pytest.raises(error), whole_file(path) as part:
            part.write_text("half a")
            raise error
        assert_untouched(path)

    def half(self, content):
        with self.open("wb") as file:
            file.write(content[: len(content) // 2])
        no_space()

    for owner, name, fault in ((os, "fsync", no_space), (os, "replace", no_space), (Path, "write_bytes", half)):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fault)
            with pytest.raises(OSError, match=r"No space left on device: '.*table\.csv'"):
                write_whole(path, NEW)
        assert_untouched(path)
    with pytest.raises(FileNotFoundError, match=r"/nowhere/table\.csv'"):
        write_whole(path.parent / "nowhere" / "table.csv", NEW)


def test_contents_and_permissions(path):
    beside = path.with_name("plain")
    beside.write_text("")
    assert path.stat().st_mode == beside.stat().st_mode  # other users may read it
    beside.unlink()
    for content in (NEW, b"\x00\xff\n"):
        write_whole(str(path), content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    with whole_file(path) as one, whole_file(path) as other:  # as threads do
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"  # which was closed last
    assert [file.name for file in path.parent.iterdir()] == [path.name]
