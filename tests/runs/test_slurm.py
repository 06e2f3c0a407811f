"""Sweeps on a SLURM of one node, started here on the loopback address: what becomes of jobs, and what is told."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from console import TINY, succeed, wait_for

from colourize.runs.tables import read_table

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
SYSTEM = f"{os.environ['PATH']}:/usr/sbin"
CONFIGURATION = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=4
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=5
SchedulerParameters=sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP
"""
WORDS = (
    *TINY,
    "trainer.enable_progress_bar=false",
    "measures.names=[mse]",
    "launcher=submitit",
    "hydra.launcher.cpus_per_task=1",
    "hydra.launcher.mem_gb=1",
    "hydra.sweep.dir=sweep",
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="a SLURM of one's own needs root"),
    pytest.mark.skipif(not all(shutil.which(name, path=SYSTEM) for name in PROGRAMS), reason="needs SLURM and munge"),
]


def asked(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher", reason="comes with the extra slurm")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "state").mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in (one, other)]
    file = folder / "slurm.conf"
    file.write_text(CONFIGURATION.format(folder=folder, host=socket.gethostname(), ports=ports))
    own = {"key-file": key, **{f"{name}-file": folder / f"munge.{name}" for name in ("pid", "log", "seed")}}
    munge = [f"--{name}={path}" for name, path in own.items()]
    daemons = [
        ["munged", "--foreground", "--force", f"--socket={folder}/munge.socket", *munge], ["slurmctld", "-D"],
        ["slurmd", "-D"],
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"SLURM_CONF": str(file), "PATH": SYSTEM, "OMP_NUM_THREADS": "1"}.items():
            patch.setenv(name, value)
        running = []
        try:
            for command in daemons:
                running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                if command[0] == "munged":
                    wait_for((folder / "munge.socket").exists, 20)
            wait_for(lambda: asked("sinfo", "-h", "-o", "%T") == "idle", 60)
            yield
            asked("scancel", "--state=PENDING", "--user=root")
            asked("scancel", "--user=root")
            wait_for(lambda: not asked("squeue", "-h"), 60)
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait(30)


def launch(cwd: Path, *words: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "colourize.train", "-m", *WORDS, *words],
        cwd=cwd, env={**os.environ, **environment}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def statuses(cwd: Path) -> list[str]:
    table = cwd / "sweep" / "results.csv"
    return [row["status"] for row in read_table(table)] if table.exists() else []


@pytest.mark.usefixtures("node")
def test_jobs_that_can_never_start_are_told_with_slurms_reason(tmp_path: Path) -> None:
    command = launch(tmp_path, "seed=0,1", "hydra.launcher.cpus_per_task=8")
    shown = command.communicate(timeout=60)[0].splitlines()
    assert command.returncode == 2
    assert "PartitionConfig" in shown[-1] and "hydra.launcher.cpus_per_task=8" in shown[-1]
    assert not asked("squeue", "-h") and not list(tmp_path.iterdir())


@pytest.mark.usefixtures("node")
def test_jobs_outlive_their_command_and_go_on_where_they_were_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs that get SLURM's signal of a time limit in the middle of an epoch, and one that is killed there."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(Path(__file__).parent.parent)]))
    words = ("trainer.max_epochs=4", "+callbacks.signals._target_=resuming.Signals")
    limited, killed = tmp_path / "limited", tmp_path / "killed"
    for folder in (limited, killed):
        folder.mkdir()
    first = launch(limited, *words, "seed=0,1", STOP="SIGUSR2-step-5")
    wait_for(lambda: asked("squeue", "-h"))
    assert len(statuses(limited)) == 2 and set(statuses(limited)) <= {"pending", "running"}
    time.sleep(1)  # for sbatch to return
    first.send_signal(signal.SIGTERM)
    shown = first.communicate(timeout=300)[0]
    assert first.returncode == 143 and "2 jobs go on in SLURM. To cancel them: scancel " in shown
    array = shown.partition("scancel ")[2].partition(".")[0]

    second, other = launch(limited, *words, "seed=0,1"), launch(killed, *words, "seed=0", STOP="SIGKILL-step-5")
    shown = other.communicate(timeout=300)[0]
    assert other.returncode == 1 and "ended without a result; see sweep/.submitit/" in shown
    assert "1 of 1 jobs are not finished. To go on: colourize-train resume=sweep" in shown
    assert statuses(killed) == ["interrupted"]
    third = launch(killed, *words, "seed=0")
    shown = second.communicate(timeout=300)[0]
    assert second.returncode == 0 and f"In SLURM's queue already: {array}_0 {array}_1" in shown
    assert "sacct" not in shown and statuses(limited) == ["completed"] * 2
    for seed in (0, 1):
        assert asked("scontrol", "show", "job", f"{array}_{seed}").count("Restarts=1 ") == 1
    assert third.wait(timeout=300) == 0 and statuses(killed) == ["completed"]

    plain = [word for word in (*WORDS, words[0]) if "launcher" not in word]
    succeed("train", ["-m", *plain, "seed=0,1"], tmp_path / "plain")
    for sweep, seed in ((limited, 0), (limited, 1), (killed, 0)):
        (found,), expected = sweep.glob(f"sweep/*{seed}"), tmp_path / "plain" / "sweep" / f"seed-{seed}"
        for name in ("metrics.csv", "metrics.json"):
            assert (found / name).read_bytes() == (expected / name).read_bytes()


@pytest.mark.usefixtures("node")
def test_ddp_takes_a_task_a_process(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    words = ("seed=0", "trainer=ddp", "trainer.accelerator=cpu")
    commands = [launch(folder, *words, f"hydra.launcher.tasks_per_node={n}") for n, folder in enumerate(folders, 1)]
    shown = [command.communicate(timeout=300)[0] for command in commands]
    assert [command.returncode for command in commands] == [2, 0]
    assert "error: trainer.devices=2: must equal this SLURM job's hydra.launcher.tasks_per_node=1" in shown[0]
    assert [statuses(folder) for folder in folders] == [["failed"], ["completed"]]
