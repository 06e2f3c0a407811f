"""A job of an experiment that another experiment has run already is copied from there, and not trained again.

Such a run lies in a folder beside the experiment's own, is finished, and had the same settings and versions.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from colourize.files import write_json, write_whole
from colourize.runs import resuming
from colourize.runs.method_settings import DISPLAY, LAUNCH, flat, is_one_of
from colourize.runs.record import FILE as RECORD
from colourize.runs.record import read_record
from colourize.runs.sweeps import as_typed

log = logging.getLogger(__name__)

# These files in a job's folder are the job's own.
OWN = (".hydra", "train.log", resuming.FINAL, resuming.CONFIG, RECORD)


def settings_digest(config: DictConfig) -> str:
    """A fingerprint of all settings that decide what a run computes and leaves, and of two packages' versions.

    Unlike a method it includes the seed, the machine's settings and the files that are kept.
    """
    settings: Any = OmegaConf.to_container(config, resolve=True)
    kept = {key: value for key, value in flat(settings) if not is_one_of(key, (*DISPLAY, *LAUNCH))}
    kept["versions"] = [version("colourize"), version("torch")]
    text = json.dumps(kept, sort_keys=True, default=str).replace(str(config.output_dir), "")
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def find_twin(folder: Path, config: DictConfig) -> Path | None:
    """The folder of a finished run with the same settings, of an experiment whose folder lies beside this one's."""
    digest = settings_digest(config)
    for path in sorted(folder.absolute().parent.parent.glob("*/*")):
        if path != folder and resuming.state(path) == "finished" and read_record(path).get("settings") == digest:
            return path
    return None


def is_half_taken(folder: Path) -> bool:
    """Whether the process died while it copied a run: then the run is copied again, and not resumed."""
    return resuming.state(folder) == "unfinished" and "taken_from" in read_record(folder)


def take(twin: Path, folder: Path, config: DictConfig) -> dict[str, float]:
    """Copy a finished run's files into a job's folder, `metrics.json` last, and return its measures.

    `run.json` stays that of the run, so that it says when, where and with what the numbers were made; it has
    `taken_from` besides.
    """
    log.info("The same run lies in %s and is copied from there", twin)
    for path in sorted(twin.iterdir()):
        if path.name in OWN or path.name.startswith("."):
            continue
        if path.is_dir():
            shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
        else:
            shutil.copy2(path, folder / path.name)
    record = read_record(twin)
    record |= {"overrides": as_typed(), "taken_from": record.get("taken_from", str(twin))}
    write_json(folder / RECORD, record)
    resuming.keep_settings(folder, config)
    write_whole(folder / resuming.FINAL, (twin / resuming.FINAL).read_text(encoding="utf-8"))
    return resuming.final_measures(folder)
