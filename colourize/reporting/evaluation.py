"""An evaluation: tests methods on the same pictures, compares them, and writes the files of its folder."""

from __future__ import annotations

import copy
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from lightning import Trainer
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import DictConfig
from rich.progress import track

from colourize.build import build_trainer, fit_task, make_data, make_task, prepare_test
from colourize.checkpoints import data_from
from colourize.cli import terminal
from colourize.data.pictures import PictureData
from colourize.errors import InputError, UsageError, check_count
from colourize.figures.grid import labelled_grid
from colourize.figures.saving import save_sheet
from colourize.files import write_json
from colourize.joint.evaluation import (
    JointSettings,
    JointValues,
    joint_values,
    pictures_with_hints,
    samples_of,
    takes_hints,
)
from colourize.machine.precision import PRECISIONS
from colourize.measures.base import Measure, SetMeasure
from colourize.measures.registry import choose, describe, headlines, left_out
from colourize.methods.candidates import Candidate, at_temperatures, find_checkpoints, from_checkpoint, from_task, label
from colourize.methods.comparison import Comparison, Evaluated, compare
from colourize.methods.references import baseline_names, baselines_for, kind_of, reference_candidates, references
from colourize.reporting.agreement import FEWEST, rank_correlations, write_agreement
from colourize.reporting.comparison_tables import show_comparison, write_comparison
from colourize.reporting.joint import write_joint, write_samples
from colourize.reporting.picture_sheets import contrasting_pictures, predictions, sheet_rows
from colourize.reporting.plots import draw_intervals
from colourize.runs import ownership
from colourize.runs.record import RunRecord
from colourize.runs.tables import read_numbers, write_columns
from colourize.study.page import write_page
from colourize.study.trials import make_plan
from colourize.tasks.evaluation import Evaluation, Tested
from colourize.tasks.restoration import RestorationTask
from colourize.tasks.symmetry_averaging import check_symmetries

log = logging.getLogger(__name__)

MOST_IN_STUDY = 400  # maximum number of pictures from which a study's page chooses


def evaluate_methods(config: DictConfig, record: RunRecord) -> dict[str, float]:
    """Evaluate the methods of a configuration, write everything into its folder, and return the first one's measures.

    Wrong settings and checkpoints are refused before any picture is read.

    Raises:
        UsageError, InputError: something named does not exist, does not fit or cannot be read.
    """
    _check(config)
    measures = choose(config.measures.names)
    lacking = left_out(measures)
    measures = [each for each in measures if each.name not in lacking]
    names = baseline_names(config.baselines)
    check_symmetries(config.test_time_symmetries)
    paths = find_checkpoints(config.checkpoint) if config.checkpoint else []
    candidates = at_temperatures([from_checkpoint(path, config.trust) for path in paths], config.temperature)
    reference = reference_candidates(config.reference, candidates, config.trust)
    joint = JointSettings(**config.joint)
    if not joint.is_empty and candidates and not any(takes_hints(each.task) for each in candidates):
        raise UsageError("joint: is for networks that take hints and answer classes; none of the checkpoints is one")
    trainer = _trainer(config)  # before pictures are read, because it may refuse a setting
    data, own = _make(config, candidates)
    with record.phase("data"):
        data = _read(config, candidates, data)
        if config.without is not None:
            missing = _numbers(Path(str(config.without)))
            data.leave_out(missing)
            record.update(without=str(config.without), left_out=len(missing))
    with record.phase("task"):
        if own is not None:
            candidates = at_temperatures([from_task(fit_task(own, data), data)], config.temperature)
        if config.reference in baseline_names("fitting"):
            names = list(dict.fromkeys([*names, config.reference]))
        beside = baselines_for(candidates, names, data, config.trust, named=config.baselines != "fitting")
        everything = [*candidates, *(each for each in reference if each not in candidates), *beside]
        label(everything)
        _prepare(everything, data, config.test_time_symmetries)
    first = candidates[0]
    if config.study:  # refuses too few pictures
        make_plan(_study_labels(everything), range(len(data.pictures.test)), config.seed)
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
        comparison = compare(evaluated, references(everything, config.reference, reference), lacking)
    if not joint.is_empty and not rank_zero_only.rank:  # type: ignore[attr-defined]  # one process does it
        with record.phase("joint"):
            _test_joint(Path(config.output_dir), joint, everything, data)
    pictures = len(evaluated[0].table["picture"])
    record.update(measures=describe(measures), evaluated_on={"part": "test", "pictures": pictures})
    if ownership.is_first_process():
        _write(config, evaluated, comparison, data)
        _show(config, evaluated, comparison, pictures)
    return evaluated[0].logged


def _check(config: DictConfig) -> None:
    """Raise a UsageError if it is not clear what to evaluate."""
    if config.checkpoint and (config.get("model") or config.get("task")):
        raise UsageError("checkpoint: brings its model and its task; leave out model=… and task=…")
    task_is_given = (config.get("task") or {}).get("_target_")
    if not config.checkpoint and not (config.get("model") and task_is_given and config.get("data")):
        example = "model=grey_lookup task=colour_classification data=cifar10"
        raise UsageError(f"checkpoint: missing; name a file, or a baseline with its task and data: {example}")
    check_count("seed", config.seed, least=0)


def _make(config: DictConfig, candidates: list[Candidate]) -> tuple[PictureData | None, RestorationTask | None]:
    """Make the data of `data=…`, if typed, and the baseline of `model=…` and `task=…`; nothing is read or fitted."""
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
    found = {row.get("test") for row in read_numbers(path) if row}
    if not all(type(each) is int for each in found):
        raise InputError(f"without={path}: must have a column test, of whole numbers")
    return sorted(int(each) for each in found if each is not None)


def _prepare(everything: list[Candidate], data: PictureData, symmetries: int) -> None:
    """Let networks average over symmetries; a UsageError if there is none, or a method is not for these pictures."""
    networks = [each for each in everything if not each.is_baseline]
    if symmetries > 1 and not networks:
        raise UsageError(f"test_time_symmetries={symmetries}: none of these methods is a network")
    for each in networks:
        each.task.test_time_symmetries = symmetries
    for each in everything:
        each.task.degradation.check_size(*data.pictures.test.shape[1:3])


def _precision(config: DictConfig, candidate: Candidate) -> str:
    """The precision of a checkpoint's test, which is that of its training."""
    asked = str(config.trainer.precision)
    if asked != "auto" or candidate.is_baseline:
        return asked.replace("auto", "32-true")
    return str(candidate.checkpoint.get("colourize", {}).get("precision", "32-true"))


def _trainer(config: DictConfig) -> Trainer:
    """A trainer in float32, since each method sets its own precision."""
    settings = copy.deepcopy(config)
    if settings.trainer.precision in PRECISIONS:  # build_trainer refuses other values
        settings.trainer.precision = "32-true"
    return build_trainer(settings)


def _test_all(
    config: DictConfig, trainer: Trainer, everything: list[Candidate], measures: list[Measure], data: PictureData
) -> list[Evaluated]:
    """Each method's values for each test picture."""
    if len(everything) > 1:
        log.info("%d methods: %s", len(everything), ", ".join(dict.fromkeys(each.label for each in everything)))
    methods = [Tested(each.task, _precision(config, each), kind_of(each)) for each in everything]
    evaluation = Evaluation(methods, measures)
    trainer.test(evaluation, datamodule=data, verbose=False)
    found = []
    for each, logged in zip(everything, evaluation.results, strict=True):
        tally = each.task.tally
        sets = {name: measure for name, measure in tally.measures.items() if isinstance(measure, SetMeasure)}
        found.append(Evaluated(each.label, each.seed, tally.table(), logged, tally.vectors(), sets, each))
    return found


def _test_joint(folder: Path, settings: JointSettings, everything: list[Candidate], data: PictureData) -> None:
    """Measure hints, likelihood and samples of networks that take hints, and the likelihood of other classifiers."""
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


def _write(config: DictConfig, evaluated: Sequence[Evaluated], comparison: Comparison, data: PictureData) -> None:
    """Write the first method's `metrics.json` and `per_picture.csv`, and those of the others in `methods/<name>/`.

    With several methods, also write the comparison (`comparison.csv`, `.md`, `.txt`, `.svg`, `.png`), the pictures on
    which they differ most (`pictures.png`), and, with enough methods, `agreement.csv`, `.svg` and `.png`.
    """
    folder = Path(config.output_dir)
    for place, each in enumerate(evaluated):
        own = folder / "methods" / each.candidate.folder_name if place else folder
        own.mkdir(parents=True, exist_ok=True)
        write_columns(own / "per_picture.csv", each.table)
        write_json(own / "metrics.json", each.logged)
    one_seed = list({each.label: each for each in reversed(evaluated)}.values())[::-1]
    asked = _study_labels([each.candidate for each in evaluated])
    if config.study:
        which = np.random.default_rng(config.seed).permutation(evaluated[0].table["picture"])[:MOST_IN_STUDY]
        coloured = {}
        for each in one_seed:
            if each.label in asked:
                made = predictions(each.candidate.task, data, which).clamp(0, 1).movedim(1, -1).cpu().numpy()
                coloured[each.label] = (255 * made).round().astype(np.uint8)
        truth = data.pictures.test[which]
        write_page(folder / "study.html", "Which picture is real?", truth, coloured, which, config.seed)
    if len(evaluated) < 2:
        return
    write_comparison(folder, comparison)
    shown_measures = headlines(comparison.measures) or comparison.measures[:4]
    if not shown_measures:  # no measure was requested
        return
    draw_intervals(comparison, shown_measures, folder / "comparison")
    shown = [each for each in one_seed if each.label in asked or each.label in comparison.reference.values()]
    if len(shown) > 1 and all("mse" in each.table for each in shown):
        chosen = contrasting_pictures(shown)
        rows = sheet_rows({each.label: each.candidate.task for each in shown}, data, np.concatenate([*chosen.values()]))
        groups = {name: len(each) for name, each in chosen.items()}
        save_sheet(folder / "pictures.png", labelled_grid(rows, groups))
    if len(evaluated) >= FEWEST:
        names, correlations = rank_correlations([each.means for each in evaluated])
        if len(names) > 1:
            write_agreement(folder, names, correlations, len(evaluated))


def _show(config: DictConfig, evaluated: Sequence[Evaluated], comparison: Comparison, pictures: int) -> None:
    """Print the results on the terminal."""
    folder, first = Path(config.output_dir), evaluated[0]
    if len(evaluated) > 1:
        show_comparison(comparison, named=config.measures.names)
        print(f"All measures:  {terminal.shown(folder / 'comparison.txt')}")
    else:
        name = first.candidate.path or type(first.candidate.task.model).__name__
        terminal.show_measures(first.logged, f"{name} on {pictures} test pictures")
    print(f"Saved in:  {terminal.shown(folder)}")


def _study_labels(candidates: Sequence[Candidate]) -> list[str]:
    """The methods of a study: the networks, or all methods if there is no network."""
    networks = [each.label for each in candidates if not each.is_baseline]
    return list(dict.fromkeys(networks or [each.label for each in candidates]))
