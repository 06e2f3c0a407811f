"""The same runs are the same methods, with the same names and numbers, to an evaluation and to a report."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from console import TINY, succeed

from colourize.methods.comparison import read_results
from colourize.methods.grouping import read_settings
from colourize.methods.sources import read_sources
from colourize.runs.tables import read_table

STOP = ["+callbacks.stop._target_=lightning.pytorch.callbacks.EarlyStopping", "+callbacks.stop.monitor=val/loss"]


@pytest.mark.slow
def test_evaluation_and_report_form_the_same_methods_with_the_same_numbers(tmp_path: Path) -> None:
    words = {
        "plain": ["seed=0"],
        "elsewhere": ["seed=1", "trainer.accelerator=cpu"],
        "quiet": ["seed=2", "callbacks.samples=null"],
        "stopped": ["seed=0", *STOP],
        "table": ["model=grey_lookup", "seed=0"],
    }
    for name, more in words.items():
        tiny = [word for word in TINY if name != "table" or not word.startswith("model")]
        common = [*tiny, "data.num_test=20", "task=colour_classification", "trainer.enable_progress_bar=false"]
        succeed("train", [*common, *more, f"hydra.run.dir={tmp_path}/runs/{name}"], tmp_path)
    path = tmp_path / "runs" / "quiet" / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "compile": True}))  # which takes a minute
    asked = [f"checkpoint={tmp_path}/runs", "measures=quick", "baselines=[]"]
    evaluated = read_table(succeed("evaluate", asked, tmp_path).folder / "comparison.csv")
    (source,) = read_sources([tmp_path / "runs"]).sources
    results = read_results(read_settings(source.runs))
    seeds = {each.label: len(each.runs) for each in results.settings.settings}
    assert seeds == {"unet (stop=none)": 3, "unet (stop=EarlyStopping)": 1, "grey_lookup": 1}
    assert {row["method"] for row in evaluated} == seeds.keys()
    for row in evaluated:
        own = results.comparison.row(row["measure"], row["method"])
        if own is None or own.low != own.low:  # a run's folder has no interval of measures of all pictures together
            continue
        assert (row["seeds"], row["mark"]) == (str(own.seeds), own.mark)
        for name in ("mean", "low", "high", "difference", "difference_low", "difference_high"):
            value = float(row[name] or "nan")
            assert value == pytest.approx(getattr(own, name), rel=1e-4, abs=1e-6, nan_ok=True), (name, row)
