"""`results.csv`: columns of all jobs, rows in order, and no row lost when jobs end at the same time."""

import csv
import subprocess
import sys

import pytest

from colourize.runs.results import add_row


def table(path):
    """The columns and the rows, without the cells that are empty."""
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        rows = [{name: value for name, value in row.items() if value} for row in reader]
    return reader.fieldnames, rows


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.csv"


def test_rows_and_columns(path):
    awkward = {"data.category": "[horse,deer]", "note": 'say "hi", twice\nand × 2', "a=b": "c=d"}
    rows = [
        {"job": "0", "folder": "0", "status": "completed", "model": "cnn", "test/loss": "0.5"},
        {"job": "2", "folder": "2", "status": "failed", "model": "unet", "error": "UsageError: batch_size=0, and so"},
        {"job": "10", "folder": "10", "status": "completed", "test/loss": "0.25", "test/psnr": "20.0", **awkward},
    ]
    for row in (rows[2], {**rows[1], "status": "running"}, rows[0], rows[1]):  # the second replaces its own row
        add_row(path, row)
    columns, found = table(path)
    assert found == rows
    assert sorted(columns) == sorted({name for row in rows for name in row})
    assert columns[:3] == ["job", "folder", "status"] and columns[-1] == "error"
    assert {file.name for file in path.parent.iterdir()} <= {"results.csv", ".results.csv.lock"}


def test_a_finished_job_keeps_its_row_until_another_run_has_begun_in_its_folder(path):
    done = {"job": "0", "folder": "seed-0", "status": "completed", "test/loss": "1"}
    add_row(path, done)
    for status in ("running", "failed"):
        add_row(path, {"job": "0", "folder": "seed-0", "status": status, "error": "could not start"})
        assert table(path)[1] == [done]
    (path.parent / "seed-0").mkdir()
    (path.parent / "seed-0" / "config.yaml").touch()  # as overwrite=true leaves it: no measures so far
    add_row(path, {"job": "0", "folder": "seed-0", "status": "running"})
    assert table(path)[1] == [{"job": "0", "folder": "seed-0", "status": "running"}]


def test_rows_of_four_processes(path):
    program = """
import sys
from pathlib import Path
from colourize.runs.results import add_row
path, start = Path(sys.argv[1]), int(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for job in range(start, 80, 4):
    add_row(path, {"job": str(job), "folder": str(job), f"only{start}": str(job)})
"""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(start)], **pipes) for start in range(4)
    ]
    for process in processes:
        assert process.stdout.readline() == b"ready\n"
    for process in processes:  # all at once: starting takes longer than writing
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    assert table(path)[1] == [{"job": str(job), "folder": str(job), f"only{job % 4}": str(job)} for job in range(80)]
