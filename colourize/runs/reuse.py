"""A job of an experiment that another experiment has run already is taken from there, and not trained again.

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
from colourize.runs.record import FILE as RECORD
from colourize.runs.settings import DISPLAY, LAUNCH, flat, is_one_of
from colourize.runs.sweeps import as_typed

log = logging.getLogger(__name__)

# The files that a job's folder has of its own.
OWN = (".hydra", "train.log", resuming.FINAL, resuming.CONFIG, RECORD)


def settings_digest(config: DictConfig) -> str:
    """A fingerprint of all that decides what a run computes and leaves, and of the versions of this package and torch.

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
    for path in sorted(folder.absolute().parent.parent.glob(f"*/*/{RECORD}")):
        same = path.parent != folder and digest in path.read_text(encoding="utf-8", errors="replace")
        if same and resuming.state(path.parent) == "finished":
            return path.parent
    return None


def is_half_taken(folder: Path) -> bool:
    """Whether a run was being taken from elsewhere when the process died: then it is taken again, and not resumed."""
    path = folder / RECORD
    taken = path.is_file() and '"taken_from"' in path.read_text(encoding="utf-8", errors="replace")
    return taken and resuming.state(folder) == "unfinished"


def take(twin: Path, folder: Path, config: DictConfig) -> dict[str, float]:
    """Copy a finished run's files into a job's folder, the mark that it is finished last; returns its measures.

    `run.json` stays that of the run, so that it says when, where and with what the numbers were made, and has
    `taken_from` besides.
    """
    log.info("The same run lies in %s: taken from there", twin)
    for path in sorted(twin.iterdir()):
        if path.name in OWN or path.name.startswith("."):
            continue
        if path.is_dir():
            shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
        else:
            shutil.copy2(path, folder / path.name)
    record = json.loads((twin / RECORD).read_text(encoding="utf-8"))
    record |= {"overrides": as_typed(), "taken_from": record.get("taken_from", str(twin))}
    write_json(folder / RECORD, record)
    resuming.keep_settings(folder, config)
    write_whole(folder / resuming.FINAL, (twin / resuming.FINAL).read_text(encoding="utf-8"))
    return resuming.final_measures(folder)
