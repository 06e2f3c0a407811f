"""Short writes, a full disk, the end of the process: at every site that writes a file, is all that lies there whole?"""

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
from colourize.runs.tables import read_table
from torture.archives import make_archive
from torture.comparing import differences, left_over, unreadable
from torture.fault_injection import FAULTS, Fault, Injection, all_sites
from torture.parts import Part, Totals, fail
from torture.processes import TESTS, TINY, Ended, run

Work = Sequence[str] | Callable[[], object]
RUN = (*TINY, "model.num_filters=4", "trainer.max_epochs=2")
EXPERIMENTS = ("a1_layers", "e_activations", "f3_human_judgement")  # whose sections have files of their own


@dataclass(frozen=True)
class Scenario:
    """Something that writes files.

    Args:
        work: what is run in a folder, and what is run there again after a fault.
        same: in what the folder, in the end, is not the one where there was no fault.
        tells: whether a full disk is told in one line and ends with the code 1, as a console script has it.
    """

    name: str
    work: Callable[[Path, Path], Work]
    same: Callable[[Path, Path], list[str]]
    tells: bool = True


def inject(folder: Path, number: int, chance: random.Random) -> Totals:
    """One scenario, with each fault at each site that those before it do not come to: the first time, and the last."""
    scenario = SCENARIOS[number % len(SCENARIOS)]
    inputs, whole, totals = folder / "inputs", folder / scenario.name / "whole", Counter[str](scenarios=1, failures=0)
    shutil.rmtree(folder / scenario.name, ignore_errors=True)
    _prepare(inputs)
    steps = folder / scenario.name / "steps.txt"
    ended = _run(scenario, inputs, whole, Injection(steps))
    assert ended.code == 0, ended.told
    times = _times(steps)
    earlier = {site for each in SCENARIOS[:number] for site, _ in _times(folder / each.name / "steps.txt")}
    times = Counter({key: count for key, count in times.items() if key[0] not in earlier})
    for site in {site for site, _ in times}:
        totals[f"site {site}"] += 1
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


def _faults(times: Counter[tuple[str, ...]]) -> Iterator[Fault]:
    for (site, step), count in sorted(times.items()):
        for at, kind in FAULTS:
            if at == step:
                for nth in sorted({1, count} if step != "fsync" else {1}):
                    yield Fault(site, step, kind, nth)


def _faulty(scenario: Scenario, fault: Fault, inputs: Path, here: Path, whole: Path) -> Iterator[str]:
    ended = _run(scenario, inputs, here, Injection(here.with_name(f"{here.name}.steps"), fault))
    if fault.kind == "crash" and ended.code != -9:
        yield f"it was not to end with {ended.code}: {ended.told}"
    if fault.kind != "crash" and scenario.tells:
        lines = [line for line in ended.told.splitlines() if line.startswith("error: ")]
        if ended.code != 1 or len(lines) != 1 or "the disk is full" not in lines[0] or "Traceback" in ended.told:
            yield f"a full disk ends with {ended.code}: {ended.told}"
    yield from unreadable(here)
    ended = _run(scenario, inputs, here)
    if ended.code != 0:
        yield f"afterwards it ends with {ended.code}: {ended.told}"
    else:
        try:
            yield from scenario.same(here, whole)
        except Exception as error:
            yield f"afterwards {type(error).__name__}: {error}"
        yield from unreadable(here)


def _run(scenario: Scenario, inputs: Path, here: Path, injection: Injection | None = None) -> Ended:
    here.mkdir(parents=True, exist_ok=True)
    before = injection.install if injection is not None else None
    return run(scenario.work(here, inputs), here, before=before, COLOURIZE_DATA=str(here / "data"))


def _prepare(inputs: Path) -> None:
    """What the scenarios read: an archive, checkpoints, a sweep, experiments, four participants' answers."""
    make_archive(inputs / "archive")
    for seed in (0, 1):
        if state(inputs / f"trained-{seed}") != "finished":
            words = ("train", *RUN, "data.num_test=24", f"seed={seed}", f"hydra.run.dir=trained-{seed}")
            ended = run(words, inputs, COLOURIZE_DATA=str(inputs / "data"))
            assert ended.code == 0, ended.told
    if not (inputs / "sweep" / "results.csv").exists():
        ended = run(("train", "-m", *RUN, "seed=0,1", "hydra.sweep.dir=sweep"), inputs)
        assert ended.code == 0, ended.told
    for name in EXPERIMENTS:
        if not (inputs / "experiments" / name / "results.csv").exists():
            ended = run(_experiment(name, f"experiments/{name}", inputs), inputs)
            assert ended.code == 0, ended.told
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


def _prepare_pictures(here: Path, inputs: Path) -> Work:
    mirror = (inputs / "archive").as_uri()
    return lambda: CIFAR10Data(root=here / "data", category="all", mirror=mirror).prepare_data()


def _caches_differ(here: Path, whole: Path) -> list[str]:
    found = []
    for category in CATEGORIES:
        ours, theirs = (read_cache(cache_path(each / "data", category)) for each in (here, whole))
        if not all(np.array_equal(*pair) for pair in zip(ours, theirs, strict=True)):
            found.append(category)
    return [*found, *left_over(here)]


def _train(here: Path, inputs: Path) -> Work:
    begun = state(here / "run") != "none"
    return ("train", "resume=run") if begun else ("train", *RUN, "hydra.run.dir=run")


def _watched(here: Path, inputs: Path) -> Work:
    begun = state(here / "run") != "none"
    more = ("callbacks=activations", "callbacks.activations.every_n_epochs=1", "callbacks.activations.count=6")
    return ("train", "resume=run") if begun else ("train", *RUN, *more, "hydra.run.dir=run")


def _inspect(here: Path, inputs: Path) -> Work:
    place = "again" if (here / "run").exists() else "run"
    checkpoint = inputs / "trained-0" / "checkpoints" / "best.ckpt"
    return ("inspect", f"checkpoint={checkpoint}", "count=6", f"hydra.run.dir={place}")


def _predict(here: Path, inputs: Path) -> Work:
    checkpoint = inputs / "trained-0" / "checkpoints" / "best.ckpt"
    picture = inputs / "trained-0" / "samples" / "best.png"
    return ("predict", f"checkpoint={checkpoint}", f"input={picture}", "output=coloured.png", "overwrite=true")


def _picture_differs(here: Path, whole: Path) -> list[str]:
    same = (here / "coloured.png").read_bytes() == (whole / "coloured.png").read_bytes()
    return [] if same else ["coloured.png"]


def _sweep(here: Path, inputs: Path) -> Work:
    return ("train", "-m", *RUN, "seed=0,1", "hydra.sweep.dir=run")


def _rows_differ(here: Path, whole: Path) -> list[str]:
    ours, theirs = (read_table(each / "run" / "results.csv") for each in (here, whole))
    return [*([] if ours == theirs else ["results.csv"]), *left_over(here / "run")]


def _experiment(name: str, folder: str, inputs: Path) -> Sequence[str]:
    size = (*TINY, "trainer.max_epochs=1", "seeds=[0]", "measures=quick", f"data.root={inputs}/data")
    return ("train", *size, f"experiment={name}", f"hydra.sweep.dir={folder}")


def _take_over(here: Path, inputs: Path) -> Work:
    """An experiment whose runs another has done already."""
    if not (here / "runs").exists():
        shutil.copytree(inputs / "experiments" / "a1_layers", here / "runs" / "earlier")
    return _experiment("a1_layers", "runs/own", inputs)


def _taken_differ(here: Path, whole: Path) -> list[str]:
    ours, theirs = (read_table(each / "runs" / "own" / "results.csv") for each in (here, whole))
    taken = all("taken_from" in path.read_text() for path in (here / "runs" / "own").glob("*/run.json"))
    return [
        *([] if ours == theirs else ["results.csv"]),
        *([] if taken else ["trained anew"]),
        *left_over(here / "runs" / "own"),
    ]


def _report(here: Path, inputs: Path) -> Work:
    return ("report", f"{inputs}/experiments", "output=page", "questions=false")


def _pages_differ(here: Path, whole: Path) -> list[str]:
    ours, theirs = (
        sorted(path.relative_to(each / "page") for path in (each / "page").rglob("*") if path.is_file())
        for each in (here, whole)
    )
    tables = [path for path in theirs if path.suffix == ".csv" and path in ours]
    return [
        *([] if ours == theirs else [str(set(theirs) ^ set(ours))]),
        *(str(path) for path in tables if (here / "page" / path).read_bytes() != (whole / "page" / path).read_bytes()),
        *left_over(here / "page"),
    ]


def _evaluate(here: Path, inputs: Path) -> Work:
    place = "again" if (here / "run").exists() else "run"
    return (
        "evaluate", f"checkpoint=[{inputs}/trained-0/checkpoints/best.ckpt,{inputs}/trained-1/checkpoints/last.ckpt]",
        "baselines=[grey_copy,grey_lookup,palette_oracle]", "measures.names=[mse,psnr]",
        "study=true", "trainer.enable_progress_bar=false", f"hydra.run.dir={place}",
    )  # fmt: skip


def _study(here: Path, inputs: Path) -> Work:
    place = "again" if (here / "run").exists() else "run"
    measures = f"measures={{cnn: {inputs}/cnn.csv, unet: {inputs}/unet.csv}}"
    return ("study", f"results={inputs}/answers", measures, f"hydra.run.dir={place}")


def _tables_differ(here: Path, whole: Path) -> list[str]:
    place = "again" if (here / "again").exists() else "run"
    names = {path.name for path in (whole / "run").glob("*.csv")}
    return [name for name in sorted(names) if (here / place / name).read_bytes() != (whole / "run" / name).read_bytes()]


def _benchmark(here: Path, inputs: Path) -> Work:
    from colourize.timing import report

    node = SimpleNamespace(repeats=1)
    settings = SimpleNamespace(device=torch.device("cpu"), precision="32-true", overrides=[], node=node)
    part = report.Part()
    part.rows = [{"case": "a", "seconds": 1.0}]
    return functools.partial(report.write, here, settings, {"steps": part})  # type: ignore[arg-type]


def _refused(words: Sequence[str], earlier: str, here: Path, inputs: Path) -> Work:
    """What is refused in a folder that holds something already: its lists and its record are as they were before."""
    if not (here / "run").exists():
        shutil.copytree(inputs / earlier, here / "run")

    def work() -> None:
        sys.argv = ["colourize-train", *words]
        with contextlib.suppress(SystemExit):
            train.main()

    return work


def _nothing_lost(here: Path, whole: Path) -> list[str]:
    return sorted({path.name for path in (whole / "run").iterdir()} - {path.name for path in (here / "run").iterdir()})


SCENARIOS = (
    Scenario("pictures", _prepare_pictures, _caches_differ, tells=False),
    Scenario("training", _train, lambda here, whole: differences(here / "run", whole / "run")),
    Scenario("sweep", _sweep, _rows_differ),
    Scenario(
        "refused run",
        functools.partial(
            _refused, [*RUN, "model.kernel_size=4", "overwrite=true", "hydra.run.dir=run"], "trained-0"
        ),
        _nothing_lost, tells=False,
    ),
    Scenario(
        "refused sweep",
        functools.partial(
            _refused,
            ["-m", *RUN, "seed=0,1,2", "launcher=joblib", "hydra.launcher.n_jobs=0", "hydra.sweep.dir=run"], "sweep",
        ),
        _nothing_lost, tells=False,
    ),
    Scenario("benchmark", _benchmark, lambda here, whole: [], tells=False),
    Scenario("study", _study, _tables_differ),
    Scenario("evaluation", _evaluate, _tables_differ),
    Scenario("watched", _watched, lambda here, whole: differences(here / "run", whole / "run")),
    Scenario("inspection", _inspect, _tables_differ),
    Scenario("prediction", _predict, _picture_differs),
    Scenario("experiment", _take_over, _taken_differ),
    Scenario("report", _report, _pages_differ),
)  # fmt: skip


def _told(totals: Totals) -> str:
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
        "every write site, 0 unreadable states", "scenarios", len(SCENARIOS), 1, inject, _told,
    ),
)  # fmt: skip
