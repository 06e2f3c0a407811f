"""`results.csv`: columns of all jobs, rows in order, and no row lost when jobs end at the same time."""

import csv
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import RunMode
from omegaconf import OmegaConf

from colourize.errors import UsageError
from colourize.runs.results import ResultsTable, add_row


def table(path):
    """The columns and the rows, without the cells that are empty."""
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        rows = [{name: value for name, value in row.items() if value} for row in reader]
    return reader.fieldnames, rows


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.csv"


def test_columns_are_those_of_all_jobs(path):
    rows = [
        {"job": "0", "folder": "0", "status": "completed", "model": "cnn", "test/loss": "0.5"},
        {
            "job": "1",
            "folder": "1",
            "status": "failed",
            "model": "unet",
            "error": "UsageError: batch_size=0, and so",
        },
        {"job": "2", "folder": "2", "status": "completed", "seed": "1", "test/loss": "0.25", "test/psnr": "20.0"},
    ]
    for count, row in enumerate(rows, 1):
        add_row(path, row)
        assert table(path)[1] == rows[:count]  # whole after each job
    columns, _ = table(path)
    assert sorted(columns) == sorted({name for row in rows for name in row})
    assert columns[:3] == ["job", "folder", "status"]
    assert columns[-1] == "error"


def test_rows_are_in_the_order_of_the_jobs(path):
    for job in (10, 2, 0, 11, 1):
        add_row(path, {"job": str(job), "folder": str(job), "status": "completed"})
    assert [row["job"] for row in table(path)[1]] == ["0", "1", "2", "10", "11"]


def test_job_that_runs_again_replaces_its_row(path):
    add_row(path, {"job": "0", "folder": "0", "status": "completed", "test/loss": "1"})
    add_row(path, {"job": "1", "folder": "1", "status": "failed", "error": "killed"})
    add_row(path, {"job": "1", "folder": "1", "status": "completed", "test/loss": "2"})
    assert table(path)[1] == [
        {"job": "0", "folder": "0", "status": "completed", "test/loss": "1"},
        {"job": "1", "folder": "1", "status": "completed", "test/loss": "2"},
    ]


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


def test_awkward_values(path):
    row = {"job": "0", "folder": "0", "data.category": "[horse,deer]", "note": 'say "hi", twice\nand × 2', "a=b": "c=d"}
    add_row(path, row)
    add_row(path, {"job": "1", "folder": "1"})
    assert table(path)[1] == [row, {"job": "1", "folder": "1"}]


def test_only_the_table_and_its_lock_are_left(path):
    add_row(path, {"job": "0", "folder": "0"})
    assert {file.name for file in path.parent.iterdir()} <= {"results.csv", ".results.csv.lock"}


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


def test_rows_of_four_threads(path):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: add_row(path, {"job": str(job), "folder": str(job), "seed": str(job)}), range(60)))
    assert table(path)[1] == [{"job": str(job), "folder": str(job), "seed": str(job)} for job in range(60)]


# ------------------------------------------------------------------------------------ Hydra's callback


def end_job(folder, num, outcome, overrides=(), mode=RunMode.MULTIRUN):
    hydra = {
        "mode": mode,
        "job": {"num": num},
        "sweep": {"dir": str(folder), "subdir": f"{num},seed=3"},
        "overrides": {"task": list(overrides)},
    }
    failed = isinstance(outcome, Exception)
    job_return = JobReturn(status=JobStatus.FAILED if failed else JobStatus.COMPLETED)
    job_return.return_value = outcome
    ResultsTable().on_job_end(OmegaConf.create({"hydra": hydra}), job_return)


def test_jobs_become_rows(path, caplog):
    measures = {"test/loss": 0.1 + 0.2, "val/psnr": 20.0}
    end_job(path.parent, 0, measures, ["model=cnn", "+trainer.max_time=00:01", "data.category=[horse,deer]"])
    error = UsageError("model=x: must be\none of cnn, unet\nand so on")
    end_job(path.parent, 1, error, ["model=x", "~logger"])
    end_job(path.parent, 2, None, ["note=a=b"])
    told = "model=x: must be one of cnn, unet"
    columns, rows = table(path)
    assert rows == [
        {
            "job": "0",
            "folder": "0,seed=3",
            "status": "completed",
            "model": "cnn",
            "trainer.max_time": "00:01",
            "data.category": "[horse,deer]",
            "test/loss": "0.30000000000000004",
            "val/psnr": "20.0",
        },
        {"job": "1", "folder": "1,seed=3", "status": "failed", "model": "x", "error": f"UsageError: {told}"},
        {"job": "2", "folder": "2,seed=3", "status": "completed", "note": "a=b"},
    ]
    assert columns[:3] == ["job", "folder", "status"]
    assert columns[-1] == "error"
    assert "job 1 failed: UsageError" in caplog.text


def test_single_runs_have_no_table(path):
    end_job(path.parent, 0, {"test/loss": 0.5}, mode=RunMode.RUN)
    assert not path.exists()
