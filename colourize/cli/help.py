"""`--help`: what Hydra's own shows, in half the time.

Hydra reads every file of every group four times over for its help; here the names of the files are enough.
"""

from __future__ import annotations

from pathlib import Path

import hydra
from omegaconf import OmegaConf

FLAGS = ("--help", "-h")
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
    return "\n".join(
        [
            about.header,
            "== Configuration groups ==\nChoose one option each: group=option\n",
            *groups,
            "\n== Configuration ==\nChange any of it: key.below=value\n",
            OmegaConf.to_yaml(keys),
            about.footer,
        ]
    )


def options_by_group(conf: Path) -> dict[str, list[str]]:
    """Every group and its options, in alphabetical order."""
    return {
        group.name: sorted(path.stem for path in group.glob("*.yaml"))
        for group in sorted(conf.iterdir())
        if group.is_dir() and group.name != SHARED
    }
