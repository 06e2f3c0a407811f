"""Copies a job of an experiment that another experiment has run already, instead of training it again.

Such a run is finished, has the same settings and versions, and its experiment's folder is beside this experiment's.
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
from colourize.runs.folders import read_measures
from colourize.runs.method_settings import DISPLAY, LAUNCH, flat, is_one_of
from colourize.runs.record import FILE as RECORD
from colourize.runs.record import read_record
from colourize.runs.sweeps import as_typed

log = logging.getLogger(__name__)

# Files in a job's folder that are not copied.
OWN = (".hydra", "train.log", resuming.FINAL, resuming.CONFIG, RECORD)


def settings_digest(config: DictConfig) -> str:
    """A fingerprint of all settings that decide a run's results and files, and of two packages' versions.

    Unlike a method, it includes the seed, the machine's settings and the files that are kept.
    """
    settings: Any = OmegaConf.to_container(config, resolve=True)
    kept = {key: value for key, value in flat(settings) if not is_one_of(key, (*DISPLAY, *LAUNCH))}
    kept["versions"] = [version("colourize"), version("torch")]
    text = json.dumps(kept, sort_keys=True, default=str).replace(str(config.output_dir), "")
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def find_twin(folder: Path, config: DictConfig) -> Path | None:
    """The folder of a finished run with the same settings, in an experiment whose folder is beside this one's."""
    digest = settings_digest(config)
    for path in sorted(folder.absolute().parent.parent.glob("*/*")):
        if path != folder and resuming.state(path) == "finished" and read_record(path).get("settings") == digest:
            return path
    return None


def is_half_taken(folder: Path) -> bool:
    """Whether a process died while it copied a run, which must then be copied again and not resumed."""
    return resuming.state(folder) == "unfinished" and "taken_from" in read_record(folder)


def take(twin: Path, folder: Path, config: DictConfig) -> dict[str, float]:
    """Copy a finished run's files into a job's folder, `metrics.json` last, and return its measures.

    `run.json` is that of the original run, so that it says when, where and with what the numbers were made; it also has
    `taken_from`.
    """
    log.info("The same run is in %s and is copied from there", twin)
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
    return read_measures(folder / resuming.FINAL)
