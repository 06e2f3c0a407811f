"""Short writes, a full disk, the end of the process, at every site that writes a file: all files must stay whole."""

from __future__ import annotations

import contextlib
import functools
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from colourize import train
from colourize.data.cifar10 import CATEGORIES, CIFAR10Data, cache_path, read_cache
from colourize.runs.resuming import state
from colourize.timing import parts, report
from torture.archives import mirror_of
from torture.comparing import differences, left_over, unreadable
from torture.fault_injection import FAULTS, Fault, Injection, all_sites
from torture.parts import Part, Totals, fail
from torture.processes import TESTS, TINY, Ended, Work, run

RUN = ("train", *TINY, "model.num_filters=4", "trainer.max_epochs=2")
EXPERIMENTS = ("a1_layers", "e_activations", "f3_human_judgement")  # whose sections have files of their own


@dataclass(frozen=True)
class Scenario:
    """Something that writes files.

    Args:
        work: what is run in a folder, and run there again after a fault; called with the folder and that of the inputs.
        differ: how the folder, in the end, differs from the one without a fault.
        tells: whether a full disk ends with one line and the exit code 1, as a console script has it.
    """

    name: str
    work: Callable[[Path, Path], Work]
    differ: Callable[[Path, Path], list[str]]
    tells: bool = True


def inject(folder: Path, number: int, chance: random.Random) -> Totals:
    """Inject each fault into one scenario, at each site that no earlier scenario reaches: the first and last time."""
    scenario = SCENARIOS[number % len(SCENARIOS)]
    inputs, whole, totals = folder / "inputs", folder / scenario.name / "whole", Counter[str](scenarios=1, failures=0)
    shutil.rmtree(folder / scenario.name, ignore_errors=True)
    _prepare(inputs)
    steps = folder / scenario.name / "steps.txt"
    _run(scenario, inputs, whole, Injection(steps)).check()
    earlier = {site for each in SCENARIOS[:number] for site, _ in _times(folder / each.name / "steps.txt")}
    times = {key: count for key, count in _times(steps).items() if key[0] not in earlier}
    totals.update({f"site {site}": 1 for site, _ in times})
    for fault in _faults(times):
        name = f"{fault.site}-{fault.step}-{fault.kind}-{fault.nth}".replace("/", ".").replace(" ", "-")
        here = folder / scenario.name / name
        found = list(_faulty(scenario, fault, inputs, here, whole))
        totals["faults"] += 1
        if found:
            totals["failures"] += 1
            fail(folder, f"{scenario.name}: {fault}: " + "\n  ".join(found))
        else:
            shutil.rmtree(here)
    return totals


def _times(steps: Path) -> Counter[tuple[str, ...]]:
    """How often each site came to each step."""
    return Counter(tuple(line.split()) for line in steps.read_text().splitlines())


def _faults(times: dict[tuple[str, ...], int]) -> Iterator[Fault]:
    for (site, step), count in sorted(times.items()):
        for kind in (kind for at, kind in FAULTS if at == step):
            for nth in sorted({1, count} if step != "fsync" else {1}):
                yield Fault(site, step, kind, nth)


def _faulty(scenario: Scenario, fault: Fault, inputs: Path, here: Path, whole: Path) -> Iterator[str]:
    ended = _run(scenario, inputs, here, Injection(here.with_name(f"{here.name}.steps"), fault))
    if fault.kind == "crash" and ended.code != -9:
        yield f"the crash ended with {ended.code}: {ended.output}"
    if fault.kind != "crash" and scenario.tells:
        lines = [line for line in ended.output.splitlines() if line.startswith("error: ")]
        if ended.code != 1 or len(lines) != 1 or "the disk is full" not in lines[0] or "Traceback" in ended.output:
            yield f"a full disk ends with {ended.code}: {ended.output}"
    yield from unreadable(here)
    ended = _run(scenario, inputs, here)
    if ended.code != 0:
        yield f"afterwards it ends with {ended.code}: {ended.output}"
        return
    try:
        yield from scenario.differ(here, whole)
    except Exception as error:
        yield f"afterwards {type(error).__name__}: {error}"
    yield from unreadable(here)


def _run(scenario: Scenario, inputs: Path, here: Path, injection: Injection | None = None) -> Ended:
    here.mkdir(parents=True, exist_ok=True)
    before = injection.install if injection is not None else None
    return run(scenario.work(here, inputs), here, before=before, COLOURIZE_DATA=str(here / "data"))


def _prepare(inputs: Path) -> None:
    """Make what the scenarios read: checkpoints, a sweep, experiments, four participants' answers."""
    for seed in (0, 1):
        if state(inputs / f"trained-{seed}") != "finished":
            words = (*RUN, "data.num_test=24", f"seed={seed}", f"hydra.run.dir=trained-{seed}")
            run(words, inputs, COLOURIZE_DATA=str(inputs / "data")).check()
    sweeps = {"sweep": ("train", "-m", *RUN[1:], "seed=0,1", "hydra.sweep.dir=sweep")}
    sweeps |= {f"experiments/{name}": _experiment(name, f"experiments/{name}", inputs) for name in EXPERIMENTS}
    for folder, words in sweeps.items():
        if not (inputs / folder / "results.csv").exists():
            run(words, inputs).check()
    sys.path.append(str(TESTS / "study"))
    from people import answer, write_result

    (inputs / "answers").mkdir(exist_ok=True)
    for name in "abcd":
        catches = [answer(None, 90 + place, False, "catch") for place in range(4)]
        reals = [answer(model, picture, picture % 3 == 0) for model in ("cnn", "unet") for picture in range(12)]
        write_result(inputs / "answers" / f"{name}.json", name, [*catches, *reals])
    for name in ("cnn", "unet"):
        lines = [f"{number},{20 + number % 5}" for number in range(20)]
        (inputs / f"{name}.csv").write_text("\n".join(["picture,psnr", *lines]) + "\n")


def _experiment(name: str, folder: str, inputs: Path) -> Sequence[str]:
    size = (*TINY, "trainer.max_epochs=1", "seeds=[0]", "measures=quick", f"data.root={inputs}/data")
    return ("train", *size, f"experiment={name}", f"hydra.sweep.dir={folder}")


def _resumed(*more: str) -> Callable[[Path, Path], Work]:
    """A run; the same one is resumed where it has begun."""
    begins = (*RUN, *more, "hydra.run.dir=run")
    return lambda here, inputs: begins if state(here / "run") == "none" else ("train", "resume=run")


def _elsewhere(*words: str) -> Callable[[Path, Path], Work]:
    """A command whose second run needs another folder; {inputs} stands for that of the inputs."""

    def work(here: Path, inputs: Path) -> Work:
        place = "again" if (here / "run").exists() else "run"
        return (*(word.replace("{inputs}", str(inputs)) for word in words), f"hydra.run.dir={place}")

    return work


def _refused(earlier: str, *words: str) -> Callable[[Path, Path], Work]:
    """A command that is refused in a folder that holds something already: lists and record stay as they were."""

    def work() -> None:
        sys.argv = ["colourize-train", *words]
        with contextlib.suppress(SystemExit):
            train.main()

    def prepared(here: Path, inputs: Path) -> Work:
        if not (here / "run").exists():
            shutil.copytree(inputs / earlier, here / "run")
        return work

    return prepared


def _pictures(here: Path, inputs: Path) -> Work:
    mirror = mirror_of(inputs / "archive")
    return lambda: CIFAR10Data(root=here / "data", category="all", mirror=mirror).prepare_data()


def _taken_over(here: Path, inputs: Path) -> Work:
    """An experiment whose runs another has done already."""
    if not (here / "runs").exists():
        shutil.copytree(inputs / "experiments" / "a1_layers", here / "runs" / "earlier")
    return _experiment("a1_layers", "runs/own", inputs)


def _benchmark(here: Path, inputs: Path) -> Work:
    node = SimpleNamespace(repeats=1)
    settings = SimpleNamespace(device=torch.device("cpu"), precision="32-true", overrides=[], node=node)
    part = report.Part()
    part.rows = [{"case": "a", "seconds": 1.0}]
    return functools.partial(parts.write, here, settings, {"steps": part})  # type: ignore[arg-type]


def _run_differs(here: Path, whole: Path) -> list[str]:
    return differences(here / "run", whole / "run")


def _files_differ(folder: str, pattern: str, here: Path, whole: Path) -> list[str]:
    """Names of files, of whose contents those that match the pattern, and what is left over."""
    ours, theirs = (
        {str(path.relative_to(each)): path for path in each.rglob("*") if path.is_file()}
        for each in (here / folder, whole / folder)
    )
    both = [name for name in theirs if name in ours and Path(name).match(pattern)]
    found = [name for name in both if ours[name].read_bytes() != theirs[name].read_bytes()]
    return [*(sorted({*theirs} ^ {*ours}) if folder == "page" else []), *found, *left_over(here / folder)]


def _caches_differ(here: Path, whole: Path) -> list[str]:
    pairs = {name: [read_cache(cache_path(each / "data", name)) for each in (here, whole)] for name in CATEGORIES}
    found = [name for name, (ours, theirs) in pairs.items() if not all(map(np.array_equal, ours, theirs))]
    return [*found, *left_over(here)]


def _taken_differ(here: Path, whole: Path) -> list[str]:
    taken = all("taken_from" in path.read_text() for path in (here / "runs" / "own").glob("*/run.json"))
    return [*([] if taken else ["trained anew"]), *_files_differ("runs/own", "results.csv", here, whole)]


def _tables_differ(here: Path, whole: Path) -> list[str]:
    place = "again" if (here / "again").exists() else "run"
    names = sorted(path.name for path in (whole / "run").glob("*.csv"))
    return [name for name in names if (here / place / name).read_bytes() != (whole / "run" / name).read_bytes()]


def _bytes(folder: Path) -> bytes:
    return (folder / "coloured.png").read_bytes()


def _files_missing(here: Path, whole: Path) -> list[str]:
    return sorted({path.name for path in (whole / "run").iterdir()} - {path.name for path in (here / "run").iterdir()})


BEST = "checkpoint={inputs}/trained-0/checkpoints/best.ckpt"
SCENARIOS = (
    Scenario("pictures", _pictures, _caches_differ, tells=False),
    Scenario("training", _resumed(), _run_differs),
    Scenario(
        "sweep", lambda here, inputs: ("train", "-m", *RUN[1:], "seed=0,1", "hydra.sweep.dir=run"),
        functools.partial(_files_differ, "run", "results.csv"),
    ),
    Scenario(
        "refused run",
        _refused("trained-0", *RUN[1:], "model.kernel_size=4", "overwrite=true", "hydra.run.dir=run"),
        _files_missing, tells=False,
    ),
    Scenario(
        "refused sweep",
        _refused("sweep", "-m", *RUN[1:], "seed=0,1,2", "launcher=joblib", "hydra.launcher.n_jobs=0",
                 "hydra.sweep.dir=run"),
        _files_missing, tells=False,
    ),
    Scenario("benchmark", _benchmark, lambda here, whole: [], tells=False),
    Scenario(
        "study",
        _elsewhere("study", "results={inputs}/answers", "measures={cnn: {inputs}/cnn.csv, unet: {inputs}/unet.csv}"),
        _tables_differ,
    ),
    Scenario(
        "evaluation",
        _elsewhere(
            "evaluate",
            "checkpoint=[{inputs}/trained-0/checkpoints/best.ckpt,{inputs}/trained-1/checkpoints/last.ckpt]",
            "baselines=[grey_copy,grey_lookup,palette_oracle]", "measures.names=[mse,psnr]", "study=true",
            "trainer.enable_progress_bar=false",
        ),
        _tables_differ,
    ),
    Scenario(
        "watched",
        _resumed("callbacks=activations", "callbacks.activations.every_n_epochs=1", "callbacks.activations.count=6"),
        _run_differs,
    ),
    Scenario("inspection", _elsewhere("inspect", BEST, "count=6"), _tables_differ),
    Scenario(
        "prediction",
        lambda here, inputs: (
            "predict", BEST.replace("{inputs}", str(inputs)), f"input={inputs}/trained-0/samples/best.png",
            "output=coloured.png", "overwrite=true",
        ),
        lambda here, whole: [] if _bytes(here) == _bytes(whole) else ["coloured.png"],
    ),
    Scenario("experiment", _taken_over, _taken_differ),
    Scenario(
        "report", lambda here, inputs: ("report", f"{inputs}/experiments", "output=page", "questions=false"),
        functools.partial(_files_differ, "page", "*.csv"),
    ),
)  # fmt: skip


def _describe(totals: Totals) -> str:
    reached = {key[5:].partition("<")[0] for key in totals if key.startswith("site ")}
    missed = sorted(all_sites() - reached)
    return (
        f"{totals['faults']} faults at {len(all_sites()) - len(missed)} of {len(all_sites())} write sites: "
        f"{totals['failures']} left something unreadable, different or over"
        + (f" (not reached: {', '.join(missed)})" if missed else "")
    )


PARTS = (
    Part(
        "writes", "faults in file writes: half a write, no space, a crash before and after the rename",
        "every write site, 0 unreadable states", "scenarios", len(SCENARIOS), 1, inject, _describe,
    ),
)  # fmt: skip
