"""Every model on every task: gradients, losses, what is logged, what is shown, optimisers and schedules."""

from pathlib import Path

import numpy as np
import pytest
import torch
from lightning import Callback
from omegaconf import OmegaConf
from torch.optim import SGD, lr_scheduler
from torchmetrics.functional.image import structural_similarity_index_measure as ssim

MODELS = ["RegressionCNN", "CNN", "UNet", "PoolUpsampleNet", "ConvTransposeNet", "StridedUNet"]
TASKS = [(given, answer) for given in ("grey", "low") for answer in ("regression", "classification")]
CONF = Path(__file__).parents[2] / "conf"

every_model = pytest.mark.parametrize("model", MODELS)
every_task = pytest.mark.parametrize(("given", "answer"), TASKS)


def random_pictures(count=3, size=16, seed=0):
    levels = np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)
    return torch.from_numpy(levels)


def brute_force_labels(truth, colours):
    pixels = truth.double().movedim(1, -1)[..., None, :]
    return (pixels - torch.tensor(colours, dtype=torch.float64)).square().sum(-1).argmin(-1)


def cross_entropy(logits, labels):
    """Of each pixel, in float64: log of the sum of exponentials less the true class's logit."""
    logits = logits.detach().double().movedim(1, -1).numpy()
    largest = logits.max(-1, keepdims=True)
    total = largest[..., 0] + np.log(np.exp(logits - largest).sum(-1))
    return total - np.take_along_axis(logits, labels.numpy()[..., None], -1)[..., 0]


# ------------------------------------------------------------------------------------------- training


class Watch(Callback):
    """Takes a note of each parameter's gradient at each step."""

    def __init__(self):
        self.steps = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        parameters = {name: p for name, p in pl_module.named_parameters() if p.grad is not None}
        self.steps.append({name: parameter.grad.clone() for name, parameter in parameters.items()})


@every_task
@every_model
def test_every_model_learns_every_task(tiny_task, tiny_data, quiet_trainer, model, given, answer):
    task = tiny_task(given, answer, model={"_target_": f"colourize.models.{model}", "num_filters": 4})
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


@every_task
@every_model
def test_every_parameter_has_a_gradient(tiny_task, model, given, answer):
    task = tiny_task(given, answer, model={"_target_": f"colourize.models.{model}", "num_filters": 4})
    task.eval()  # for the biases before batch norm: see above
    pair = task.make_pair(random_pictures())
    task.loss(task(pair.inputs), pair.target).backward()
    for name, parameter in task.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all() and parameter.grad.abs().max() > 1e-7, name


@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_training_lowers_the_loss(tiny_task, tiny_data, quiet_trainer, answer):
    task = tiny_task("low", answer, optimizer={"_target_": "torch.optim.Adam", "lr": 0.01})
    data = tiny_data(batch_size=11)
    pair = task.make_pair(torch.from_numpy(data.pictures.train))

    def loss():
        with torch.no_grad():
            return task.train().loss(task(pair.inputs), pair.target).item()

    first = loss()
    quiet_trainer(max_epochs=25, limit_val_batches=0).fit(task, datamodule=data)
    last = loss()
    assert last < 0.95 * first


# ----------------------------------------------------------------------------------- pairs and losses


@pytest.mark.parametrize(("protocol", "divisor"), [("honest", 255), ("course", 256)])
@every_task
def test_pairs(tiny_task, palette, given, answer, protocol, divisor):
    task = tiny_task(given, answer, protocol=protocol)
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
    outputs = task.eval()(pair.inputs)
    assert outputs.shape == (3, 3 if answer == "regression" else 5, 16, 16)
    assert torch.equal(outputs, task.model(pair.inputs))


def test_loss_of_regression_is_the_mean_squared_error(tiny_task):
    torch.manual_seed(0)
    outputs, target = torch.randn(2, 3, 5, 6), torch.rand(2, 3, 5, 6)
    loss = tiny_task("grey", "regression").loss(outputs, target)
    expected = np.square(outputs.double().numpy() - target.double().numpy()).mean()
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_loss_of_classification_is_the_cross_entropy(tiny_task):
    torch.manual_seed(0)
    logits, labels = 3 * torch.randn(2, 5, 4, 6), torch.randint(0, 5, (2, 4, 6))
    loss = tiny_task("grey", "classification").loss(logits, labels)
    assert loss.item() == pytest.approx(cross_entropy(logits, labels).mean(), rel=1e-6)
    # Five equal logits: ln 5, whatever the truth.
    assert tiny_task("grey", "classification").loss(0 * logits, labels).item() == pytest.approx(np.log(5))


# -------------------------------------------------------------------------------------------- measures


def evaluated(task, pictures):
    """What the whole split's measures must be, at once and in float64 where rounding could tell."""
    task.eval()
    with torch.no_grad():
        pair = task.make_pair(torch.from_numpy(pictures))
        outputs = task(pair.inputs)
    truth = pair.truth.double()

    def of(prediction):
        errors = (prediction.double() - truth).square().flatten(1).mean(1)
        return {
            "mse": errors.mean().item(),
            "psnr": (10 * torch.log10(1 / errors)).mean().item(),
            "ssim": ssim(prediction.contiguous(), pair.truth.contiguous(), data_range=1.0).item(),
        }

    if outputs.shape[1] == 3:
        loss = (outputs.double() - truth).square().mean().item()
        return {"loss": loss, **of(outputs.clamp(0, 1))}
    colours = torch.tensor(task.hparams["palette"])
    labels = brute_force_labels(pair.truth, task.hparams["palette"])
    loss = cross_entropy(outputs, labels).mean()
    probabilities = outputs.exp() / outputs.exp().sum(1, keepdim=True)
    mean = sum(probabilities[:, [k]] * colours[k].view(1, 3, 1, 1) for k in range(5))
    return {
        "loss": loss,
        "cross_entropy": loss,
        "accuracy": (outputs.argmax(1) == labels).double().mean().item(),
        **of(colours[outputs.argmax(1)].movedim(-1, 1)),
        **{f"{name}_expected": value for name, value in of(mean).items()},
    }


@pytest.mark.parametrize("protocol", ["honest", "course"])
@every_task
def test_logged_measures_are_of_the_whole_split(tiny_task, tiny_data, quiet_trainer, given, answer, protocol):
    task, data = tiny_task(given, answer, protocol=protocol), tiny_data(protocol=protocol)
    # Batches of 3 do not divide 7 and 8 pictures. The second epoch shows that measures start afresh.
    trainer = quiet_trainer(max_epochs=2)
    trainer.fit(task, datamodule=data)
    logged = {name: value.item() for name, value in trainer.callback_metrics.items()}
    (tested,) = trainer.test(task, datamodule=data, verbose=False)

    names = {"loss", "mse", "psnr"} | ({"accuracy"} if answer == "classification" else set())
    assert set(logged) == {"train/loss"} | {f"val/{name}" for name in names}
    expected = evaluated(task, data.pictures.val)
    for name in names:
        assert logged[f"val/{name}"] == pytest.approx(expected[name], rel=2e-5), name

    expected = evaluated(task, data.pictures.test)
    assert tested == pytest.approx({f"test/{name}": value for name, value in expected.items()}, rel=2e-5)
    if answer == "classification":
        assert tested["test/cross_entropy"] == tested["test/loss"]
        assert len(tested) == 9


@pytest.mark.parametrize("eval_batch_size", [1, 4, 100])
def test_size_of_evaluation_batches_changes_no_measure(tiny_task, tiny_data, quiet_trainer, eval_batch_size):
    task = tiny_task("grey", "classification")
    data = tiny_data(eval_batch_size=eval_batch_size)
    (tested,) = quiet_trainer().test(task, datamodule=data, verbose=False)
    expected = evaluated(task, data.pictures.test)
    assert tested == pytest.approx({f"test/{name}": value for name, value in expected.items()}, rel=2e-5)


@pytest.mark.parametrize("answer", ["regression", "classification"])
def test_training_loss_is_the_mean_over_pictures(tiny_task, tiny_data, quiet_trainer, answer):
    # At rate 0 the weights stay, and each batch's loss can be had again: of 4, 4 and 3 pictures.
    task = tiny_task("grey", answer, optimizer={"_target_": "torch.optim.SGD", "lr": 0.0})
    data, trainer = tiny_data(seed=5), quiet_trainer()
    trainer.fit(task, datamodule=data)
    task.train()
    batches, total = list(tiny_data(seed=5).train_dataloader()), 0.0
    assert [len(batch) for batch in batches] == [4, 4, 3]
    for batch in batches:
        pair = task.make_pair(batch)
        with torch.no_grad():
            total += task.loss(task(pair.inputs), pair.target).item() * len(batch)
    assert trainer.callback_metrics["train/loss"].item() == pytest.approx(total / 11, rel=1e-5)


# -------------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize(
    ("given", "answer", "labels"),
    [
        ("grey", "regression", ["grey", "prediction", "truth"]),
        ("low", "regression", ["low", "prediction", "bilinear", "truth"]),
        ("grey", "classification", ["grey", "prediction", "expected colour", "quantised truth", "truth"]),
        (
            "low",
            "classification",
            ["low", "prediction", "expected colour", "bilinear", "quantised truth", "truth"],
        ),
    ],
)
def test_sample_rows(tiny_task, palette, given, answer, labels):
    task = tiny_task(given, answer).eval()
    pair = task.make_pair(random_pictures())
    with torch.no_grad():
        rows = task.sample_rows(pair, task(pair.inputs))
    assert list(rows) == labels
    assert all(pictures.shape == (3, 3, 16, 16) for pictures in rows.values())
    assert not any(pictures.requires_grad for pictures in rows.values())
    assert torch.equal(rows["truth"], pair.truth)
    assert torch.equal(rows[given], pair.inputs.expand(-1, 3, -1, -1))
    outputs = task(pair.inputs)
    if answer == "regression":
        assert torch.equal(rows["prediction"], outputs.clamp(0, 1))
        return
    colours = torch.tensor(palette)
    assert torch.equal(rows["prediction"], colours[outputs.argmax(1)].movedim(-1, 1))
    assert torch.equal(rows["quantised truth"], colours[pair.target].movedim(-1, 1))
    expected = torch.einsum("nkhw,kc->nchw", outputs.softmax(1), colours)
    torch.testing.assert_close(rows["expected colour"], expected)


def test_regressions_pictures_are_clipped(tiny_task):
    outputs = torch.tensor([-0.5, 0.25, 1.5]).view(1, 3, 1, 1)
    pictures = tiny_task("grey", "regression").pictures(outputs)
    assert pictures["prediction"].flatten().tolist() == [0, 0.25, 1]


# ------------------------------------------------------------------------------ optimisers and schedules


class Rates(Callback):
    """The learning rate of each training step."""

    def __init__(self):
        self.rates = []

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        (group,) = trainer.optimizers[0].param_groups
        self.rates.append(group["lr"])


def rates_of(quiet_trainer, task, data, epochs):
    watch = Rates()
    quiet_trainer(max_epochs=epochs, callbacks=[watch]).fit(task, datamodule=data)
    return watch


def shipped(group, option, lr=0.2):
    """A group's file as the composed configuration has it below `task`."""
    config = OmegaConf.create(
        {"task": {"optimizer": {"lr": lr}, group: OmegaConf.load(CONF / group / f"{option}.yaml")}}
    )
    return OmegaConf.to_container(config.task[group], resolve=True)


@pytest.mark.parametrize(
    ("option", "optimiser"),
    [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)],
)
def test_optimisers(tiny_task, option, optimiser):
    config = shipped("optimizer", option)
    task = tiny_task("grey", "regression", optimizer=config)
    optimizer = task.configure_optimizers()
    assert type(optimizer) is optimiser
    (group,) = optimizer.param_groups
    assert list(map(id, group["params"])) == list(map(id, task.parameters()))
    for key, value in config.items():
        if key != "_target_":
            assert group[key] == value
    assert task.hparams["optimizer"] == config


def test_constant_rate(tiny_task, tiny_data, quiet_trainer):
    schedule = OmegaConf.load(CONF / "lr_scheduler" / "constant.yaml").lr_scheduler
    assert schedule is None
    task = tiny_task("grey", "regression", lr_scheduler=schedule)
    assert rates_of(quiet_trainer, task, tiny_data(), 2).rates == [1e-3] * 6


@pytest.mark.parametrize(
    ("option", "theirs"),
    [
        ("one_cycle", lambda sgd: lr_scheduler.OneCycleLR(sgd, 0.2, total_steps=9, pct_start=0.3)),
        ("cosine", lambda sgd: lr_scheduler.CosineAnnealingLR(sgd, T_max=9)),
    ],
)
def test_rate_by_the_step_is_torchs_own(tiny_task, tiny_data, quiet_trainer, option, theirs):
    optimizer = {"_target_": "torch.optim.SGD", "lr": 0.2, "momentum": 0.5}
    task = tiny_task("grey", "regression", optimizer=optimizer, lr_scheduler=shipped("lr_scheduler", option))
    watch = rates_of(quiet_trainer, task, tiny_data(), 3)

    reference = SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2, momentum=0.5)
    schedule = theirs(reference)
    expected = []
    for _ in range(9):  # 3 epochs of 3 batches
        expected.append(reference.param_groups[0]["lr"])
        reference.step()
        schedule.step()
    assert watch.rates == pytest.approx(expected, rel=1e-12)
    assert len(set(expected)) == 9
    # The checkpoint keeps the word, not the number.
    assert "total_steps" in task.hparams["lr_scheduler"].values()


def test_rate_by_the_epoch_is_torchs_own(tiny_task, tiny_data, quiet_trainer):
    schedule = {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 2, "gamma": 0.1}
    task = tiny_task("grey", "regression", lr_scheduler=schedule)
    rates = rates_of(quiet_trainer, task, tiny_data(), 3).rates
    assert rates == pytest.approx([1e-3] * 6 + [1e-4] * 3)


def test_rate_on_a_plateau_is_torchs_own(tiny_task, tiny_data, quiet_trainer):
    losses = [4.0, 3.0, *[3.5] * 5, 2.0, *[2.5] * 5]  # the training loss takes another way
    task = tiny_task("grey", "regression", lr_scheduler=shipped("lr_scheduler", "plateau"))

    def validation_step(pair, batch_idx):
        task.log("val/loss", losses[task.current_epoch], batch_size=len(pair.truth))

    task.validation_step = validation_step
    watch = rates_of(quiet_trainer, task, tiny_data(batch_size=11, eval_batch_size=7), len(losses))

    reference = SGD([torch.nn.Parameter(torch.zeros(1))], lr=1e-3)
    plateau = lr_scheduler.ReduceLROnPlateau(reference, factor=0.5, patience=3)
    expected = []
    for loss in losses:
        expected.append(reference.param_groups[0]["lr"])
        reference.step()
        plateau.step(loss)
    assert watch.rates == pytest.approx(expected)
    assert len(set(expected)) == 3  # two falls


def test_measures_are_in_float32_whatever_the_network_computes_in(tiny_task, tiny_data, quiet_trainer, monkeypatch):
    task = tiny_task("low", "regression")
    truth = {}
    make_pair = task.make_pair

    def remember(pictures):
        pair = make_pair(pictures)
        truth["of the batch"] = pair.truth
        return pair

    monkeypatch.setattr(task, "make_pair", remember)
    monkeypatch.setattr(task, "prediction", lambda outputs: truth["of the batch"])
    (measures,) = quiet_trainer(precision="bf16-mixed").test(task, datamodule=tiny_data(), verbose=False)
    # The truth against itself; a convolution in bfloat16 would leave 0.999.
    assert measures["test/ssim"] == pytest.approx(1, abs=1e-6)


def test_expected_colour_is_in_float32(tiny_task, tiny_data, quiet_trainer, monkeypatch):
    task = tiny_task("grey", "classification")
    kinds = []
    expected = task.expected
    monkeypatch.setattr(task, "expected", lambda outputs: kinds.append(expected(outputs).dtype) or expected(outputs))
    quiet_trainer(precision="bf16-mixed").test(task, datamodule=tiny_data(), verbose=False)
    assert set(kinds) == {torch.float32}
