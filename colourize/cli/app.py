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
from colourize.cli import messages, starts
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
    end = _End()

    def guarded(config: DictConfig) -> Any:
        keep_freed_memory()  # here, because a sweep's jobs may be processes of their own
        end.restore_environment()
        try:
            return function(config)
        except Exception as error:
            if HydraConfig.get().mode == RunMode.RUN:
                end.with_error(error)  # already here: on its way out Hydra writes a line of its own
                raise
            mendable = messages.mendable(error, config_dir())
            if mendable is None:
                raise
            # The sweep goes on, and its table records the error; a worker process passes on no chain of causes.
            raise type(mendable)(str(mendable)) from error
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
        end.with_error(error)
        raise


class _End:
    """How this process ends when something is wrong."""

    def __init__(self) -> None:
        self.typed = os.environ.get(FULL_ERROR)
        self.parent = os.getppid()
        self.is_alone = os.environ.get("LOCAL_RANK", "0") == "0"

    def restore_environment(self) -> None:
        """What the run starts must not take our own setting for the user's."""
        os.environ.pop(FULL_ERROR, None)
        if self.typed is not None:
            os.environ[FULL_ERROR] = self.typed

    def with_error(self, error: Exception) -> None:
        """Tell it and exit, or return where its traceback is to be shown."""
        mendable = messages.mendable(error, config_dir())
        code = mendable.exit_code if mendable is not None else 1
        if self._is_told_by_another():
            sys.exit(code)
        if mendable is None:
            return
        starts.remove()
        if self.typed != "1":
            print(f"error: {mendable}", file=sys.stderr)
            sys.exit(code)

    def _is_told_by_another(self) -> bool:
        """Whether this is one of several processes of a run (trainer=ddp), of which the first one ends as well.

        What fails in one of them mostly fails in all, or else the others lose their connection to it: the first one
        tells. Only where it goes on is the error this process's own. Until then this one must not end: Lightning kills
        the first one when it sees another gone, perhaps before it could tell.
        """
        deadline = time.monotonic() + PATIENCE
        while not self.is_alone:
            if os.getppid() != self.parent:  # Lightning starts the others from the first one
                return True
            self.is_alone = time.monotonic() > deadline
            time.sleep(0.05)
        return False
