"""Which methods are compared: checkpoints by file, pattern or folder, and the baselines that fit their tasks."""

from __future__ import annotations

import glob
import itertools
import logging
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.utils import get_class
from omegaconf import DictConfig, OmegaConf

from colourize.checkpoints import data_from, read, task_from
from colourize.configuration import config_dir
from colourize.data.pictures import PictureData
from colourize.errors import ColourizeError, InputError, UsageError
from colourize.methods.identity import settings_of_data, settings_of_task, settings_of_trainer
from colourize.models.baselines import Baseline
from colourize.moved import current_name
from colourize.runs.folders import find_runs, natural
from colourize.runs.resuming import PREVIOUS
from colourize.tasks.restoration import RestorationTask, qualified_name

log = logging.getLogger(__name__)

# Settings whose value is the name of a class.
PARTS = ("model", "task.degradation", "task.answer", "task.loss", "task.optimizer", "task.lr_scheduler", "task.prior")
# What decides how the training pictures are split and read: a baseline is fitted to the same ones as the network.
SPLIT = ("batch_size", "reshuffle", "augmentation", "palette")
LONGEST = 150  # letters of a label in a folder's name


@dataclass(eq=False)
class Candidate:
    """A method as it is evaluated once: a checkpoint of one seed, or a baseline.

    Attributes:
        name: the option of the group `model`, or the class' name where no option has it.
        settings: what makes it this method and no other, flat, without the seed.
        seed: of its training; None: it has none.
        path: its checkpoint.
        checkpoint: the contents of that; of a baseline those of the network that it is fitted like; else empty.
        label: how it is called in tables, see `label`.
        folder_name: what its own files are called by, such as `unet+seed-0`; no other candidate's, see `label`.
    """

    name: str
    task: RestorationTask
    settings: dict[str, Any]
    seed: int | None = None
    path: Path | None = None
    checkpoint: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    folder_name: str = ""

    @property
    def is_baseline(self) -> bool:
        """Whether nothing of it is learnt by gradients."""
        return isinstance(self.task.model, Baseline)


def find_checkpoints(asked: Any) -> list[Path]:
    """The checkpoint files that are meant by a file, a run's folder, a sweep's, a pattern, or a list of these.

    Of a run's folder it is the best, else the last, else whichever there is, which the log names; runs that have none
    are counted in the log and passed over.

    Raises:
        InputError: there is no such file, or none in a folder or by a pattern.
    """
    values = list(asked) if isinstance(asked, (list, tuple)) or OmegaConf.is_list(asked) else [asked]
    if not values or any(value is None for value in values):
        raise UsageError(f"checkpoint={asked}: must name a file, a folder of runs, a pattern, or a list of these")
    found = [path for value in values for path in _named_by(str(value))]
    first: dict[Path, Path] = {}
    for path in found:
        first.setdefault(path.resolve(), path)
    return list(first.values())


def _named_by(value: str) -> list[Path]:
    path = Path(value)
    if path.is_dir():
        runs = [run.checkpoints for run in find_runs(path)]
        inside = [_chosen(each) for each in runs if each]
        if not inside:
            raise InputError(f"checkpoint={path}: no run with a checkpoint lies in this folder")
        if len(inside) < len(runs):
            log.warning("checkpoint=%s: %d of %d runs have no checkpoint yet", path, len(runs) - len(inside), len(runs))
        return inside
    if path.exists() or not glob.has_magic(value):
        return [path]  # a missing one is told when it is read
    paths = sorted((Path(each) for each in glob.glob(value, recursive=True) if Path(each).is_file()), key=natural)
    if not paths:
        raise InputError(f"checkpoint={value}: no file is named like this")
    return paths


def _chosen(checkpoints: Mapping[str, Path]) -> Path:
    usual = checkpoints.get("best") or checkpoints.get("last")
    if usual is None:
        usual = min(checkpoints.values(), key=lambda path: path.name == PREVIOUS)
        log.warning("%s: neither best.ckpt nor last.ckpt; %s is taken", usual.parent, usual.name)
    return usual


def from_checkpoint(path: Path, trust: Sequence[str]) -> Candidate:
    """The method of a checkpoint.

    Raises:
        InputError: see `checkpoints.load`.
    """
    checkpoint = read(path, trust)
    task = task_from(checkpoint, path)
    data = dict(checkpoint.get("datamodule_hyper_parameters") or {})
    settings = (
        settings_of_task(task, data.get("palette"))
        | settings_of_data(checkpoint["colourize"].get("data"), data)
        | settings_of_trainer(path, checkpoint)
    )
    seed = None if isinstance(task.model, Baseline) else data.get("seed")
    return Candidate(_option_of(task), task, settings, seed, path, checkpoint)


def from_task(task: RestorationTask, data: PictureData) -> Candidate:
    """A baseline that was fitted here, as a method."""
    own = dict(data.hparams)
    settings = settings_of_task(task, own.get("palette")) | settings_of_data(qualified_name(data), own)
    return Candidate(_option_of(task), task, settings)


def baselines_for(
    candidates: Sequence[Candidate], names: Iterable[str], given: PictureData, trust: Any
) -> list[Candidate]:
    """The named baselines for each task among the candidates, fitted to what those were trained on.

    One that does not fit a task, or is there already, is left out. Where the pictures that a network was trained on
    cannot be had, its baselines are left out as well, and the log says so.

    Args:
        names: options of the group `model`.
        given: the data of a candidate that is no checkpoint.
    """
    found: list[Candidate] = []
    for kind in {kind_of(each): each for each in candidates}.values():
        try:
            data = data_from(kind.checkpoint, str(kind.path), trust) if kind.checkpoint else given
            data.prepare_data()
            training = data.training
        except ColourizeError as error:
            log.warning("Baselines of %s are left out: %s", kind.path, str(error).splitlines()[0])
            continue
        there = {each.name for each in candidates if kind_of(each) == kind_of(kind)}
        for name in names:
            task = None if name in there else baseline_on(kind.task, name)
            if task is not None:
                task.fit_parts(training)
                settings = {
                    key: value for key, value in kind.settings.items() if not key.startswith(("model", "trainer"))
                }
                found.append(Candidate(name, task, settings | {"model": name}, checkpoint=kind.checkpoint))
    return found


def fitting(names: Any) -> list[str]:
    """The options of the group `model` that `baselines` asks for: "fitting" is all baselines there are.

    Raises:
        UsageError: one is no baseline.
    """
    known = [name for name, target in model_options().items() if is_baseline(target)]
    if names == "fitting":
        return known
    asked = [] if names is None else [names] if isinstance(names, str) else list(names)
    wrong = [name for name in asked if name not in known]
    if wrong:
        raise UsageError(f"baselines={wrong[0]}: must be fitting, or some of {', '.join(known)}")
    return asked


def label(candidates: Sequence[Candidate]) -> None:
    """Give each method a name that no other has: its model's, and what it differs in from others of that name.

    Seeds of one method share it; their folders' names are apart as well.
    """
    for name in dict.fromkeys(each.name for each in candidates):
        same = [each for each in candidates if each.name == name]
        keys = list(dict.fromkeys(key for each in same for key in each.settings))
        varied = [key for key in keys if len({str(each.settings.get(key)) for each in same}) > 1]
        varied.sort(key=lambda key: key.startswith("task.fitted"))  # a number that says nothing, where all else is one
        told = _fewest(same, varied)
        for each in same:
            differs = ", ".join(_told(key, each.settings.get(key)) for key in told)
            each.label = f"{name} ({differs})" if differs else name
        seeds = [(each.label, each.seed) for each in same]
        for each, own in zip(same, seeds, strict=True):
            if seeds.count(own) > 1 and each.path is not None:  # the same settings and seed: two trainings all the same
                each.label = f"{each.label} [{_apart(each, same)}]"
    taken: set[str] = set()
    for each in candidates:
        each.folder_name = _folder_name(each, taken)
        taken.add(each.folder_name)


def _folder_name(candidate: Candidate, taken: Container[str]) -> str:
    """`unet+seed-0`; with a number where letters that no file's name should have were all that told two apart."""
    kept = "".join(letter if letter.isalnum() or letter in "._-=" else "-" for letter in candidate.label)[:LONGEST]
    name = kept if candidate.seed is None else f"{kept}+seed-{candidate.seed}"
    others = (f"{name}+{number}" for number in itertools.count(2))
    return next(each for each in itertools.chain([name], others) if each not in taken)


def _told(key: str, value: Any) -> str:
    """A setting in few words: a part's class says what it is, other values need the last word of their key."""
    return str(value) if key in PARTS else f"{key.rpartition('.')[2]}={value}"


def _apart(candidate: Candidate, same: Sequence[Candidate]) -> str:
    """As much of the end of a checkpoint's path as no other's ends with."""
    ends = [each.path.resolve().with_suffix("").parts for each in same if each.path is not None]
    own = candidate.path.resolve().with_suffix("").parts if candidate.path else ()
    length = next((n for n in range(1, len(own)) if sum(parts[-n:] == own[-n:] for parts in ends) == 1), len(own))
    return "/".join(own[-length:])


def _fewest(same: Sequence[Candidate], varied: Sequence[str]) -> list[str]:
    """Of the keys that vary as few as tell the methods apart that all of them tell apart."""

    def apart(keys: Sequence[str]) -> int:
        return len({tuple(str(each.settings.get(key)) for key in keys) for each in same})

    told: list[str] = []
    for key in varied:
        if apart([*told, key]) > apart(told):
            told.append(key)
    return told


def baseline_on(task: RestorationTask, name: str) -> RestorationTask | None:
    """A baseline, an option of the group `model`, on the same task; None: it is not for it. It is not fitted yet."""
    config: dict[str, Any] = OmegaConf.to_container(_model_config(name), resolve=True)  # type: ignore[assignment]
    try:
        return task.with_model(config).eval()
    except UsageError:
        return None


def kind_of(candidate: Candidate) -> tuple[str, ...]:
    """What decides which baselines belong beside a method: its task, and what it was trained on."""
    parts = ("task.degradation", "task.answer", "task.fitted", "task.divisor", "data.")
    settings = {key: value for key, value in candidate.settings.items() if key.startswith(parts)}
    return tuple(f"{key}={value}" for key, value in settings.items() if key.removeprefix("data.") not in SPLIT)


def model_options() -> dict[str, str]:
    """The options of the group `model`, and the class of each."""
    paths = sorted((config_dir() / "model").glob("*.yaml"))
    return {path.stem: str(_model_config(path.stem).get("_target_")) for path in paths}


def _model_config(name: str) -> DictConfig:
    config = OmegaConf.load(config_dir() / "model" / f"{name}.yaml")
    assert isinstance(config, DictConfig)
    return config


def _option_of(task: RestorationTask) -> str:
    """The option of the group `model` that has a task's class and its arguments, as far as these are told there."""
    model = task.hparams["model"]
    for name, target in model_options().items():
        if target == model["_target_"]:
            told = {key: value for key, value in _model_config(name).items() if key not in ("defaults", "_target_")}
            if not is_baseline(target) or all(model.get(key) == value for key, value in told.items()):
                return name
    return type(task.model).__name__


def is_baseline(target: str) -> bool:
    """Whether a class, by its dotted name, is a baseline's; one that cannot be imported here is none."""
    try:
        found = get_class(current_name(target))
    except Exception:  # of a user's own option that cannot be imported here
        return False
    return isinstance(found, type) and issubclass(found, Baseline)
