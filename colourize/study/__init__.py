"""A study with people: can they distinguish the coloured picture from the real one?

`page.write_page` makes the page of the study. `colourize-study`, defined here, computes fooling rates from the answers,
and how well each measure predicts them.

colourize-study results=answers
colourize-study 'results=[a.json,b.json]' 'measures={unet: unet/per_picture.csv, cnn: cnn/per_picture.csv}'
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from colourize.cli import app
from colourize.errors import InputError, UsageError, check_count


def study(config: DictConfig) -> None:
    """Read the participants' results, analyse them, and show and save the analysis.

    Raises:
        UsageError: a setting that is not allowed.
        InputError: a file that is missing or damaged, or no attentive participant.
    """
    from colourize.study import output
    from colourize.study.analysis import Choices, agreements, fooling_rates, read_measures
    from colourize.study.participants import find_results, read_results

    settings = OmegaConf.to_container(config, resolve=True)
    assert isinstance(settings, dict)
    least, measures = settings["catch_correct"], settings["measures"] or {}
    if isinstance(least, bool) or not isinstance(least, (int, float)) or not 0 <= least <= 1:
        raise UsageError(f"catch_correct={least}: must be a share, 0 … 1")
    if not isinstance(measures, dict) or not all(isinstance(file, str) for file in measures.values()):
        raise UsageError("measures: must be a file for each model, such as 'measures={unet: unet/per_picture.csv}'")
    check_count("seed", settings["seed"], least=0)
    everyone = read_results(find_results(settings["results"]))
    kept = [each for each in everyone if each.attends(least)]
    if not kept:
        raise InputError(
            f"results: nobody is left; all {len(everyone)} have fewer correct catch trials than catch_correct={least}"
        )
    choices = Choices(kept, settings["seed"])
    found = agreements(read_measures({str(label): file for label, file in measures.items()}, choices), choices)
    dropped = [each for each in everyone if each not in kept]
    report = output.Report(kept, dropped, least, choices, fooling_rates(choices), found)
    folder = Path(settings["output_dir"])
    output.show(report)
    output.write(folder, report)
    print(f"Saved in:  {shlex.quote(os.path.relpath(folder))}")


def main() -> None:
    """The console script."""
    app.run(study, "study")
