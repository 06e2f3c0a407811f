"""What every console script shares: where the configuration lies, and how it ends when something is wrong.

Imports of torch and lightning have no place here: `--help` and shell completion must answer at once.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from colourize.cli import help as help_page
from colourize.cli import jobs, messages
from colourize.errors import ColourizeError
from colourize.machine.memory import keep_freed_memory

FULL_ERROR = "HYDRA_FULL_ERROR"
INTERRUPTED = 130
PATIENCE = 10.0  # seconds that a process of several waits for the first one to end


def config_dir() -> Path:
    """The folder `conf`: packaged inside an installed wheel, beside the package in a checkout."""
    packaged = Path(__file__).parent.parent / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "conf"


def run(function: Callable[[DictConfig], Any], config_name: str) -> None:
    """Run a Hydra app; errors that a user can mend become one or two lines and an exit code.

    Exit codes: 2 for a key, option or value that is not allowed, 1 for files and everything else, 130 when
    interrupted. With the environment variable HYDRA_FULL_ERROR set, the traceback is shown instead.
    """
    show_traceback = os.environ.get(FULL_ERROR) == "1"
    parent = os.getppid()

    def guarded(config: DictConfig) -> Any:
        keep_freed_memory()  # here, because a sweep's jobs may be processes of their own
        if not show_traceback:
            os.environ.pop(FULL_ERROR, None)  # what the run starts must not take it for the user's
        try:
            return function(config)
        except Exception as error:
            mendable = messages.mendable(error, config_dir())
            if mendable is not None and HydraConfig.get().mode == RunMode.MULTIRUN:
                raise mendable from error  # the sweep goes on, and its table records the error
            raise
        finally:
            os.environ[FULL_ERROR] = "1"

    os.environ[FULL_ERROR] = "1"  # else Hydra prints the exception itself and exits
    arguments = sys.argv[1:]
    try:
        if help_page.asked_for(arguments):
            print(help_page.text(config_dir(), config_name, [word for word in arguments if not word.startswith("-")]))
            return
        hydra.main(version_base="1.3", config_path=str(config_dir()), config_name=config_name)(guarded)()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as error:
        # Lightning catches Ctrl-C, ends the training in good order, and exits by itself.
        sys.exit(INTERRUPTED if isinstance(error.__context__, KeyboardInterrupt) else error.code)
    except Exception as error:
        mendable = messages.mendable(error, config_dir())
        code = mendable.exit_code if mendable is not None else 1
        if _is_told_by_another(parent):
            sys.exit(code)
        if mendable is not None:
            jobs.remove_start()
        if show_traceback or mendable is None:
            raise
        print(f"error: {mendable}", file=sys.stderr)
        sys.exit(code)


def _is_told_by_another(parent: int) -> bool:
    """Whether this is one of several processes of a run (trainer=ddp), and the first one ends as well.

    What fails in one of them mostly fails in all, or the others lose their connection to it: the first one tells. Only
    where it goes on is the error this process's own. Until then this one must not end: Lightning kills the first as
    soon as it sees another one gone, before it could tell.
    """
    if os.environ.get("LOCAL_RANK", "0") == "0":
        return False
    deadline = time.monotonic() + PATIENCE
    while os.getppid() == parent:  # Lightning starts the others from the first one
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
