"""The folders of a sweep's jobs, named by what varies: `model-cnn+seed-0`, so that TensorBoard tells them apart.

Hydra's grammar takes such a name unquoted: `checkpoint=multirun/…/model-cnn+seed-0/checkpoints/best.ckpt`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

LONGEST = 120  # characters; a file system takes 255, and a path is longer than its last folder
UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


def fixed_keys(typed: Iterable[str]) -> list[str]:
    """The keys that were typed with one value, and so are the same in all jobs."""
    overrides = OverridesParser.create().parse_overrides(list(typed))
    varies = {str(override.key_or_group): override.is_sweep_override() for override in overrides}  # the last one acts
    return [key for key, several in varies.items() if not several]


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


# Registered where the sweep's callback is imported: in the main process, and in those that run jobs.
OmegaConf.register_new_resolver("job_folder", job_folder, replace=True)
