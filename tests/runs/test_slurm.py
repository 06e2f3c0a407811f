"""Sweeps on a SLURM of one node, started here on the loopback address: what becomes of jobs, and what is told."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from console import TINY, succeed

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


def wait_for(condition: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


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
def test_jobs_outlive_their_command_are_queued_again_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both jobs are signalled in the middle of an epoch, as at a time limit; one of them is killed later on."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([*sys.path, str(Path(__file__).parent.parent)]))
    words = ("seed=0,1", "trainer.max_epochs=40", "+callbacks.signals._target_=resuming.Signals")
    command = launch(tmp_path, *words, STOP="SIGUSR2-step-5")
    wait_for(lambda: asked("squeue", "-h"))
    assert len(statuses(tmp_path)) == 2 and set(statuses(tmp_path)) <= {"pending", "running"}
    time.sleep(1)
    command.send_signal(signal.SIGTERM)
    shown = command.communicate(timeout=60)[0]
    assert command.returncode == 143 and "2 jobs go on in SLURM. To cancel them: scancel " in shown
    array = shown.partition("scancel ")[2].partition(".")[0]
    assert len(asked("squeue", "-h", "-r").splitlines()) == 2

    command = launch(tmp_path, *words)
    checkpoint = tmp_path / "sweep" / "seed-1" / "checkpoints" / "last.ckpt"
    wait_for(checkpoint.exists)
    restarts = [asked("scontrol", "show", "job", f"{array}_{each}") for each in (0, 1)]
    wait_for(lambda: statuses(tmp_path)[1] == "running")
    asked("scancel", "--signal=KILL", f"{array}_1")
    shown = command.communicate(timeout=120)[0]
    print(shown, restarts)
    assert command.returncode == 1 and f"In SLURM's queue already: {array}_0 {array}_1" in shown
    assert "sacct" not in shown and f"job {array}_1 " in shown.lower()
    assert "1 of 2 jobs are not finished. To go on: colourize-train resume=sweep" in shown

    command = launch(tmp_path, *words)
    shown = command.communicate(timeout=120)[0]
    assert command.returncode == 0 and shown.count("this job is finished") == 1
    assert statuses(tmp_path) == ["completed"] * 2
    plain = [word for word in (*WORDS, *words[:2]) if "launcher" not in word]
    succeed("train", ["-m", *plain], tmp_path / "plain")
    for seed in (0, 1):
        for name in ("metrics.csv", "metrics.json"):
            found, expected = (tmp_path / each / f"seed-{seed}" / name for each in ("sweep", "plain/sweep"))
            assert found.read_bytes() == expected.read_bytes()


@pytest.mark.usefixtures("node")
def test_ddp_takes_a_task_a_process(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    words = ("seed=0", "trainer=ddp", "trainer.accelerator=cpu")
    commands = [launch(folder, *words, f"hydra.launcher.tasks_per_node={n}") for n, folder in enumerate(folders, 1)]
    shown = [command.communicate(timeout=120)[0] for command in commands]
    print(*shown)
    assert [command.returncode for command in commands] == [2, 0]
    assert "error: trainer.devices=2: of a SLURM job with hydra.launcher.tasks_per_node=1" in shown[0]
    assert [statuses(folder) for folder in folders] == [["failed"], ["completed"]]
