"""SIGKILL at random moments of a run, and of a sweep, until it has ended all the same: is it the one never killed?"""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from pathlib import Path

from colourize.checkpoints import newest
from colourize.runs.resuming import state
from colourize.runs.sweeps import FILE as SWEEP_FILE
from colourize.runs.tables import read_table
from torture.comparing import differences, left_over, unreadable
from torture.parts import Part, Totals, fail
from torture.processes import TINY, Process, of_session, run

# Dropout, augmentation, warm and measured schedules, validation within an epoch, several sizes of step.
RUNS = (
    ("~model", "+model._target_=resuming.Dropping", "augmentation=flips_and_shifts", "lr_scheduler=one_cycle"),
    ("model.num_filters=4", "optimizer=adamw", "lr_scheduler=cosine", "callbacks.checkpoints.every_n_steps=1"),
    ("model=cnn", "model.num_filters=4", "task=super_resolution_regression", "lr_scheduler=plateau",
     "callbacks.checkpoints.every_n_steps=3", "+trainer.accumulate_grad_batches=2"),
    ("model.num_filters=4", "optimizer=sgd", "+trainer.val_check_interval=2", "callbacks.checkpoints.every_n_steps=1"),
)  # fmt: skip
EPOCHS = 20
MOST_KILLS = 8  # of one run, which then is left to end
FRESH = 5  # every so many runs, all processes of one are new interpreters


def whole(folder: Path, words: tuple[str, ...], number: int) -> tuple[Path, float]:
    """The run that nobody kills, and the seconds that it takes in a fork."""
    place = folder / f"whole-{number}"
    if state(place / "run") != "finished":
        ended = run(("train", *words, "hydra.run.dir=run"), place)
        assert ended.code == 0, ended.told
    started = time.monotonic()
    ended = run(("train", *words, "hydra.run.dir=run", "overwrite=true"), place)
    assert ended.code == 0, ended.told
    return place / "run", time.monotonic() - started


def kill_a_run(folder: Path, number: int, chance: random.Random) -> Totals:
    """Kill a run again and again at random moments, resume it each time, and let it end."""
    words = (*TINY, f"trainer.max_epochs={EPOCHS}", *RUNS[number % len(RUNS)])
    reference, seconds = whole(folder, words, number % len(RUNS))
    fresh = number % FRESH == FRESH - 1
    here, totals = folder / f"run-{number}", Counter[str](runs=1, failures=0)
    shutil.rmtree(here, ignore_errors=True)
    run_folder = here / "run"
    faults: list[str] = []
    ended_well = False
    while not ended_well:
        # As a user would: the same command where nothing is there to be resumed.
        begun = state(run_folder) != "none"
        command = ("train", "resume=run") if begun else ("train", *words, "hydra.run.dir=run")
        process = Process(command, here, fresh=fresh)
        if totals["kills"] < MOST_KILLS:
            if fresh:  # its imports take as long as they like: half of the kills come when it has begun
                wait_for_its_start(process, run_folder, chance.choice([0.0, 1.0]))
            killed = process.kill_after(time.monotonic() - process.started + chance.uniform(0, seconds))
            if killed:
                totals["kills"] += 1
                totals[f"kills {_moment(run_folder)}"] += 1
        ended = process.wait()
        ended_well = ended.code == 0
        if not ended_well and ended.code != -9:
            faults.append(f"after {totals['kills']} kills it ended with {ended.code}: {ended.told}")
            break
        faults += [f"after {totals['kills']} kills: {each}" for each in unreadable(here)]
    if not faults:
        faults = differences(run_folder, reference)
        totals["different"] += bool(faults)
    else:
        totals["lost"] += 1
    if faults:
        totals["failures"] += 1
        fail(folder, f"run {number} ({' '.join(words)}): " + "\n  ".join(faults))
    else:
        shutil.rmtree(here)
    return totals


def wait_for_its_start(process: Process, folder: Path, share: float) -> None:
    """Wait until a new interpreter is about to train, or a second or so of its imports is over."""
    marker = folder / "train.log"
    before = marker.stat().st_size if marker.exists() else 0
    deadline = time.monotonic() + 60 * share
    while time.monotonic() < deadline and process.is_running():
        if marker.exists() and marker.stat().st_size > before:
            return
        time.sleep(0.01)


def _moment(folder: Path) -> str:
    if state(folder) == "none":
        return "before it began"
    if state(folder) == "finished":
        return "at its end"
    if newest(folder) is None:
        return "before its first checkpoint"
    table = folder / "metrics.csv"
    return "in its test" if table.exists() and len(read_table(table)) == EPOCHS else "in training"


JOBS = 12
SWEEP = (*TINY, "trainer.max_epochs=2", "model.num_filters=4", "model=cnn,unet", "seed=0,1,2", "data.batch_size=6,8")
MOST_SWEEP_KILLS = 6
PARALLEL = 3  # every so many sweeps, the jobs run side by side


def kill_a_sweep(folder: Path, number: int, chance: random.Random) -> Totals:
    """Kill a sweep of 12 jobs at random moments, launch it again each time, and let it end."""
    reference = folder / "whole"
    words = tuple(word for word in SWEEP if word != "data.batch_size=6")
    if not (reference / "sweep" / "results.csv").exists() or len(_completed(reference / "sweep")) < JOBS:
        ended = run(("train", "-m", *words, "hydra.sweep.dir=sweep"), reference)
        assert ended.code == 0, ended.told
    parallel = number % PARALLEL == PARALLEL - 1
    launcher = ("launcher=joblib",) if parallel else ()
    here, totals = folder / f"sweep-{number}", Counter[str](sweeps=1, failures=0)
    shutil.rmtree(here, ignore_errors=True)
    sweep, faults, ended_well = here / "sweep", [], False
    while not ended_well:
        again = ("train", "-m", *words, *launcher, "hydra.sweep.dir=sweep")
        if (sweep / "multirun.yaml").exists() and (sweep / SWEEP_FILE).exists() and chance.random() < 0.5:
            again = ("train", "resume=sweep")
        process = Process(again, here)
        killed = False
        if totals["kills"] < MOST_SWEEP_KILLS:
            killed = process.kill_after(chance.uniform(0, 12 if parallel else 6))
            totals["kills"] += killed
            totals["kills of parallel jobs"] += killed and parallel
        ended = process.wait()
        deadline = time.monotonic() + 20
        while of_session(process.pid) and time.monotonic() < deadline:  # workers end with their parent
            time.sleep(0.05)
        if of_session(process.pid):
            faults.append("workers outlive their parent")
        ended_well = ended.code == 0
        if not ended_well and ended.code != -9:
            faults.append(f"after {totals['kills']} kills it ended with {ended.code}: {ended.told}")
            break
        faults += [f"after {totals['kills']} kills: {each}" for each in unreadable(here)]
    faults += _differing_jobs(sweep, reference / "sweep") if ended_well else []
    if faults:
        totals["failures"] += 1
        fail(folder, f"sweep {number}: " + "\n  ".join(faults))
    else:
        shutil.rmtree(here)
    return totals


def _completed(sweep: Path) -> list[dict[str, str]]:
    return [row for row in read_table(sweep / "results.csv") if row["status"] == "completed"]


def _differing_jobs(sweep: Path, reference: Path) -> list[str]:
    """Every job once, in its place, with its values; and nothing else in the folder."""
    rows, theirs = (
        [{key: cell for key, cell in row.items() if key != "launcher"} for row in _completed(each)]
        for each in (sweep, reference)
    )
    faults = [] if rows == theirs else [f"results.csv: {len(rows)} completed rows, or others than those never killed"]
    if len({row["folder"] for row in rows}) != JOBS:
        faults.append(f"results.csv: {len(rows)} rows of {len({row['folder'] for row in rows})} folders")
    folders = {path.name for path in sweep.iterdir() if path.is_dir() and not path.name.startswith(".")}
    faults += sorted(folders ^ {row["folder"] for row in theirs})
    for row in theirs:
        for name in ("metrics.json", "metrics.csv"):
            if (sweep / row["folder"] / name).read_bytes() != (reference / row["folder"] / name).read_bytes():
                faults.append(f"{row['folder']}/{name}")
    return [*faults, *left_over(sweep)]


def _told(totals: Totals) -> str:
    moments = ", ".join(f"{count} {key[6:]}" for key, count in sorted(totals.items()) if key.startswith("kills "))
    return (
        f"{totals['kills']} kills of {totals['runs']} runs ({moments}): {totals['lost']} lost, "
        f"{totals['different']} different"
    )


def _told_of_sweeps(totals: Totals) -> str:
    return (
        f"{totals['kills']} kills of {totals['sweeps']} sweeps ({totals['kills of parallel jobs']} of them with jobs "
        f"side by side): {totals['failures']} with a job missing, twice or different"
    )


PARTS = (
    Part(
        "kills", "SIGKILL at random moments of a training run, resumed until it ends",
        "100 kills, 0 runs lost, final weights bit-identical", "kills", 100, 3, kill_a_run, _told,
    ),
    Part(
        "sweeps", "SIGKILL during a 12-job sweep, launched again",
        "30 kills, every job present once, values identical", "kills", 30, 1, kill_a_sweep, _told_of_sweeps,
    ),
)  # fmt: skip
