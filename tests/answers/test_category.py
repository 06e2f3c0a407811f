"""What a picture shows: labels travel with their pictures, and what answers pixels is told apart from what does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from colourize.data.pictures import Labels, PictureData, Pictures
from colourize.errors import UsageError
from colourize.models.residual_classifier import ResidualClassifier
from colourize.tasks import RestorationTask

PARTS = {
    "degradation": {"_target_": "colourize.degradations.Undegraded"},
    "answer": {"_target_": "colourize.answers.Category", "num_categories": 3},
    "loss": {"_target_": "colourize.losses.CrossEntropy"},
    "optimizer": {"_target_": "torch.optim.Adam", "lr": 0.01},
}
MODEL = {"_target_": "colourize.models.ResidualClassifier", "num_filters": 4}


class Primaries(PictureData):
    """Noisy red, green and blue pictures; the label is the channel."""

    def load(self) -> Pictures:
        def part(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
            rng = np.random.default_rng(seed)
            labels = rng.integers(0, 3, count)
            pictures = rng.integers(0, 60, (count, 8, 8, 3))
            pictures[np.arange(count), :, :, labels] += 180
            return pictures.astype(np.uint8), labels

        (train, of_train), (test, of_test) = part(120, 0), part(40, 1)
        return Pictures(train, None, test, Labels(of_train, None, of_test))


def data(**settings: object) -> Primaries:
    shifts = {"_target_": "colourize.data.augmentation.FlipsAndShifts", "max_shift": 1}
    return Primaries(batch_size=10, palette=None, augmentation=shifts, **settings)  # type: ignore[arg-type]


def test_labels_stay_with_their_pictures():
    source = data(seed=3)
    source.setup()
    for loader in (source.train_dataloader(), source.val_dataloader(), source.test_dataloader()):
        for batch in loader:
            assert batch.labels is not None
            brightest = batch.pictures.float().mean((1, 2)).argmax(1)
            assert torch.equal(brightest, batch.labels)
    first = source.first("val", 2)
    assert torch.equal(first.labels, next(iter(source.val_dataloader())).labels[:2])


def test_it_learns_and_its_measures_are_of_whole_pictures(quiet_trainer):
    task = RestorationTask(model=MODEL, size=[8, 8], **PARTS)
    trainer = quiet_trainer(max_epochs=12)
    trainer.fit(task, datamodule=data())
    (measures,) = trainer.test(task, datamodule=data(), verbose=False)
    assert set(measures) == {"test/accuracy", "test/cross_entropy", "test/loss"}
    # Chance is a third; some processors end on a plateau where two of three categories are told apart.
    assert measures["test/accuracy"] > 0.5
    assert set(np.unique(task.tally.table()["accuracy"])) <= {0.0, 1.0}


def test_networks_of_pixels_and_of_pictures_are_told_apart():
    unet = {"_target_": "colourize.models.UNet", "num_filters": 4}
    with pytest.raises(UsageError, match=r"^model: UNet answers each pixel, .* model=residual_classifier fits"):
        RestorationTask(model=unet, **PARTS)
    rgb = {"answer": {"_target_": "colourize.answers.RGB"}, "loss": {"_target_": "colourize.losses.MeanSquaredError"}}
    with pytest.raises(UsageError, match=r"^model: ResidualClassifier answers a whole picture"):
        RestorationTask(model=MODEL, **{**PARTS, **rgb})
    task = RestorationTask(model=MODEL, **PARTS)
    with pytest.raises(UsageError, match=r"^data: these pictures have no categories"):
        task.make_pair(torch.zeros(2, 8, 8, 3, dtype=torch.uint8))


@pytest.mark.parametrize("size", [(32, 32), (9, 5), (4, 4)])
def test_the_classifier_takes_any_size(size):
    network = ResidualClassifier(3, 10, num_filters=4).eval()
    features = network.features(torch.rand(2, 3, *size))
    assert features.shape == (2, network.num_features) and (features >= 0).all()
    assert network(torch.rand(2, 3, *size)).shape == (2, 10)
