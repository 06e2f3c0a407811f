"""docs/extending.md, and the overview's Python: each example is short, and works as it stands in the text."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import snippets
import torch
from console import TINY, succeed
from lightning import Trainer
from omegaconf import OmegaConf
from PIL import Image
from torch import nn

import colourize
from colourize.build import build_data, build_task
from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.files import write_whole
from colourize.measures.base import LESS, PictureBatch
from colourize.measures.registry import MEASURES, direction, unit
from colourize.methods.comparison import read_results
from colourize.methods.grouping import read_settings
from colourize.methods.sources import read_sources
from colourize.reporting.parts import PARTS
from colourize.reporting.questions import questions
from colourize.runs.experiments import jobs
from colourize.runs.tables import read_table
from colourize.tasks import RestorationTask

REPOSITORY = Path(__file__).parent.parent
TEXT = (REPOSITORY / "docs" / "extending.md").read_text()
SNIPPETS = snippets.read(TEXT)
SECTIONS = snippets.python_blocks(TEXT)
(MEASURES_OPTION,) = re.findall(r"^```yaml\n(# @package measures\n.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SMALL = (
    *("data=synthetic", "data.size=16", "data.num_train=12", "data.num_val=4", "data.num_test=5"),
    *("data.batch_size=4", "data.palette=8", "model=unet", "model.num_filters=2"),
)


def built(config: OmegaConf) -> tuple[PictureData, RestorationTask]:
    torch.manual_seed(0)
    data = build_data(config)
    return data, build_task(config, data)


def trained_and_loaded(task: RestorationTask, data: PictureData, trainer: Trainer) -> RestorationTask:
    """The same after an epoch, from the file alone."""
    trainer.fit(task, datamodule=data)
    path = Path(trainer.default_root_dir) / "task.ckpt"
    trainer.save_checkpoint(path)
    return colourize.load(path)


def test_the_examples_are_those_that_are_tested_and_short():
    assert len(SECTIONS) == 16
    for heading, python in SECTIONS.items():
        assert snippets.lines_of_code(python) < 20, heading
    assert list(SNIPPETS) == [
        "model/two_layers", "degradation/noise", "loss/robust", "data/npz", "model/grey_table", "answer/chroma",
        "answer/soft_palette", "loss/own_features", "degradation/own_hints",
    ]  # fmt: skip


def test_the_table_counts_the_lines_of_the_examples():
    rows = re.findall(r"^\| (an? \w+.*?) \| `(.+?)\.py` \| (\d+) \| `conf/(.+?)\.yaml` \| (\d+) \|", TEXT, re.MULTILINE)
    examples = {each.option: (each.module.replace(".", "/"), each.python, each.yaml) for each in SNIPPETS.values()}
    examples["measures/mine"] = ("my_measures", SECTIONS["A measure"], MEASURES_OPTION)
    parts = ["a measure", "a loss", "an answer", "a network", "a data source", "a degradation"]
    assert [row[0] for row in rows] == parts
    for part, module, python, option, settings in rows:
        file, *code = examples[option]
        assert (module, int(python), int(settings)) == (file, *map(snippets.lines_of_code, code)), part


def test_a_model_of_ones_own(add):
    _, task = built(add(SNIPPETS["model/two_layers"], *SMALL[:-2]))
    assert type(task.model).__name__ == "TwoLayers"
    assert task.model(torch.rand(1, 1, 8, 8)).shape == (1, 8, 8, 8)


def test_a_degradation_of_ones_own(add):
    data, task = built(add(SNIPPETS["degradation/noise"], *SMALL))
    batch = next(iter(data.train_dataloader()))
    pair = task.make_pair(batch)
    task.loss(task(pair.inputs), pair).backward()
    assert torch.equal(task.degradation.show(pair.inputs), task.make_pair(batch).inputs)
    assert 0.05 < (pair.inputs - pair.truth).std() < 0.12  # some is clipped


def test_a_loss_of_ones_own(add):
    data, task = built(add(SNIPPETS["loss/robust"], *SMALL))
    pair = task.make_pair(next(iter(data.train_dataloader())))
    outputs = task(pair.inputs)
    difference = (outputs - pair.truth).abs()
    huber = torch.where(difference < 0.1, 5 * difference.square(), difference - 0.05)
    torch.testing.assert_close(task.loss(outputs, pair), huber.mean())


def test_a_data_source_of_ones_own(tmp_path, add, monkeypatch):
    pictures = np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", train=pictures[:20], test=pictures[20:])
    monkeypatch.chdir(tmp_path)  # the text's path is relative
    data = build_data(add(SNIPPETS["data/npz"], "data.batch_size=4"))
    assert np.array_equal(data.pictures.test, pictures[20:])
    assert next(iter(data.train_dataloader())).pictures.shape == (4, 8, 8, 3)


@pytest.mark.parametrize("answer", ["rgb", "palette_classes"])
def test_a_fitted_table_as_a_model(add, answer):
    data, task = built(add(SNIPPETS["model/grey_table"], *SMALL[:-2], f"answer={answer}"))
    truth = torch.from_numpy(data.pictures.train).movedim(-1, 1).float() / 255
    levels = (truth.mean(1) * 255).round().long()
    said = task.answer.average_form(truth)
    level = int(levels[0, 3, 5])
    mean = said.movedim(1, -1)[levels == level].mean(0)  # brute force, of one level
    torch.testing.assert_close(task.model.table[level], task.answer.outputs_from(mean[None])[0])
    pair = task.make_pair(torch.from_numpy(data.pictures.train[:1]))
    torch.testing.assert_close(task(pair.inputs)[0, :, 3, 5], task.model.table[level])


def test_any_network_on_top_of_it(add, quiet_trainer):
    table = SNIPPETS["model/grey_table"]
    (prior,) = re.findall(r"^```yaml\n(# @package task\.prior\n.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    add.write(snippets.option_of(prior), prior)
    data, task = built(add(table, *SMALL, typed=["prior=grey_table"]))
    loaded = trained_and_loaded(task, data, quiet_trainer())
    pair = task.make_pair(torch.from_numpy(data.pictures.test))
    task.eval()
    assert torch.equal(loaded(pair.inputs), task(pair.inputs))
    torch.testing.assert_close(task(pair.inputs), task.model(pair.inputs) + task.prior.table[
        task.prior.levels(pair.inputs)
    ].movedim(-1, 1))  # fmt: skip
    assert not any("prior" in name for name in task.state_dict())


def test_chroma_over_the_given_grey(add, quiet_trainer):
    data, task = built(add(SNIPPETS["answer/chroma"], *SMALL))
    loaded = trained_and_loaded(task, data, quiet_trainer())
    pair = loaded.make_pair(torch.from_numpy(data.pictures.test))
    coloured = loaded.pictures(loaded(pair.inputs), pair.inputs)["prediction"]
    inside = ((coloured > 0) & (coloured < 1)).all(1, keepdim=True)
    assert inside.float().mean() > 0.5
    torch.testing.assert_close(coloured.mean(1, keepdim=True)[inside], pair.inputs[inside], atol=1e-6, rtol=0)
    oracle = loaded.answer.decode(loaded.answer.outputs_of(pair.truth), pair.inputs)
    torch.testing.assert_close(oracle, pair.truth, atol=1e-6, rtol=0)


def test_a_soft_target(add, quiet_trainer):
    data, task = built(add(SNIPPETS["answer/soft_palette"], *SMALL))
    pair = task.make_pair(torch.from_numpy(data.pictures.test))
    assert torch.equal(task.answer.labels(pair.target), task.answer.palette.labels(pair.truth))
    outputs = torch.randn(5, 8, 16, 16)
    classes, shares = pair.target
    soft = torch.zeros_like(outputs).scatter(1, classes, shares)
    torch.testing.assert_close(task.loss(outputs, pair), nn.functional.cross_entropy(outputs, soft))
    assert trained_and_loaded(task, data, quiet_trainer()).tally is not None


def test_a_loss_on_features(add, quiet_trainer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    features = nn.Sequential(nn.Conv2d(3, 16, 3, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3))
    torch.save(features.state_dict(), "features.pt")
    config = add(SNIPPETS["loss/own_features"], *SMALL)
    Path("features.pt").rename("moved.pt")
    with pytest.raises(UsageError, match=r"^task\.loss=OwnFeatures: .*No such file.*features\.pt"):
        built(config)
    Path("moved.pt").rename("features.pt")
    data, task = built(config)
    loaded = trained_and_loaded(task, data, quiet_trainer())
    Path("features.pt").unlink()
    (measures,) = quiet_trainer().test(loaded, datamodule=data, verbose=False)
    assert "test/psnr" in measures and "test/loss" not in measures


def test_hints_and_a_flip(add, quiet_trainer):
    data, task = built(add(SNIPPETS["degradation/own_hints"], *SMALL))
    loaded = trained_and_loaded(task, data, quiet_trainer())
    assert loaded.model.in_channels == 5
    batch = next(iter(data.test_dataloader()))
    hints = task.make_pair(batch).inputs[:, 1]
    assert 0 < hints.mean() < 0.06
    alone = task.make_pair(batch._replace(pictures=batch.pictures[2:3], which=batch.which[2:3], numbers=None))
    assert torch.equal(alone.inputs[0, 1], hints[2])


@pytest.mark.slow
def test_a_measure(add, tmp_path, monkeypatch):
    """Known by training, evaluation and report; to the report from the runs' records alone."""
    add.write(snippets.option_of(MEASURES_OPTION), MEASURES_OPTION.replace("default", "quick"))
    (tmp_path / "my_measures.py").write_text(SECTIONS["A measure"])
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ["measures=mine", f"hydra.searchpath=[file://{add.folder}]", "trainer.enable_progress_bar=false"]
    try:
        sweep = succeed("train", ["-m", *TINY, "seed=0,1", *words], tmp_path / "train").sweep
        edge = MEASURES["edge_error"]
        truth = torch.rand(2, 3, 4, 4)
        values = edge.values(PictureBatch(truth.flip(3)), PictureBatch(truth))
        assert values.shape == (2,) and (values > 0).all() and (edge.values(*[PictureBatch(truth)] * 2) == 0).all()
        outcome = succeed("evaluate", [f"checkpoint={sweep}", "baselines=[grey_lookup]", *words], tmp_path / "evaluate")
    finally:
        MEASURES.pop("edge_error", None)
        sys.modules.pop("my_measures", None)
    rows = read_table(outcome.folder / "comparison.csv")
    assert {row["method"] for row in rows if row["measure"] == "edge_error"} == {"unet", "grey_lookup"}
    assert "edge_error (less is better)" in outcome.stdout
    for run in (outcome.folder, sweep / "seed-0"):
        assert "edge_error" in read_table(run / "per_picture.csv")[0]
        assert "test/edge_error" in json.loads((run / "metrics.json").read_text())
    (tmp_path / "my_measures.py").unlink()
    try:
        ((source,), _) = read_sources([sweep])
        read_results(read_settings(source.runs))
        assert direction("edge_error") is LESS and unit("edge_error_expected") == " levels"
    finally:
        MEASURES.pop("edge_error", None)


def test_a_question_of_ones_own(add, monkeypatch):
    (written,) = re.findall(r"`conf/experiment/skips_or_width\.yaml`:\n\n```yaml\n(.*?)^```", TEXT, re.M | re.S)
    add.write("experiment/skips_or_width", written)
    (shown,) = re.findall(r"^```console\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    commands = [re.sub(r"\s+#.*", "", line).split()[1:] for line in shown.replace("\\\n", "").splitlines()]
    counts = []
    for door, *words in commands[:3]:
        assert door == "colourize-train"
        words = [word for word in words if word != "-m"]
        single = [word.split(",")[0] for word in words]
        counts.append(len(jobs(add.compose(*single, add.search_path), words)))
    assert counts == [4 + 2, 4 * 3 + 2, 2 * (4 * 3 + 2)]

    monkeypatch.setattr("colourize.reporting.questions.config_dir", lambda: add.folder)
    question = questions()["skips_or_width"]
    assert question.text == "Can more filters make up for missing skip connections?"
    assert question.about.startswith("CNN and U-Net are compared") and question.number == "Q1"
    assert set(question.parts) <= set(PARTS) and set(question.measures) <= set(MEASURES)
    (row,) = re.findall(r"^\| `question\.parts` .*$", TEXT, re.MULTILINE)
    assert set(re.findall(r"`([a-z]+)`", row)) <= set(PARTS)


@pytest.fixture
def here(add, quiet_trainer, tmp_path, monkeypatch):
    """A folder with two checkpoints, as the last three examples and the overview expect them."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.ckpt", "b.ckpt"):
        data, task = built(add.compose(*SMALL))
        trained_and_loaded(task, data, quiet_trainer())
        (tmp_path / "task.ckpt").rename(name)
        torch.manual_seed(1)
    (tmp_path / "best.ckpt").symlink_to("a.ckpt")
    return tmp_path


def test_values_of_single_pictures(here, capsys):
    names: dict[str, object] = {}
    exec(SECTIONS["The values of single pictures"], names)
    psnr = names["psnr"]
    assert psnr["a.ckpt"].shape == (5,) and np.isfinite(psnr["a.ckpt"]).all()
    assert np.array_equal(psnr["a.ckpt"], psnr["b.ckpt"])  # of two equal trainings


def test_a_photograph_of_any_size(here):
    rng = np.random.default_rng(0)
    photo = rng.integers(90, 160, (45, 77, 3), dtype=np.uint8)
    Image.fromarray(photo).save("photo.png")
    exec(SECTIONS["A photograph of any size"].replace("photo.jpg", "photo.png"), {})
    coloured = np.asarray(Image.open("coloured.png")).astype(float)
    assert coloured.shape == photo.shape
    inside = ((coloured > 0) & (coloured < 255)).all(-1)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(coloured.mean(-1)[inside], photo.astype(float).mean(-1)[inside], atol=1)


def test_a_loop_over_all_runs(here, capsys):
    for name in ("2", "10"):
        run = here / "multirun" / "sweep" / name
        (run / ".hydra").mkdir(parents=True)
        write_whole(run / ".hydra" / "config.yaml", "seed: 0\n")
        write_whole(run / "run.json", '{"status": "completed", "seconds": 12.5}')
        write_whole(run / "metrics.json", '{"test/psnr": 21.5}')
    exec(SECTIONS["All runs of a folder"], {})
    assert capsys.readouterr().out.splitlines() == [
        f"{Path('multirun/sweep') / name} completed 12.5 21.5" for name in ("2", "10")
    ]


def test_the_overviews_python(here):
    text = (REPOSITORY / "docs" / "overview.md").read_text()
    (python,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)).save("horse.png")
    names: dict[str, object] = {}
    exec(python.replace("outputs/…/checkpoints/", ""), names)
    assert names["inputs"].shape == (1, 1, 32, 32)
    assert np.asarray(Image.open("coloured.png")).shape == (32, 32, 3)
