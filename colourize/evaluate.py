"""`colourize-evaluate`: the test measures of checkpoints and baselines on the same pictures, with intervals.

colourize-evaluate checkpoint=outputs/…/checkpoints/best.ckpt
colourize-evaluate checkpoint=best.ckpt data=folder data.root=my-pictures
colourize-evaluate 'checkpoint=[a.ckpt,b.ckpt]' reference=grey_lookup
colourize-evaluate model=grey_lookup task=colour_classification data=cifar10
"""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from colourize.cli import app

if TYPE_CHECKING:
    from lightning import Trainer

    from colourize.data.pictures import PictureData
    from colourize.measures.base import Measure
    from colourize.methods.candidates import Candidate
    from colourize.methods.comparison import Evaluated
    from colourize.runs.record import RunRecord
    from colourize.tasks.restoration import RestorationTask

log = logging.getLogger(__name__)


def evaluate(config: DictConfig) -> dict[str, float]:
    """Test checkpoints, or a baseline, on the data they were made with, or on other data; returns the first's measures.

    A task, its palette and its divisor are always the checkpoint's; baselines are fitted to what it was trained on.
    """
    from lightning.pytorch.utilities import rank_zero_only

    from colourize.errors import UsageError, check_flag
    from colourize.runs import ownership, resuming
    from colourize.runs.record import RunRecord, is_completed

    check_flag("overwrite", config.overwrite)
    folder, first = Path(config.output_dir), rank_zero_only.rank == 0  # type: ignore[attr-defined]  # set at import
    with ownership.owned(folder):
        if first:
            resuming.check_no_training(folder)
            if is_completed(folder) and not (config.overwrite or resuming.is_job()):  # a job is done again
                shown = os.path.relpath(folder)
                raise UsageError(
                    f"hydra.run.dir={shown}: holds an evaluation; overwrite=true replaces it, or name another folder"
                )
        record = RunRecord(folder)
        with record.start(writes=first):
            return _evaluate(config, record)


def _evaluate(config: DictConfig, record: RunRecord) -> dict[str, float]:
    """`evaluate`, while its record is kept."""
    from colourize.build import fit_task, make_data
    from colourize.errors import UsageError, check_count
    from colourize.measures.registry import choose, describe, left_out
    from colourize.methods.candidates import find_checkpoints, from_checkpoint, from_task, label
    from colourize.methods.comparison import compare
    from colourize.methods.references import baseline_on, baselines_for, fitting, named_reference, references
    from colourize.reporting.evaluation_folder import study_labels
    from colourize.study.trials import make_plan

    measures = choose(config.measures.names)
    lacking = left_out(measures)
    measures = [each for each in measures if each.name not in lacking]
    baselines = fitting(config.baselines)
    if config.checkpoint and (config.get("model") or config.get("task")):
        raise UsageError("checkpoint: brings its model and its task; leave out model=… and task=…")
    task_is_given = (config.get("task") or {}).get("_target_")
    if not config.checkpoint and not (config.get("model") and task_is_given and config.get("data")):
        raise UsageError(
            "checkpoint: missing; give the file to evaluate, such as checkpoint=…/checkpoints/best.ckpt, or a baseline "
            "with its task and data, such as model=grey_lookup task=colour_classification data=cifar10"
        )
    check_count("seed", config.seed, least=0)
    checkpoints = find_checkpoints(config.checkpoint) if config.checkpoint else []
    candidates = [from_checkpoint(path, config.trust) for path in checkpoints]
    named = named_reference(config.reference, config.trust)
    if named.name and candidates and all(baseline_on(each.task, named.name) is None for each in candidates):
        raise UsageError(f"reference={named.name}: is not for the tasks of these checkpoints; auto takes one that is")
    there = {each.path.resolve(): each for each in candidates if each.path}
    # One that is compared as well is tested once.
    referred = [there.get(each.path.resolve(), each) if each.path else each for each in named.candidates]
    named = replace(named, candidates=referred)
    trainer = _trainer(config)  # what it refuses is told before pictures are read
    data = None
    if config.get("data"):
        tested = {"only_tested": True, "divisor": candidates[0].task.divisor} if candidates else {}
        data = make_data(config, eval_seed=config.seed, **tested)
    own = None if candidates or data is None else _baseline(config, data)
    with record.phase("data"):
        data = _read(config, candidates, data)
    with record.phase("task"):
        if own is not None:
            candidates = [from_task(fit_task(config, own, data), data)]
        if named.name:
            baselines = [*baselines, *({named.name} - set(baselines))]
        others = [
            *(each for each in referred if each not in candidates),
            *baselines_for(candidates, baselines, data, config.trust),
        ]
    everything = [*candidates, *others]
    label(everything)
    for each in everything:
        each.task.degradation.check_size(*data.pictures.test.shape[1:3])
    if config.study:
        make_plan(
            study_labels(everything), range(len(data.pictures.test)), config.seed
        )  # too few pictures are told now
    _keep(record, config, candidates[0], everything, data)
    record.begin()
    with record.phase("test"):
        evaluated = _test_all(config, trainer, everything, measures, data)
    with record.phase("comparison"):
        comparison = compare(evaluated, references(everything, named), lacking)
    record.update(measures=describe(measures))
    record.update(evaluated_on={"part": "test", "pictures": len(evaluated[0].table["picture"])})
    return _write(config, evaluated, comparison, data)


def _read(config: DictConfig, candidates: list[Candidate], data: PictureData | None) -> PictureData:
    """The pictures that all are tested on: those of `data=…`, else those that the checkpoints were trained on."""
    import numpy as np

    from colourize.checkpoints import data_from
    from colourize.errors import UsageError

    def prepared(data: PictureData) -> PictureData:
        data.prepare_data()
        data.setup("test")
        return data

    if data is not None:
        return prepared(data)
    first, *rest = candidates
    data = prepared(data_from(first.checkpoint, str(first.path), config.trust, eval_seed=config.seed))
    described = first.checkpoint.get("datamodule_hyper_parameters")
    for each in rest:
        if each.checkpoint.get("datamodule_hyper_parameters") != described:
            other = prepared(data_from(each.checkpoint, str(each.path), config.trust, eval_seed=config.seed))
            if not np.array_equal(other.pictures.test, data.pictures.test):
                raise UsageError(
                    f"checkpoint={each.path}: was trained on other pictures than {first.path}; "
                    "data=… names those that both are tested on"
                )
    return data


def _baseline(config: DictConfig, data: PictureData) -> RestorationTask:
    """The task of the configuration, whose model needs no training; it is not fitted yet."""
    from colourize.build import make_task
    from colourize.errors import UsageError

    task = make_task(config, data)
    if task.is_trained:
        raise UsageError(f"checkpoint: missing; {type(task.model).__name__} must be trained first (colourize-train)")
    return task


def _keep(record: RunRecord, config: DictConfig, first: Candidate, everything: list[Candidate], data: Any) -> None:
    """What the evaluation is of, in its record."""
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
    )


def _precision(config: DictConfig, candidate: Candidate) -> str:
    """A checkpoint's measures are those of its training."""
    asked = str(config.trainer.precision)
    if asked != "auto" or candidate.is_baseline:
        return asked.replace("auto", "32-true")
    return str(candidate.checkpoint.get("colourize", {}).get("precision", "32-true"))


def _trainer(config: DictConfig) -> Trainer:
    """A trainer of the configuration, in float32: each method computes in a precision of its own."""
    import copy

    from colourize.build import build_trainer
    from colourize.machine.precision import PRECISIONS

    settings = copy.deepcopy(config)
    if settings.trainer.precision in PRECISIONS:  # another is refused there
        settings.trainer.precision = "32-true"
    return build_trainer(settings)


def _test_all(
    config: DictConfig, trainer: Trainer, everything: list[Candidate], measures: list[Measure], data: PictureData
) -> list[Evaluated]:
    """Each method's values of each test picture."""
    from colourize.methods.comparison import Evaluated
    from colourize.methods.references import kind_of
    from colourize.tasks.evaluation import Evaluation, Tested

    if len(everything) > 1:
        log.info("%d methods: %s", len(everything), ", ".join(dict.fromkeys(each.label for each in everything)))
    methods = [Tested(each.task, _precision(config, each), kind_of(each)) for each in everything]
    evaluation = Evaluation(methods, measures)
    trainer.test(evaluation, datamodule=data, verbose=False)
    return [
        Evaluated.of(candidate, candidate.task.tally, logged)
        for candidate, logged in zip(everything, evaluation.results, strict=True)
    ]


def _write(config: DictConfig, evaluated: list[Evaluated], comparison: Any, data: PictureData) -> dict[str, float]:
    """Everything into the folder, and on the terminal; returns the first method's measures."""
    from lightning.pytorch.utilities import rank_zero_only

    from colourize.cli import terminal
    from colourize.reporting.comparison_tables import show_comparison
    from colourize.reporting.evaluation_folder import write_files

    folder, first = Path(config.output_dir), evaluated[0]
    if rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        write_files(folder, evaluated, comparison, data, study=config.study, seed=config.seed)
        pictures = len(first.table["picture"])
        if len(evaluated) > 1:
            show_comparison(comparison)
        else:
            name = first.candidate.path or type(first.candidate.task.model).__name__
            terminal.show_measures(first.logged, f"{name} on {pictures} test pictures")
        terminal.show_folder(folder)
    return first.logged


def main() -> None:
    """The console script."""
    app.run(evaluate, "evaluate")


if __name__ == "__main__":
    main()
