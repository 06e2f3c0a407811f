"""`colourize-search`: searches settings with Optuna, by their measures on the validation pictures.

colourize-search data=synthetic model=cnn trainer.max_epochs=5 trials=10
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colourize.cli import app
from colourize.errors import UsageError, check_count
from colourize.runs import resuming
from colourize.runs.folders import Run
from colourize.runs.sweeps import quoted
from colourize.runs.tables import write_table

log = logging.getLogger(__name__)

OWN = ("train", "space", "trials", "measure", "mode", "sampler_seed", "output")  # the keys of conf/search.yaml
DEFAULT = {
    "task.optimizer.lr": {"low": 1e-4, "high": 1e-2, "log": True},
    "model.num_filters": {"choices": [16, 32, 64]},
    "model.kernel_size": {"choices": [1, 3, 5]},
}
TABLE = "trials.csv"


def search(config: DictConfig) -> dict[str, Any]:
    """Run trials up to the configured number, and return the settings of the best one.

    A trial is a run in its own folder. A stopped trial is resumed, and a failed one is left out.
    """
    try:
        import optuna
        from optuna.storages.journal import JournalFileBackend, JournalStorage
    except ImportError as error:
        raise UsageError('colourize-search: needs Optuna: pip install "colourize[search]"') from error
    check_count("trials", config.trials)
    check_count("sampler_seed", config.sampler_seed, least=0)
    if config.mode not in ("min", "max"):
        raise UsageError(f"mode={config.mode}: must be min or max")
    if str(config.measure).startswith("test/"):
        raise UsageError(f"measure={config.measure}: test pictures must not choose settings; take val/… or train/…")
    asked = DEFAULT if config.space is None else OmegaConf.to_container(config.space, resolve=True)
    if not asked or not isinstance(asked, dict):
        raise UsageError("space: must have a key to search, such as space={task.optimizer.lr:{low:1e-4,high:1e-2}}")
    space = {str(key): _distribution(str(key), values) for key, values in asked.items()}
    folder = Path(config.output).absolute()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name="search", load_if_exists=True, direction="minimize" if config.mode == "min" else "maximize",
        storage=JournalStorage(JournalFileBackend(str(folder / "optuna.journal"))),
        # A resumed search must draw other values.
        sampler=optuna.samplers.TPESampler(seed=config.sampler_seed + len(list(folder.glob("trial-*.log")))),
    )  # fmt: skip
    stopped = [trial for trial in study.get_trials() if trial.state == optuna.trial.TrialState.RUNNING]
    while stopped or sum(trial.state.is_finished() for trial in study.get_trials()) < config.trials:
        trial = stopped.pop(0) if stopped else study.ask(space)
        value = _value(folder / f"trial-{trial.number:03d}", trial.params, config)
        study.tell(trial.number, value, state=optuna.trial.TrialState.FAIL if value is None else None)
        rows = [
            {"trial": each.number, "state": each.state.name.lower(), **each.params, config.measure: each.value}
            for each in study.get_trials()
        ]
        write_table(folder / TABLE, rows)
    if not any(trial.value is not None for trial in study.get_trials()):
        raise UsageError(f"{' '.join(config.train)}: no trial finished; see {folder}/trial-000.log")
    best = study.best_trial
    settings = " ".join(f"{key}={value}" for key, value in best.params.items())
    print(f"Best of {len(study.trials)} trials: {config.measure} {best.value:.6g} with {settings}")
    print(f"Trials:  {config.output}/{TABLE}")
    return dict(best.params)


def _value(folder: Path, params: Mapping[str, Any], config: DictConfig) -> float | None:
    """Train in a folder, or resume there, and return the best value of the measure; None if the training failed."""
    state, place, output = resuming.state(folder), quoted(str(folder)), folder.with_suffix(".log")
    words = [*map(str, config.train), *(f"{key}={value}" for key, value in params.items()), f"hydra.run.dir={place}"]
    if state != "finished":
        with output.open("a", encoding="utf-8") as file:
            command = [sys.executable, "-m", "colourize.train", *([f"resume={place}"] if state != "none" else words)]
            done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if done.returncode < 0 or done.returncode in (130, 143):  # a signal stopped it, and stops the search
            raise KeyboardInterrupt
        if done.returncode:
            log.warning("%s failed: see %s", folder.name, output)
            return None
    values = [row[config.measure] for row in Run.read(folder).metrics() if config.measure in row]
    if not values:
        log.warning("%s: its metrics.csv has no %s", folder.name, config.measure)
        return None
    best = min(values) if config.mode == "min" else max(values)
    log.info("%s: %s %.6g with %s", folder.name, config.measure, best, dict(params))
    return best


def _distribution(key: str, asked: Any) -> Any:
    """Optuna's distribution for a key's values."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    try:
        if "choices" in asked:
            return CategoricalDistribution(asked["choices"])
        whole = all(type(asked[name]) is int for name in ("low", "high"))
        return (IntDistribution if whole else FloatDistribution)(**asked)
    except (KeyError, TypeError, ValueError) as error:
        example = "such as {low: 1e-4, high: 1e-2, log: true}"
        raise UsageError(
            f"space.{key}={asked}: must be choices, or low and high with log or step, {example}"
        ) from error


def with_training(words: list[str]) -> list[str]:
    """Collect the words that are not keys of a search, such as `model=cnn`, as overrides of its trainings."""
    hydras = ("-", "hydra.", "hydra/")
    own = [word for word in words if word.startswith(hydras) or word.split("=")[0].split(".")[0] in OWN]
    others = [quoted(word) for word in words if word not in own]
    return [*own, f"train=[{','.join(others)}]"] if others else own


def main() -> None:
    """The console script."""
    sys.argv[1:] = with_training(sys.argv[1:])
    app.run(search, "search")


if __name__ == "__main__":
    main()
