"""`--help`: what Hydra's own shows, in half the time.

Hydra reads every file of every group four times over for its help; here the names of the files are enough.
"""

from __future__ import annotations

import re
from pathlib import Path

import hydra
from omegaconf import OmegaConf

FLAGS = ("--help", "-h")
COLUMN = 18  # where comments begin, as in the files
SHARED = "common"  # the folder of what several files have in common; not a group to choose from


def asked_for(arguments: list[str]) -> bool:
    """Whether help is wanted, and nothing else that only Hydra knows (such as --config-dir)."""
    flags = [argument for argument in arguments if argument.startswith("-")]
    return len(flags) == 1 and flags[0] in FLAGS


def text(conf: Path, config_name: str, overrides: list[str]) -> str:
    """What the app is for, its groups and their options, and the configuration as it stands with the overrides.

    Args:
        conf: the folder of the configuration.
        config_name: the app's, "train" for `conf/train.yaml`.
        overrides: the words of the command line, without flags.
    """
    with hydra.initialize_config_dir(str(conf), version_base="1.3"):
        config = hydra.compose(config_name, overrides, return_hydra_config=True)
    about = config.hydra.help
    keys = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    chosen = config.hydra.runtime.choices  # an app's own groups, of all that lie in the folder
    groups = [f"{group}: {', '.join(names)}" for group, names in options_by_group(conf).items() if group in chosen]
    heading = ["== Configuration groups ==\nChoose one option each: group=option\n", *groups, ""] if groups else []
    return "\n".join(
        [
            about.header,
            "",
            *heading,
            "== Configuration ==\nChange any of it: key.below=value\n",
            _explained(OmegaConf.to_yaml(keys), (conf / f"{config_name}.yaml").read_text(encoding="utf-8")),
            about.footer,
        ]
    )


def _explained(keys: str, source: str) -> str:
    """The configuration with the comments that the app's own file has beside its keys."""
    comments = dict(re.findall(r"^(\w+):[^#\n]*# (.+)$", source, re.MULTILINE))
    lines = []
    for line in keys.splitlines():
        comment = comments.get(line.partition(":")[0])
        lines.append(f"{line:<{COLUMN}}  # {comment}" if comment else line)
    return "\n".join(lines) + "\n"


def options_by_group(conf: Path) -> dict[str, list[str]]:
    """Every group and its options, in alphabetical order."""
    return {
        group.name: sorted(path.stem for path in group.glob("*.yaml"))
        for group in sorted(conf.iterdir())
        if group.is_dir() and group.name != SHARED
    }
