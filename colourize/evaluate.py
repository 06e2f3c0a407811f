"""`colourize-evaluate`: tests checkpoints and baselines on the same pictures, and reports measures with intervals.

colourize-evaluate checkpoint=outputs/…/checkpoints/best.ckpt
colourize-evaluate checkpoint=best.ckpt data=folder data.root=my-pictures
colourize-evaluate 'checkpoint=[a.ckpt,b.ckpt]' reference=grey_lookup
colourize-evaluate checkpoint=best.ckpt without=duplicates.csv
colourize-evaluate model=grey_lookup task=colour_classification data=cifar10
"""

from __future__ import annotations

import copy
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from colourize.cli import app

if TYPE_CHECKING:
    from lightning import Trainer

    from colourize.data.pictures import PictureData
    from colourize.joint.evaluation import JointSettings, JointValues
    from colourize.measures.base import Measure
    from colourize.methods.candidates import Candidate
    from colourize.methods.comparison import Evaluated
    from colourize.runs.record import RunRecord
    from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)


def evaluate(config: DictConfig) -> dict[str, float]:
    """Test checkpoints or a baseline on their own data or on other data, and return the first method's measures.

    Task, palette and divisor always come from the checkpoint; baselines are fitted to its training pictures.
    """
    from colourize.errors import UsageError, check_flag
    from colourize.runs import ownership, resuming
    from colourize.runs.record import RunRecord, read_record

    check_flag("overwrite", config.overwrite)
    folder, writes = Path(config.output_dir), ownership.is_first_process()
    with ownership.owned(folder):
        if writes:
            resuming.check_no_training(folder)
            is_completed = read_record(folder).get("status") == "completed"
            if is_completed and not (config.overwrite or resuming.is_job()):  # jobs of a sweep may be evaluated again
                shown = os.path.relpath(folder)
                raise UsageError(f"hydra.run.dir={shown}: holds an evaluation; overwrite=true replaces it")
        record = RunRecord(folder)
        with record.start(writes=writes):
            return _evaluate(config, record)


def _evaluate(config: DictConfig, record: RunRecord) -> dict[str, float]:
    """The evaluation itself, within its record."""
    from colourize.build import fit_task
    from colourize.errors import UsageError
    from colourize.joint.evaluation import JointSettings, takes_hints
    from colourize.measures.registry import choose, describe, left_out
    from colourize.methods.comparison import compare
    from colourize.methods.selection import Selection
    from colourize.reporting.evaluation_folder import study_labels
    from colourize.study.trials import make_plan

    _check(config)
    measures = choose(config.measures.names)
    lacking = left_out(measures)
    measures = [each for each in measures if each.name not in lacking]
    selection = Selection(config)
    joint = JointSettings(**config.joint)
    if not joint.is_empty and selection.candidates and not any(takes_hints(each.task) for each in selection.candidates):
        raise UsageError("joint: is for networks that take hints and answer classes; none of the checkpoints is one")
    trainer = _trainer(config)  # before pictures are read, because it may refuse a setting
    data, own = _make(config, selection.candidates)
    with record.phase("data"):
        data = _read(config, selection.candidates, data)
        if config.without is not None:
            missing = _numbers(Path(str(config.without)))
            data.leave_out(missing)
            record.update(without=str(config.without), left_out=len(missing))
    with record.phase("task"):
        selection.complete(data, own and fit_task(own, data))
    everything, first = selection.everything, selection.candidates[0]
    if config.study:  # refuses too few pictures
        make_plan(study_labels(everything), range(len(data.pictures.test)), config.seed)
    record.update(
        checkpoint=str(first.path.absolute()) if first.path else None,
        seeds={"eval_seed": data.eval_seed},
        precision=_precision(config, first),
        **first.task.describe(),
        methods=[
            {"label": each.label, "seed": each.seed, "checkpoint": each.path and str(each.path.absolute())}
            for each in everything
        ],
        data=data.describe(),
        **({"test_time_symmetries": config.test_time_symmetries} if config.test_time_symmetries > 1 else {}),
    )
    record.begin()
    with record.phase("test"):
        evaluated = _test_all(config, trainer, everything, measures, data)
    with record.phase("comparison"):
        comparison = compare(evaluated, selection.references(), lacking)
    if not joint.is_empty:
        with record.phase("joint"):
            _test_joint(config, joint, everything, data)
    pictures = len(evaluated[0].table["picture"])
    record.update(measures=describe(measures), evaluated_on={"part": "test", "pictures": pictures})
    return _write(config, evaluated, comparison, data)


def _check(config: DictConfig) -> None:
    """Raise a UsageError if it is not clear what to evaluate."""
    from colourize.errors import UsageError, check_count

    if config.checkpoint and (config.get("model") or config.get("task")):
        raise UsageError("checkpoint: brings its model and its task; leave out model=… and task=…")
    task_is_given = (config.get("task") or {}).get("_target_")
    if not config.checkpoint and not (config.get("model") and task_is_given and config.get("data")):
        example = "model=grey_lookup task=colour_classification data=cifar10"
        raise UsageError(f"checkpoint: missing; name a file, or a baseline with its task and data: {example}")
    check_count("seed", config.seed, least=0)


def _make(config: DictConfig, candidates: list[Candidate]) -> tuple[PictureData | None, RestorationTask | None]:
    """Make the data of `data=…`, if typed, and the baseline of `model=…` and `task=…`; nothing is read or fitted."""
    from colourize.build import make_data, make_task
    from colourize.errors import UsageError

    if not config.get("data"):
        return None, None
    if candidates:
        return make_data(config, eval_seed=config.seed, only_tested=True, divisor=candidates[0].task.divisor), None
    data = make_data(config, eval_seed=config.seed)
    own = make_task(config, data)
    if own.is_trained:
        raise UsageError(f"checkpoint: missing; {type(own.model).__name__} must be trained first (colourize-train)")
    return data, own


def _read(config: DictConfig, candidates: list[Candidate], data: PictureData | None) -> PictureData:
    """The pictures on which all methods are tested: those of `data=…`, or else those of the checkpoints."""
    import numpy as np

    from colourize.build import prepare_test
    from colourize.checkpoints import data_from
    from colourize.errors import UsageError

    def of(candidate: Candidate) -> PictureData:
        return prepare_test(data_from(candidate.checkpoint, str(candidate.path), config.trust, eval_seed=config.seed))

    if data is not None:
        return prepare_test(data)
    first, *rest = candidates
    data, key = of(first), "datamodule_hyper_parameters"
    for each in rest:
        same = each.checkpoint.get(key) == first.checkpoint.get(key)
        if not (same or np.array_equal(of(each).pictures.test, data.pictures.test)):
            others = f"was trained on other pictures than {first.path}"
            raise UsageError(f"checkpoint={each.path}: {others}; choose pictures for both with data=…")
    return data


def _numbers(path: Path) -> list[int]:
    """The indices in the column `test` of a table, as `colourize-duplicates` writes it."""
    from colourize.errors import InputError
    from colourize.runs.tables import read_numbers

    found = {row.get("test") for row in read_numbers(path) if row}
    if not all(type(each) is int for each in found):
        raise InputError(f"without={path}: must have a column test, of whole numbers")
    return sorted(int(each) for each in found if each is not None)


def _precision(config: DictConfig, candidate: Candidate) -> str:
    """The precision of a checkpoint's test, which is that of its training."""
    asked = str(config.trainer.precision)
    if asked != "auto" or candidate.is_baseline:
        return asked.replace("auto", "32-true")
    return str(candidate.checkpoint.get("colourize", {}).get("precision", "32-true"))


def _trainer(config: DictConfig) -> Trainer:
    """A trainer in float32, since each method sets its own precision."""
    from colourize.build import build_trainer
    from colourize.machine.precision import PRECISIONS

    settings = copy.deepcopy(config)
    if settings.trainer.precision in PRECISIONS:  # build_trainer refuses other values
        settings.trainer.precision = "32-true"
    return build_trainer(settings)


def _test_all(
    config: DictConfig, trainer: Trainer, everything: list[Candidate], measures: list[Measure], data: PictureData
) -> list[Evaluated]:
    """Each method's values for each test picture."""
    from colourize.methods.comparison import Evaluated
    from colourize.methods.references import kind_of
    from colourize.tasks.evaluation import Evaluation, Tested

    if len(everything) > 1:
        log.info("%d methods: %s", len(everything), ", ".join(dict.fromkeys(each.label for each in everything)))
    methods = [Tested(each.task, _precision(config, each), kind_of(each)) for each in everything]
    evaluation = Evaluation(methods, measures)
    trainer.test(evaluation, datamodule=data, verbose=False)
    results = zip(everything, evaluation.results, strict=True)
    return [Evaluated.of(candidate, candidate.task.tally, logged) for candidate, logged in results]


def _test_joint(config: DictConfig, settings: JointSettings, everything: list[Candidate], data: PictureData) -> None:
    """Measure hints, likelihood and samples of networks that take hints, and the likelihood of other classifiers."""
    from lightning.pytorch.utilities import rank_zero_only
    from rich.progress import track

    from colourize.joint.evaluation import joint_values, pictures_with_hints, samples_of, takes_hints
    from colourize.reporting.joint import write_joint, write_samples

    if rank_zero_only.rank:  # type: ignore[attr-defined]  # one process does it
        return
    folder = Path(config.output_dir)
    values: dict[str, list[JointValues]] = {}
    for each in everything:
        says_classes = each.task.answer.kind == "classes" and not each.task.reads_classes
        if not (takes_hints(each.task) or (settings.orders and says_classes)):
            continue
        each.task.eval()
        batches = track(data.test_dataloader(), f"{each.label}: hints, likelihood and samples", transient=True)
        values.setdefault(each.label, []).append(joint_values(each.task, batches, settings))
        if takes_hints(each.task) and settings.samples and len(values) == len(values[each.label]) == 1:
            batch = next(iter(data.test_dataloader()))
            batch = batch._replace(pictures=batch.pictures[:8], which=batch.which[:8], labels=None, numbers=None)
            batch = batch.to(each.task.device)
            truth, mean = pictures_with_hints(each.task, batch, 0)
            grey = each.task.degradation.show(each.task.degradation.inputs_of(truth))
            write_samples(folder / "samples.png", grey, samples_of(each.task, batch, settings), mean, truth)
    write_joint(folder, values)


def _write(config: DictConfig, evaluated: list[Evaluated], comparison: Any, data: PictureData) -> dict[str, float]:
    """Write the results into the folder, print them, and return the first method's measures."""
    from colourize.cli import terminal
    from colourize.reporting.comparison_tables import show_comparison
    from colourize.reporting.evaluation_folder import write_files
    from colourize.runs import ownership

    folder, first = Path(config.output_dir), evaluated[0]
    if ownership.is_first_process():
        write_files(folder, evaluated, comparison, data, study=config.study, seed=config.seed)
        pictures = len(first.table["picture"])
        if len(evaluated) > 1:
            show_comparison(comparison, named=config.measures.names)
            print(f"All measures:  {terminal.shown(folder / 'comparison.txt')}")
        else:
            name = first.candidate.path or type(first.candidate.task.model).__name__
            terminal.show_measures(first.logged, f"{name} on {pictures} test pictures")
        print(f"Saved in:  {terminal.shown(folder)}")
    return first.logged


def main() -> None:
    """The console script."""
    app.run(evaluate, "evaluate")


if __name__ == "__main__":
    main()
