"""Chroma by classification: soft targets by brute force, decoding at its limits, and bins that are chosen."""

from __future__ import annotations

import math

import console
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import colourize
from colourize.answers import AbBins, SoftClasses
from colourize.answers.base import annealed
from colourize.build import build_data, build_task
from colourize.colour.chroma import chroma_of, chroma_over
from colourize.data.fitting import Training
from colourize.degradations import Luminance
from colourize.errors import UsageError

TINY = (
    "data=synthetic", "data.num_train=12", "data.num_val=4", "data.num_test=4", "data.batch_size=6", "data.size=16",
    "model=zhang", "model.num_filters=2", "task=chroma_classification", "task.answer.grid=25",
    "trainer.accelerator=cpu", "trainer.precision=32-true",
)  # fmt: skip


def random_truth(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(seed))


def random_logits(answer: AbBins, *shape: int) -> Tensor:
    return 3 * torch.randn(2, answer.out_channels, *shape, generator=torch.Generator().manual_seed(1))


# ------------------------------------------------------------------------------------------------ targets


@pytest.mark.parametrize(("neighbours", "sigma", "grid"), [(5, 5.0, 10), (10, 5.0, 10), (3, 20.0, 20)])
def test_soft_targets_are_those_of_brute_force(neighbours, sigma, grid):
    answer, truth = AbBins(grid, neighbours=neighbours, sigma=sigma), random_truth(6, 9)
    target = answer.encode(truth)
    centres, chroma = answer.bins.centres.double().numpy(), chroma_of(truth).double().numpy()
    expected = np.zeros((2, len(centres), 6, 9))
    for n, y, x in np.ndindex(2, 6, 9):
        squares = np.square(centres - chroma[n, :, y, x]).sum(1)
        nearest = np.argsort(squares)[:neighbours]
        likely = np.exp(-squares[nearest] / (2 * sigma**2))
        expected[n, nearest, y, x] = likely / likely.sum()
    found = torch.zeros(expected.shape).scatter_(1, target.classes, target.shares)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(answer.average_form(truth), expected, atol=1e-5)
    assert torch.equal(answer.labels(target), answer.bins.nearest(chroma_of(truth), 1)[0][:, 0])
    assert all(part.shape == (2, neighbours, 6, 9) for part in target)  # and nothing of Q channels


def test_sums_by_cell_need_no_dense_target(monkeypatch):
    answer, truth = AbBins(20), random_truth(6, 9)
    cells = torch.randint(0, 4, (2, 6, 9), generator=torch.Generator().manual_seed(2))
    said = answer.average_form(truth).movedim(1, -1).flatten(0, 2).double()
    expected = torch.zeros(4, answer.out_channels, dtype=torch.float64).index_add_(0, cells.flatten(), said)
    monkeypatch.delattr(AbBins, "average_form")
    sums = torch.zeros(4, answer.out_channels + 1, dtype=torch.float64)
    answer.add_by_cell(sums[:, :-1], cells, truth)
    torch.testing.assert_close(sums[:, :-1], expected)
    assert not sums[:, -1].any()


# ----------------------------------------------------------------------------------------------- decoding


def test_a_bins_centre_comes_back():
    answer = AbBins()
    inputs = torch.full((1, 1, 1, answer.out_channels), 0.6)
    truth = chroma_over(inputs, answer.bins.centres.T[None, :, None])
    kept = (chroma_of(truth)[0, :, 0].T - answer.bins.centres).abs().amax(1) < 1e-2  # sRGB has them at this lightness
    assert kept.sum() > 80
    answer.decode_at(0)
    decoded = chroma_of(answer.decode(answer.outputs_of(truth), inputs))[0, :, 0].T
    torch.testing.assert_close(decoded[kept], answer.bins.centres[kept], atol=1e-2, rtol=0)
    quantised = answer.ceiling(truth, inputs)["quantised truth"]
    torch.testing.assert_close(quantised[..., kept], truth[..., kept], atol=1e-3, rtol=0)


def test_temperature_leads_from_the_mode_to_the_plain_mean():
    answer, inputs = AbBins(), torch.full((2, 1, 5, 4), 0.5)
    logits = random_logits(answer, 5, 4)
    likely = np.exp(logits.double().numpy())
    mean = np.einsum("nqhw,qc->nchw", likely / likely.sum(1, keepdims=True), answer.bins.centres.numpy())
    mode = answer.bins.centres[logits.argmax(1)].movedim(-1, 1)
    wanted = {1.0: torch.from_numpy(mean).float(), 1e-4: mode, 1e-30: mode, 0: mode}
    pictures = answer.pictures(logits, inputs)
    assert answer.temperature == 0.38 and list(pictures) == ["prediction", "mode", "mean"]
    for temperature, chroma in wanted.items():
        answer.decode_at(temperature)
        torch.testing.assert_close(answer.decode(logits, inputs), chroma_over(inputs, chroma), atol=1e-4, rtol=0)
    assert torch.equal(pictures["mode"], chroma_over(inputs, mode))
    torch.testing.assert_close(pictures["mean"], chroma_over(inputs, wanted[1.0]), atol=1e-4, rtol=0)
    for temperature in (0.2, 0.38, 2.5):  # p ^ (1/T), normalised
        sharp = likely ** (1 / temperature)
        np.testing.assert_allclose(annealed(logits, temperature), sharp / sharp.sum(1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize("temperature", [0, 0.38, 1])
def test_lightness_stays_exactly(temperature):
    answer, truth = AbBins(25), random_truth(7, 5)
    answer.decode_at(temperature)
    inputs = Luminance()(truth)
    for picture in answer.pictures(random_logits(answer, 7, 5), inputs).values():
        torch.testing.assert_close(Luminance()(picture), inputs, atol=2e-6, rtol=0)


@pytest.mark.parametrize("wrong", [-0.1, True, "warm", math.nan, math.inf])
def test_what_is_no_temperature(wrong):
    with pytest.raises(UsageError, match=r"^temperature=.*: must be a number from 0"):
        AbBins().decode_at(wrong)


# ------------------------------------------------------------------------------------------- bins of training


def test_bins_that_training_hits():
    levels = np.array([[200, 30, 30]] * 5 + [[30, 200, 30]] * 3 + [[128, 128, 128]], np.uint8)
    training = Training(np.tile(levels[None, :, None], (2, 1, 4, 1)))
    answer = AbBins(num_bins=2, neighbours=1)
    assert answer.out_channels == 2 and list(answer.fit(training)) == ["centres"]
    with pytest.raises(UsageError, match=r"^task\.answer\.num_bins=4: must be at most 3, which training hits"):
        AbBins(num_bins=4, neighbours=1).fit(training)
    answer.take(answer.fit(training))
    colours = torch.tensor([[[30, 200, 30]], [[200, 30, 30]]]).movedim(-1, 1)[..., None] / 255  # by a
    assert answer.encode(colours).classes.flatten().tolist() == [0, 1]
    assert (chroma_of(colours)[:, :, 0, 0] - answer.bins.centres).abs().max() <= 5


# ------------------------------------------------------------------------------------------------ its training


def test_what_is_trained_knows_no_temperature(compose, quiet_trainer, monkeypatch):
    """Weights and settings are the same whatever pictures are decoded at meanwhile."""
    found = []
    for temperature in (0.0, 1.0):
        config = compose(*TINY, "loss=rebalanced_cross_entropy")
        torch.manual_seed(0)
        data = build_data(config)
        task = build_task(config, data)
        task.answer.decode_at(temperature)
        quiet_trainer().fit(task, datamodule=data)
        found.append((task.state_dict(), str(dict(task.hparams))))
    (first, settings), (second, same) = found
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    assert settings == same and "temperature" not in settings


def test_a_table_as_prior_of_a_network_that_answers_every_second_pixel(compose):
    config = compose(*TINY, "prior=grey_lookup", "loss=rebalanced_cross_entropy", "task.loss.grey_filter=caffe")
    torch.manual_seed(0)
    data = build_data(config)
    task = build_task(config, data).train()
    pair = task.make_pair(torch.from_numpy(data.pictures.train))
    assert isinstance(pair.target, SoftClasses) and task(pair.inputs).shape[2:] == (8, 8)
    optimizer, losses = task.build_optimizer(), []
    for _ in range(5):
        losses.append(task.loss(task(pair.inputs), pair))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.95 * losses[0]
    assert task.eval()(pair.inputs).shape[2:] == (16, 16)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    outcome = console.run("train", [*TINY, "trainer.max_epochs=1", "hydra.run.dir=run"], folder)
    assert outcome.code == 0, outcome.stderr
    return folder / "run" / "checkpoints" / "best.ckpt"


def test_temperatures_of_an_evaluation(trained, tmp_path):
    """A checkpoint is decoded anew, its baselines alike; nothing but the annealed mean depends on it."""
    words = [f"checkpoint={trained}", "temperature=[0,1]", "baselines=[grey_lookup]", "measures=quick"]
    outcome = console.run("evaluate", [*words, "hydra.run.dir=found"], tmp_path)
    assert outcome.code == 0, outcome.stderr
    rows = [line.split(",") for line in (tmp_path / "found" / "comparison.csv").read_text().splitlines()]
    place = {name: rows[0].index(name) for name in ("method", "measure", "mean", "difference")}
    found = {(row[place["method"]], row[place["measure"]]): row[place["mean"]] for row in rows[1:]}
    for method in ("zhang", "grey_lookup"):
        at_0, at_1 = (f"{method} (temperature={each})" for each in ("0.0", "1.0"))
        assert found[at_0, "psnr"] == found[at_1, "psnr_mode"] and found[at_1, "psnr"] == found[at_0, "psnr_mean"]
        assert found[at_0, "psnr"] != found[at_1, "psnr"]
        assert found[at_0, "cross_entropy"] == found[at_1, "cross_entropy"]
    differences = {(row[place["method"]], row[place["measure"]]): row[place["difference"]] for row in rows[1:]}
    for temperature in ("0.0", "1.0"):  # each is held against the table that is decoded as it is
        own, other = (f"{method} (temperature={temperature})" for method in ("zhang", "grey_lookup"))
        wanted = float(found[own, "mse"]) - float(found[other, "mse"])
        assert float(differences[own, "mse"]) == pytest.approx(wanted, rel=1e-4)
    refused = console.run("evaluate", [words[0], "temperature=[0,null]"], tmp_path)
    assert refused.code == 2 and "must be null alone" in refused.stderr and refused.stderr.count("\n") == 1


def test_temperature_of_a_photograph(trained, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    told = {}
    for name, words in {"cold": ["temperature=0"], "mode": ["picture=mode"], "warm": ["temperature=1"],
                        "mean": ["picture=mean"], "usual": []}.items():  # fmt: skip
        outcome = console.run("predict", [f"checkpoint={trained}", "input=photo.png", f"output={name}.png", *words],
                              tmp_path)  # fmt: skip
        assert outcome.code == 0, outcome.stderr
        told[name] = np.array(Image.open(tmp_path / f"{name}.png"))
    np.testing.assert_array_equal(told["cold"], told["mode"])
    np.testing.assert_array_equal(told["warm"], told["mean"])
    assert (told["usual"] != told["warm"]).any() and colourize.load(trained).answer.temperature == 0.38
    refused = console.run("predict", [f"checkpoint={trained}", "input=photo.png", "output=no.png", "picture=mode",
                                      "temperature=0.5"], tmp_path)  # fmt: skip
    assert refused.code == 2 and "temperature=0.5: changes nothing of picture=mode" in refused.stderr
