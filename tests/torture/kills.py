"""SIGKILL at random moments of a run and of a sweep: resumed until they end, they must equal those never killed."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from colourize.checkpoints import newest
from colourize.runs.resuming import state
from colourize.runs.sweeps import FILE as SWEEP_FILE
from colourize.runs.tables import read_table
from torture.comparing import differences, left_over, unreadable
from torture.parts import Part, Totals, conclude
from torture.processes import TINY, Process, of_session, run

# Dropout, augmentation, warm and measured schedules, validation within an epoch, several sizes of step.
RUNS = (
    ("~model", "+model._target_=resuming.Dropping", "augmentation=flips_and_shifts", "lr_scheduler=one_cycle"),
    ("model.num_filters=4", "optimizer=adamw", "lr_scheduler=cosine", "callbacks.checkpoints.every_n_steps=1"),
    ("model=cnn", "model.num_filters=4", "task=super_resolution_regression", "lr_scheduler=plateau",
     "callbacks.checkpoints.every_n_steps=3", "+trainer.accumulate_grad_batches=2"),
    ("model.num_filters=4", "optimizer=sgd", "+trainer.val_check_interval=2", "callbacks.checkpoints.every_n_steps=1"),
)  # fmt: skip
EPOCHS, JOBS = 20, 12
SWEEP = (
    *(word for word in TINY if not word.startswith("data.batch_size=")), "trainer.max_epochs=2", "model.num_filters=4",
    "model=cnn,unet", "seed=0,1,2", "data.batch_size=6,8",
)  # fmt: skip
MOST_KILLS, MOST_SWEEP_KILLS = 8, 6  # after these it is left to end
FRESH, PARALLEL = 5, 3  # every so many runs are new interpreters; every so many sweeps have parallel jobs


def kill_until_done(here: Path, begin: Callable[[], Process], kill: Callable[[Process], bool], totals: Totals,
                    most: int) -> list[str]:  # fmt: skip
    """Begin, kill and begin again until it ends by itself; returns what was wrong on the way."""
    faults: list[str] = []
    while True:
        process = begin()
        if totals["kills"] < most and kill(process):
            totals["kills"] += 1
        ended = process.wait()
        deadline = time.monotonic() + 20
        while (workers := of_session(process.pid)) and time.monotonic() < deadline:  # they end with their parent
            time.sleep(0.05)
        faults += ["workers outlive their parent"] if workers else []
        if ended.code not in (0, -9):
            return [*faults, f"after {totals['kills']} kills it ended with {ended.code}: {ended.output}"]
        faults += [f"after {totals['kills']} kills: {each}" for each in unreadable(here)]
        if ended.code == 0:
            return faults


def kill_a_run(folder: Path, number: int, chance: random.Random) -> Totals:
    """Kill a run again and again at random moments, resume it each time, and let it end."""
    words = ("train", *TINY, f"trainer.max_epochs={EPOCHS}", *RUNS[number % len(RUNS)], "hydra.run.dir=run")
    place = folder / f"whole-{number % len(RUNS)}"
    if state(place / "run") != "finished":
        run(words, place).check()
    seconds = run((*words, "overwrite=true"), place).check().seconds
    fresh = number % FRESH == FRESH - 1
    here, totals = folder / f"run-{number}", Counter[str](runs=1, failures=0)
    shutil.rmtree(here, ignore_errors=True)
    run_folder = here / "run"

    def begin() -> Process:
        # As a user would: the same command where nothing can be resumed.
        return Process(words if state(run_folder) == "none" else ("train", "resume=run"), here, fresh=fresh)

    def kill(process: Process) -> bool:
        if fresh:  # its imports may take long: half of the kills come when it has begun
            wait_for_its_start(process, run_folder, chance.choice([0.0, 1.0]))
        killed = process.kill_after(time.monotonic() - process.started + chance.uniform(0, seconds))
        if killed:
            totals[f"kills {_moment(run_folder)}"] += 1
        return killed

    faults = kill_until_done(here, begin, kill, totals, MOST_KILLS)
    totals["lost"] += bool(faults)
    if not faults:
        faults = differences(run_folder, place / "run")
        totals["different"] += bool(faults)
    return conclude(here, f"run {number} ({' '.join(words)})", faults, totals)


def wait_for_its_start(process: Process, folder: Path, share: float) -> None:
    """Wait until a new interpreter is about to train, or not at all where `share` is 0."""
    marker = folder / "train.log"
    before = marker.stat().st_size if marker.exists() else 0
    deadline = time.monotonic() + 60 * share
    while time.monotonic() < deadline and process.is_running():
        if marker.exists() and marker.stat().st_size > before:
            return
        time.sleep(0.01)


def _moment(folder: Path) -> str:
    found = state(folder)
    if found in ("none", "finished"):
        return "before it began" if found == "none" else "at its end"
    if newest(folder) is None:
        return "before its first checkpoint"
    table = folder / "metrics.csv"
    return "in its test" if table.exists() and len(read_table(table)) == EPOCHS else "in training"


def kill_a_sweep(folder: Path, number: int, chance: random.Random) -> Totals:
    """Kill a sweep of 12 jobs at random moments, launch it again each time, and let it end."""
    reference = folder / "whole" / "sweep"
    words = ("train", "-m", *SWEEP, "hydra.sweep.dir=sweep")
    if not (reference / "results.csv").exists() or len(_completed(reference)) < JOBS:
        run(words, reference.parent).check()
    parallel = number % PARALLEL == PARALLEL - 1
    here, totals = folder / f"sweep-{number}", Counter[str](sweeps=1, failures=0)
    shutil.rmtree(here, ignore_errors=True)
    sweep = here / "sweep"

    def begin() -> Process:
        if (sweep / "multirun.yaml").exists() and (sweep / SWEEP_FILE).exists() and chance.random() < 0.5:
            return Process(("train", "resume=sweep"), here)
        return Process((*words, *(["launcher=joblib"] if parallel else [])), here)

    def kill(process: Process) -> bool:
        killed = process.kill_after(chance.uniform(0, 12 if parallel else 6))
        totals["kills of parallel jobs"] += killed and parallel
        return killed

    faults = kill_until_done(here, begin, kill, totals, MOST_SWEEP_KILLS)
    return conclude(here, f"sweep {number}", faults or _differing_jobs(sweep, reference), totals)


def _completed(sweep: Path) -> list[dict[str, str]]:
    return [row for row in read_table(sweep / "results.csv") if row["status"] == "completed"]


def _differing_jobs(sweep: Path, reference: Path) -> list[str]:
    """Every job must be there once, in its place, with its values, and nothing else in the folder."""
    rows, expected = (
        [{key: cell for key, cell in row.items() if key != "launcher"} for row in _completed(each)]
        for each in (sweep, reference)
    )
    names = {row["folder"] for row in rows}
    faults = [] if rows == expected else [f"results.csv: {len(rows)} completed rows, or other values than expected"]
    faults += [] if len(names) == JOBS else [f"results.csv: {len(rows)} rows of {len(names)} folders"]
    folders = {path.name for path in sweep.iterdir() if path.is_dir() and not path.name.startswith(".")}
    faults += sorted(folders ^ {row["folder"] for row in expected})
    files = [f"{row['folder']}/{name}" for row in expected for name in ("metrics.json", "metrics.csv")]
    faults += [file for file in files if (sweep / file).read_bytes() != (reference / file).read_bytes()]
    return [*faults, *left_over(sweep)]


def _describe(totals: Totals) -> str:
    moments = ", ".join(f"{count} {key[6:]}" for key, count in sorted(totals.items()) if key.startswith("kills "))
    outcome = f"{totals['lost']} lost, {totals['different']} different"
    return f"{totals['kills']} kills of {totals['runs']} runs ({moments}): {outcome}"


def _describe_sweeps(totals: Totals) -> str:
    return (
        f"{totals['kills']} kills of {totals['sweeps']} sweeps ({totals['kills of parallel jobs']} of them with jobs "
        f"side by side): {totals['failures']} with a job missing, twice or different"
    )


PARTS = (
    Part(
        "kills", "SIGKILL at random moments of a training run, resumed until it ends",
        "100 kills, 0 runs lost, final weights bit-identical", "kills", 100, 3, kill_a_run, _describe,
    ),
    Part(
        "sweeps", "SIGKILL during a 12-job sweep, launched again",
        "30 kills, every job present once, values identical", "kills", 30, 1, kill_a_sweep, _describe_sweeps,
    ),
)  # fmt: skip
