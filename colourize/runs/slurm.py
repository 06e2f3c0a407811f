"""A sweep's jobs on a SLURM cluster: Hydra's submitit launcher, extended to find its jobs again and to report errors.

The jobs belong to SLURM: they continue when the command that queued them ends, and the same command waits for them
again. A job that SLURM stops, at its time limit or for another job, saves its state and continues when SLURM starts it
again.
"""

from __future__ import annotations

import getpass
import logging
import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra_plugins.hydra_submitit_launcher import submitit_launcher
from submitit.core.core import InfoWatcher
from submitit.core.utils import FailedJobError, UncompletedJobError
from submitit.slurm.slurm import SlurmJob, SlurmJobEnvironment

from colourize.errors import InputError, UsageError, one_line
from colourize.runs import results, resuming, stopping, sweeps

log = logging.getLogger(__name__)

# SLURM's reasons for jobs that can never start on this cluster with these resources.
NEVER = re.compile(
    r"BadConstraints|DependencyNeverSatisfied|Partition(Config|NodeLimit|TimeLimit)|Invalid(Account|QOS)"
    r"|(Account|QOS)NotAllowed|(Assoc|QOS)M(ax|in)\w*Per(Job|Node)\w*"
)
OFTEN, SELDOM = 2.0, 60.0  # seconds between two queries, at first and for long jobs
RESOURCES = ("partition", "cpus_per_task", "gpus_per_node", "tasks_per_node", "nodes", "mem_gb", "timeout_min")


class Queue(InfoWatcher):
    """This user's jobs in SLURM, from squeue, which needs no accounting (unlike sacct) and knows why a job waits."""

    def __init__(self, resources: str = "") -> None:
        super().__init__()
        self.resources = resources  # the resources that the jobs request
        self.mine: set[str] = set()
        self.waiting: set[str] | None = None  # this user's jobs in the queue or running; None: SLURM did not answer
        self._logged: set[str] = set()
        self._since = self._queried = float("-inf")

    def register_job(self, job_id: str) -> None:
        """Add a job that was just queued, or found again."""
        self.mine.add(job_id)
        self._since, self._queried = time.monotonic(), float("-inf")

    def is_done(self, job_id: str, mode: str = "standard") -> bool:
        """Whether SLURM no longer has this job."""
        now = time.monotonic()
        if now - self._queried > min(SELDOM, max(OFTEN, (now - self._since) / 4)):
            self.query()
        return self.waiting is not None and job_id not in self.waiting

    def get_state(self, job_id: str, mode: str = "standard") -> str:
        """The state that submitit names in its errors."""
        return "UNKNOWN"

    def left(self) -> set[str]:
        """The jobs of this sweep that are queued or run."""
        return self.mine if self.waiting is None else self.mine & self.waiting

    def query(self) -> None:
        """Ask SLURM for this user's jobs. If none of them can ever start, they are cancelled with a UsageError."""
        self._queried = time.monotonic()
        command = ["squeue", "--noheader", "--array", f"--user={getpass.getuser()}", "--format=%i|%r"]
        try:
            answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
        except (OSError, subprocess.SubprocessError) as error:
            self._log_once("SLURM does not answer: %s", one_line(getattr(error, "stderr", None) or error))
            return
        reasons = dict(line.strip().split("|", 1) for line in answer.splitlines())
        self.waiting = set(reasons)
        never = {job: why for job, why in reasons.items() if job in self.mine and NEVER.fullmatch(why)}
        for why in sorted({reasons[job] for job in self.left()} - {"None", *never.values()}):
            self._log_once("Jobs wait in SLURM's queue: %s", why)
        if never:
            subprocess.run(["scancel", *never], check=False, capture_output=True)
            self.waiting -= never.keys()
            why = ", ".join(sorted(set(never.values())))
            message = f"SLURM can never start jobs with these resources ({why}): {self.resources}"
            if not self.left():
                raise UsageError(f"{message}; nothing is left in its queue")
            log.error("%s; these jobs are cancelled: %s", message, " ".join(never))

    def _log_once(self, text: str, what: str) -> None:
        if what not in self._logged:
            self._logged.add(what)
            log.warning(text, what)


class SlurmLauncher(submitit_launcher.SlurmLauncher):  # type: ignore[misc]
    """Queues the jobs of a sweep that are neither finished nor queued, and waits for all jobs."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Launch jobs.

        Raises:
            UsageError: SLURM refuses the jobs.
            InputError: a job ended without a result.
        """
        values = {f"hydra.launcher.{key}": self.params.get(key) for key in RESOURCES}
        queue = Queue(", ".join(f"{key}={value}" for key, value in values.items() if value is not None))
        SlurmJob.watcher = queue  # type: ignore[assignment]
        try:
            with stopping.importing(False):
                return self._launch(queue, job_overrides, initial_job_idx)
        except (FailedJobError, UncompletedJobError) as error:
            if not queue.mine:
                raise UsageError(f"launcher=submitit: {one_line(str(error).replace('sbatch: error: ', ''))}") from error
            while not all(queue.is_done(job) for job in queue.mine):  # the other jobs continue
                time.sleep(1)
            if isinstance(error, FailedJobError):  # its traceback is between two lines of dashes
                reason = one_line(str(error).split("-" * 22)[1].strip().splitlines()[-1])
            else:
                job = str(error).split()[1]
                reason = f"job {job} ended without a result; see {self.params['submitit_folder'].replace('%j', job)}"
            raise InputError(f"launcher=submitit: {reason}") from error
        except stopping.Stopped:
            self._leave(queue)
            raise

    def _launch(self, queue: Queue, job_overrides: Sequence[Sequence[str]], number: int) -> list[JobReturn]:
        queued = self._queued(queue)
        jobs = [(each, sweeps.identity(each)) for each in job_overrides]
        finished = {job for each, job in jobs if job not in queued and self._is_finished(each)}
        new = [each for each, job in jobs if job not in queued and job not in finished]
        begun = iter(super().launch(new, number) if new else [])
        found: list[JobReturn] = []
        for place, (each, job) in enumerate(jobs, number):
            if job in queued:
                found.append(queued[job].result())
            elif job in finished:  # it needs no cluster to return its measures
                launcher = BasicLauncher()
                launcher.setup(hydra_context=self.hydra_context, task_function=self.task_function, config=self.config)
                found += launcher.launch([each], place)
            else:
                found.append(next(begun))
        return found

    def _queued(self, queue: Queue) -> dict[frozenset[str], SlurmJob[JobReturn]]:
        """The jobs of this sweep that an earlier command queued and that have not ended."""
        folder = Path(self.params["submitit_folder"]).absolute()
        if not folder.parent.is_dir():
            return {}
        queue.query()
        names = sorted({path.name for path in folder.parent.iterdir()} & (queue.waiting or set()))
        jobs = [SlurmJob[JobReturn](folder, name) for name in names]
        if jobs:
            log.info("In SLURM's queue already: %s", " ".join(names))
        return {sweeps.identity(job.submission().args[0]): job for job in jobs}

    def _is_finished(self, overrides: Sequence[str]) -> bool:
        assert self.config is not None
        sweep = self.config.hydra.sweep.dir
        folder = sweeps.folder_of(sweep, overrides)
        if folder is None or "overwrite=true" in overrides:
            return False
        return resuming.state(Path(sweep, folder)) == "finished"

    def _leave(self, queue: Queue) -> None:
        assert self.config is not None
        queue.query()
        left = queue.left()
        if left:
            results.leave()
            arrays = " ".join(sorted({job.partition("_")[0] for job in left}))
            again = resuming.command(self.config.hydra.sweep.dir)
            print(f"{len(left)} jobs go on in SLURM. To cancel them: scancel {arrays}. To wait for them again: {again}")

    def __call__(self, sweep_overrides: list[str], *others: Any) -> JobReturn:
        """Run a job, in one of SLURM's processes."""
        assert self.config is not None
        if os.environ.get("SLURM_RESTART_COUNT", "0") != "0":  # the job resumes what it started itself
            sweep_overrides = [word for word in sweep_overrides if not word.startswith("overwrite=")]
        sweep = self.config.hydra.sweep.dir
        signum = SlurmJobEnvironment._usr_sig()
        queue_again: Any = signal.getsignal(signum)  # submitit's handler, which also ends this process

        def end() -> None:
            results.interrupt(sweep, sweeps.folder_of(sweep, sweep_overrides))
            if stopping.received() == signum:
                queue_again(signum, None)

        with stopping.handled({signum: "SLURM's signal before it ends a job"}):
            stopping.clean_up_by(end)
            try:
                return super().__call__(sweep_overrides, *others)
            except stopping.Stopped:
                end()
                raise


def provide() -> None:
    """Make Hydra use this launcher in place of the plugin's."""
    base = submitit_launcher.SlurmLauncher
    Plugins.instance().class_name_to_class[f"{base.__module__}.{base.__name__}"] = SlurmLauncher
