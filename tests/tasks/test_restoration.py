"""The one task with each pair of degradation and answer: what is learnt, what is logged, what is shown."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Callback, Trainer
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure as ssim

from colourize.data.draws import Draws
from colourize.degradations import Grey
from colourize.measures.base import PictureBatch
from colourize.measures.colour import BalancedAreaUnderCurve
from colourize.measures.registry import MEASURES
from colourize.tasks import RestorationTask

TASKS = [(given, answer) for given in ("grey", "low") for answer in ("regression", "classification")]

every_task = pytest.mark.parametrize(("given", "answer"), TASKS)


QUICK = ("mse", "psnr", "ssim")


def balanced_auc(pictures: Tensor, truth: Tensor) -> float:
    measure = BalancedAreaUnderCurve()
    vectors = measure.vectors(PictureBatch(pictures), PictureBatch(truth)).numpy()
    return float(measure.value(vectors)(np.ones(len(truth))))


def random_pictures(count: int = 3, size: int = 16, seed: int = 0) -> Tensor:
    levels = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    return torch.from_numpy(levels)


def brute_force_labels(truth: Tensor, colours: Any) -> Tensor:
    pixels = truth.double().movedim(1, -1)[..., None, :]
    return (pixels - torch.tensor(colours, dtype=torch.float64)).square().sum(-1).argmin(-1)


def cross_entropy(logits: Tensor, labels: Tensor) -> np.ndarray:
    """Of each pixel, in float64: log of the sum of exponentials less the true class's logit."""
    values = logits.detach().double().movedim(1, -1).numpy()
    largest = values.max(-1, keepdims=True)
    total = largest[..., 0] + np.log(np.exp(values - largest).sum(-1))
    return total - np.take_along_axis(values, labels.numpy()[..., None], -1)[..., 0]


# ------------------------------------------------------------------------------------------- training


class Watch(Callback):
    """Takes a note of each parameter's gradient at each step."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Tensor]] = []

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        parameters = {name: p for name, p in pl_module.named_parameters() if p.grad is not None}
        self.steps.append({name: parameter.grad.clone() for name, parameter in parameters.items()})


# Networks and tasks know nothing of each other: tests of the networks see that each is trained.
@every_task
def test_every_task_learns(tiny_task, tiny_data, quiet_trainer, given, answer):
    task = tiny_task(given, answer)
    before = {name: parameter.detach().clone() for name, parameter in task.named_parameters()}
    watch = Watch()
    trainer = quiet_trainer(limit_train_batches=2, limit_val_batches=1, callbacks=[watch])
    trainer.fit(task, datamodule=tiny_data())
    assert len(watch.steps) == 2
    for gradients in watch.steps:
        assert gradients.keys() == before.keys()
        for name, gradient in gradients.items():
            assert gradient.isfinite().all(), name
            # In training, batch norm subtracts again what the bias before it added: no gradient but rounding.
            if not name.endswith(".conv.bias"):
                assert gradient.abs().max() > 1e-7, name
    for name, parameter in task.named_parameters():
        assert not torch.equal(parameter, before[name]), name
    assert all(value.isfinite() for value in trainer.callback_metrics.values())


class Speckled(Grey):
    """Grey with noise."""

    def forward(self, truth: Tensor, draws: Draws | None = None) -> Tensor:
        inputs = super().forward(truth)
        return inputs if draws is None else inputs + 0.1 * draws.normal(*inputs.shape[1:])


def test_nothing_in_a_step_uses_a_global_generator(tiny_task, tiny_data, quiet_trainer):
    """Neither shuffling nor augmentation nor noise: whatever else draws numbers changes no training."""
    augmentation = {"_target_": "colourize.data.augmentation.FlipsAndShifts", "flip": 0.5, "max_shift": 2}
    degradation = {"_target_": f"{__name__}.Speckled"}

    def states() -> list[Any]:
        return [torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()]  # type: ignore[index]

    weights = []
    for seed in (0, 1):
        task, data = tiny_task("grey", "regression", degradation=degradation), tiny_data(augmentation=augmentation)
        trainer = quiet_trainer(max_epochs=2)
        torch.manual_seed(seed)
        np.random.seed(seed)
        random.seed(seed)
        before = states()
        trainer.fit(task, datamodule=data)
        trainer.test(task, datamodule=data, verbose=False)
        assert states() == before
        weights.append(torch.cat([parameter.detach().flatten() for parameter in task.parameters()]))
    assert torch.equal(*weights)


# ---------------------------------------------------------------------------------------------- pairs


@pytest.mark.parametrize("divisor", [255, 256])
@every_task
def test_pairs(tiny_task, palette, given, answer, divisor):
    task = tiny_task(given, answer, divisor=divisor)
    pictures = random_pictures()
    pair = task.make_pair(pictures)
    levels = pictures.numpy().astype(np.float64).transpose(0, 3, 1, 2) / divisor
    assert pair.truth.dtype == pair.inputs.dtype == torch.float32
    np.testing.assert_array_equal(pair.truth.numpy(), levels.astype(np.float32))
    if given == "grey":
        expected = levels.mean(axis=1, keepdims=True)
    else:
        blocks = levels.reshape(3, 3, 4, 4, 4, 4).mean(axis=(3, 5))
        expected = blocks.repeat(4, axis=2).repeat(4, axis=3)
    np.testing.assert_allclose(pair.inputs.numpy(), expected, atol=1e-6)
    if answer == "regression":
        assert torch.equal(pair.target, pair.truth)
    else:
        assert pair.target.dtype == torch.int64
        assert torch.equal(pair.target, brute_force_labels(pair.truth, palette))
    assert pair.which.tolist() == [0, 1, 2]
    outputs = task.eval()(pair.inputs)
    assert outputs.shape == (3, 3 if answer == "regression" else 5, 16, 16)
    assert torch.equal(outputs, task.model(pair.inputs))


# -------------------------------------------------------------------------------------------- measures


def evaluated(task: RestorationTask, pictures: np.ndarray, colours: list[list[float]]) -> dict[str, float]:
    """What the whole split's measures must be, at once and in float64 where rounding could tell."""
    task.eval()
    with torch.no_grad():
        pair = task.make_pair(torch.from_numpy(pictures))
        outputs = task(pair.inputs)
    truth = pair.truth.double()

    def of(prediction: Tensor) -> dict[str, float]:
        errors = (prediction.double() - truth).square().flatten(1).mean(1)
        return {
            "mse": errors.mean().item(),
            "mae": (prediction.double() - truth).abs().mean().item(),
            "psnr": (10 * torch.log10(1 / errors)).mean().item(),
            "ssim": ssim(prediction.double().contiguous(), truth.contiguous(), data_range=1.0).item(),
            # No mean over batches or pictures.
            "auc_balanced": balanced_auc(prediction, pair.truth),
        }

    if outputs.shape[1] == 3:
        loss = (outputs.double() - truth).square().mean().item()
        return {"loss": loss, **of(outputs.clamp(0, 1))}
    table = torch.tensor(colours)
    labels = brute_force_labels(pair.truth, colours)
    loss = cross_entropy(outputs, labels).mean()
    probabilities = outputs.exp() / outputs.exp().sum(1, keepdim=True)
    mean = torch.einsum("nkhw,kc->nchw", probabilities, table)
    return {
        "loss": loss,
        "cross_entropy": loss,
        "accuracy": (outputs.argmax(1) == labels).double().mean().item(),
        **of(table[outputs.argmax(1)].movedim(-1, 1)),
        **{f"{name}_expected": value for name, value in of(mean).items()},
    }


@every_task
def test_logged_measures_are_of_the_whole_split(tiny_task, tiny_data, quiet_trainer, palette, given, answer):
    task, data = tiny_task(given, answer), tiny_data()
    # Batches of 3 do not divide 7 and 8 pictures. The second epoch shows that measures start afresh.
    trainer = quiet_trainer(max_epochs=2)
    trainer.fit(task, datamodule=data)
    logged = {name: value.item() for name, value in trainer.callback_metrics.items()}
    (tested,) = trainer.test(task, datamodule=data, verbose=False)

    names = {"loss", "mse", "psnr"} | ({"accuracy"} if answer == "classification" else set())
    assert set(logged) == {"train/loss"} | {f"val/{name}" for name in names}
    expected = evaluated(task, data.pictures.val, palette)
    for name in names:
        assert logged[f"val/{name}"] == pytest.approx(expected[name], rel=2e-5), name

    names = {"loss", *QUICK}
    if answer == "classification":
        names |= {"accuracy", "cross_entropy", *(f"{name}_expected" for name in QUICK)}
        assert tested["test/cross_entropy"] == pytest.approx(tested["test/loss"], rel=1e-5)
    expected = evaluated(task, data.pictures.test, palette)
    assert tested == pytest.approx({f"test/{name}": expected[name] for name in names}, rel=2e-5, abs=1e-5)


@pytest.mark.parametrize("eval_batch_size", [1, 4, 100])
def test_size_of_evaluation_batches_changes_no_measure(tiny_task, tiny_data, quiet_trainer, palette, eval_batch_size):
    """Also of measures that are no means over pictures, and asked for by name."""
    task = tiny_task("grey", "classification", measures=[*QUICK, "mae", "auc_balanced"])
    data = tiny_data(eval_batch_size=eval_batch_size)
    (tested,) = quiet_trainer().test(task, datamodule=data, verbose=False)
    expected = evaluated(task, data.pictures.test, palette)
    assert tested == pytest.approx({f"test/{name}": value for name, value in expected.items()}, rel=2e-5, abs=1e-5)
    assert "test/auc_balanced_expected" in tested
    table = task.tally.table()
    assert table["picture"].tolist() == list(range(8)) and "auc_balanced" not in table
    assert table["mae_expected"].mean() == pytest.approx(expected["mae_expected"], rel=2e-5)


@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_training_loss_is_the_mean_over_pictures(tiny_task, tiny_data, quiet_trainer, answer):
    # At rate 0 the weights stay, and each batch's loss can be had again: of 4, 4 and 3 pictures.
    task = tiny_task("grey", answer, optimizer={"_target_": "torch.optim.SGD", "lr": 0.0})
    data, trainer = tiny_data(seed=5), quiet_trainer()
    trainer.fit(task, datamodule=data)
    task.train()
    batches, total = list(tiny_data(seed=5).train_dataloader()), 0.0
    assert [len(batch.which) for batch in batches] == [4, 4, 3]
    for batch in batches:
        pair = task.make_pair(batch)
        with torch.no_grad():
            total += task.loss(task(pair.inputs), pair).item() * len(batch.which)
    assert trainer.callback_metrics["train/loss"].item() == pytest.approx(total / 11, rel=1e-5)


def test_measures_are_in_float32_whatever_the_network_computes_in(tiny_task, tiny_data, quiet_trainer, monkeypatch):
    task, seen = tiny_task("low", "classification"), set()
    loss, ssim = task.loss, MEASURES["ssim"].values

    def watched(preds: PictureBatch, true: PictureBatch) -> Tensor:
        seen.update({preds.rgb.dtype, true.rgb.dtype, torch.is_autocast_enabled("cpu")})
        return ssim(preds, true)

    monkeypatch.setattr(MEASURES["ssim"], "values", watched)
    monkeypatch.setattr(task, "loss", lambda outputs, pair: (seen.add(outputs.dtype), loss(outputs, pair))[1])
    quiet_trainer(precision="bf16-mixed").test(task, datamodule=tiny_data(), verbose=False)
    assert seen == {torch.float32, False}


# -------------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize(
    ("given", "answer", "labels"),
    [
        ("grey", "regression", ["grey", "prediction", "truth"]),
        ("low", "regression", ["low", "prediction", "bilinear", "truth"]),
        ("grey", "classification", ["grey", "prediction", "expected", "quantised truth", "truth"]),
        ("low", "classification", ["low", "prediction", "expected", "bilinear", "quantised truth", "truth"]),
    ],
)
def test_sample_rows(tiny_task, palette, given, answer, labels):
    task = tiny_task(given, answer).eval()
    pair = task.make_pair(random_pictures())
    with torch.no_grad():
        outputs = task(pair.inputs)
        rows = task.sample_rows(pair, outputs)
    assert list(rows) == labels
    assert all(pictures.shape == (3, 3, 16, 16) for pictures in rows.values())
    assert torch.equal(rows["truth"], pair.truth)
    assert torch.equal(rows[given], pair.inputs.expand(-1, 3, -1, -1))
    if answer == "regression":
        assert torch.equal(rows["prediction"], outputs.clamp(0, 1))
        return
    colours = torch.tensor(palette)
    assert torch.equal(rows["prediction"], colours[outputs.argmax(1)].movedim(-1, 1))
    assert torch.equal(rows["quantised truth"], colours[pair.target].movedim(-1, 1))
    torch.testing.assert_close(rows["expected"], torch.einsum("nkhw,kc->nchw", outputs.softmax(1), colours))
