"""The folders of a sweep's jobs, named by what varies: `model-cnn+seed-0`, so that TensorBoard tells them apart.

Hydra's grammar takes such a name unquoted: `checkpoint=multirun/…/model-cnn+seed-0/checkpoints/best.ckpt`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override
from omegaconf import OmegaConf

LONGEST = 120  # characters; a file system takes 255, and a path is longer than its last folder
UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)
PLAIN = re.compile(r"[\w./:+@%-]+", re.ASCII)  # what Hydra's grammar takes unquoted, and a shell


def fixed_keys(words: Iterable[str], *, always_new: bool = True) -> list[str]:
    """The keys of a sweep's overrides that have one value, and so are the same in all jobs.

    All keys where a sweeper may try the same values again (not `always_new`): its jobs have numbers for names.
    """
    overrides = {each.key_or_group: each for each in OverridesParser.create().parse_overrides(list(words))}
    values = {key: _values(each) for key, each in overrides.items()}  # of a key given twice the last one acts
    return [key for key, each in values.items() if len(set(each)) == 1 or not always_new]


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [""]
    if isinstance(override.value(), Glob):  # options of a group; which ones, only Hydra's loader knows
        return ["*", "**"]
    return list(override.sweep_string_iterator())


def job_folder(overrides: Sequence[str], fixed: Sequence[str], number: int) -> str:
    """The name of a job's folder: each key that varies, by its last part, and its value.

    Args:
        overrides: of the job, as `model=cnn`.
        fixed: the keys that do not vary.
        number: of the job: its name where nothing varies.
    """
    pairs = [override.lstrip("+~").partition("=")[::2] for override in overrides if "=" in override]
    varied = {key: value for key, value in pairs if key not in fixed}
    last_parts = [key.rpartition(".")[2] for key in varied]
    parts = [
        f"{key if last_parts.count(last) > 1 else last}-{value}"
        for (key, value), last in zip(varied.items(), last_parts, strict=True)
    ]
    safe = "+".join(UNSAFE.sub("_", part).strip("_") for part in parts)
    if safe != "+".join(parts) or len(safe) > LONGEST:
        # Other values may look alike once they are safe or short.
        digest = hashlib.blake2b("+".join(parts).encode(), digest_size=4).hexdigest()
        safe = f"{safe[:LONGEST]}_{digest}"
    return safe or str(number)


def quoted(text: str) -> str:
    """A text as Hydra's grammar takes it."""
    if PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _job_folder(overrides: Sequence[str], fixed: Sequence[str], number: int, sweep: str) -> str:
    """The folder that the sweep's list has for a job, else a new name."""
    from colourize.runs.sweeps import as_typed, folder_of

    words = as_typed(overrides)
    return folder_of(sweep, words) or job_folder(words, fixed, number)


# Registered where the sweep's callback is imported: in the main process, and in those that run jobs.
OmegaConf.register_new_resolver("job_folder", _job_folder, replace=True)
