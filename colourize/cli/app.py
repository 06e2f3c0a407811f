"""What every console script shares: where the configuration lies, and how it ends when something is wrong.

Imports of torch and lightning have no place here: `--help` and shell completion must answer at once.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from colourize.cli import help as help_page
from colourize.errors import ColourizeError, UsageError
from colourize.machine.memory import keep_freed_memory

FULL_ERROR = "HYDRA_FULL_ERROR"
INTERRUPTED = 130


def config_dir() -> Path:
    """The folder `conf`: packaged inside an installed wheel, beside the package in a checkout."""
    packaged = Path(__file__).parent.parent / "conf"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "conf"


def run(function: Callable[[DictConfig], Any], config_name: str) -> None:
    """Run a Hydra app; errors that a user can mend become one or two lines and an exit code.

    Exit codes: 2 for a key, option or value that is not allowed, 1 for files and everything else, 130 when
    interrupted. With the environment variable HYDRA_FULL_ERROR set, the traceback is shown instead.
    """

    def guarded(config: DictConfig) -> Any:
        keep_freed_memory()  # here, because a sweep's jobs may be processes of their own
        try:
            return function(config)
        except Exception as error:
            mendable = _mendable(error)
            if mendable is None:
                raise
            if HydraConfig.get().mode == RunMode.MULTIRUN:
                raise mendable from error  # the sweep goes on, and its table records the error
            _remove_start()
            if show_traceback:
                raise
            _fail(mendable)

    show_traceback = os.environ.get(FULL_ERROR) == "1"
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
        mendable = _mendable(error, config_name)
        if show_traceback or mendable is None:
            raise
        _fail(mendable)


def _fail(error: ColourizeError) -> None:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(error.exit_code)


def _mendable(error: BaseException, config_name: str = "") -> ColourizeError | None:
    """The error that a user can mend, wherever it stands in the chain; None for a fault of the program."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ColourizeError):
            return cause
        cause = cause.__cause__
    if isinstance(error, MissingConfigException) and error.options is not None and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        return UsageError(f"{group}={option}: must be one of {', '.join(error.options)}")
    if isinstance(error, ValueError) and "Config group override" in str(error):  # logger=null, or =3
        wrong = [word for word in sys.argv[1:] if word.startswith("=") or word.endswith("=null")]
        return UsageError(f"{' '.join(wrong)}: a group takes one of its options, as in group=option; ~group removes it")
    if isinstance(error, RuntimeError) and '"srun"' in str(error):
        return UsageError("launcher=submitit: there is no SLURM here (no srun); joblib runs jobs side by side as well")
    if isinstance(error, (HydraException, OmegaConfBaseException)):
        return UsageError(_short(str(error), config_name))
    return None


def _short(message: str, config_name: str) -> str:
    """Hydra's and OmegaConf's messages in one or two lines, with the keys that are allowed."""
    if message.startswith("Ambiguous value"):
        wrong = re.search(r"'(.*)'", message)
        return f"{wrong.group(1) if wrong else ''}: several values are a sweep, with -m; a list is written key=[a,b]"
    if re.search("LexerNoViableAlt|mismatched input|extraneous input|Error parsing override|no viable alt", message):
        special = [
            word for word in sys.argv[1:] if not re.fullmatch(r"[-+~\w@./]+(=[\w@./:,\[\]+-]*)?", word, re.ASCII)
        ]
        return (
            f"{' '.join(special or sys.argv[1:])}: not understood; arguments are key=value, and a value with other "
            "characters than letters, digits and ./:-_ is quoted twice: 'key=\"…\"'"
        )
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    unknown = re.match(r"Could not override '([^']+)'", lines[0])
    if unknown:
        key = unknown.group(1)
        parent, _, _ = key.rpartition(".")
        return f"{key}: there is no such key; {_allowed_keys(parent, config_name)}"
    return " ".join(lines[:2])


def _allowed_keys(parent: str, config_name: str) -> str:
    """The keys beside an unknown one, under the groups' options that the command line chose."""
    groups = help_page.options_by_group(config_dir())
    choices = [word for word in sys.argv[1:] if word.partition("=")[0] in groups]
    try:
        with hydra.initialize_config_dir(str(config_dir()), version_base="1.3"):
            config = hydra.compose(config_name, overrides=choices)
    except Exception:  # the choices may be wrong as well: the first error is the one to tell
        return "--help lists them"
    node = OmegaConf.select(config, parent) if parent else config
    if not isinstance(node, DictConfig):
        return f"{parent} has no keys below it" if node is not None else "--help lists them"
    return f"{parent or 'the top level'} has {', '.join(str(key) for key in node if not str(key).startswith('_'))}"


def _remove_start() -> None:
    """Remove what Hydra wrote for a run that did not begin: its record and log, and the folders left empty.

    A folder in use before, which holds anything else, keeps everything.
    """
    config = HydraConfig.get()
    folder = Path(config.runtime.output_dir)
    written = {config.output_subdir or ".hydra", f"{config.job.name}.log"}
    if {path.name for path in folder.iterdir()} <= written:
        shutil.rmtree(folder / (config.output_subdir or ".hydra"), ignore_errors=True)
        (folder / f"{config.job.name}.log").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty, or where we stand
            folder.rmdir()
            if folder.parent.parent.name == "outputs":  # that of the day
                folder.parent.rmdir()
