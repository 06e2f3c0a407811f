"""Baselines of super-resolution that know the degradation: projected interpolation and a fitted linear filter."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from colourize.data.fitting import Training
from colourize.degradations.low_resolution import project
from colourize.errors import UsageError
from colourize.models import Interpolation
from colourize.prediction.predictor import Predictor
from colourize.tasks import RestorationTask


def pictures(count, side=16, seed=0):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def make_task(model, answer="RGB", prior=None, **degradation):
    return RestorationTask(
        model=model,
        prior=prior,
        degradation={"_target_": "colourize.degradations.LowResolution", "scale_factor": 2, **degradation},
        answer={"_target_": f"colourize.answers.{answer}"},
        loss={"_target_": "colourize.losses.MeanSquaredError"},
        size=[16, 16],
    )


def test_a_projection_has_the_known_means_and_is_never_farther_from_the_truth():
    truth, guess = pictures(5), pictures(5, seed=1)
    low = F.avg_pool2d(truth, 4)
    projected = project(guess, low)
    torch.testing.assert_close(F.avg_pool2d(projected, 4), low)
    before, after = ((each - truth).square().mean((1, 2, 3)) for each in (guess, projected))
    assert (after < before).all()
    torch.testing.assert_close(project(projected, low), projected)


@pytest.mark.parametrize("kind", ["bilinear", "lanczos"])
def test_interpolations_are_projected(kind):
    truth = 0.4 + 0.2 * pictures(3)  # nothing is clipped
    task = make_task({"_target_": "colourize.models.Interpolation", "filter": kind, "projected": True})
    pair = task.make_pair((truth * 255).round().to(torch.uint8).permute(0, 2, 3, 1))
    low = F.avg_pool2d(pair.truth, 2)
    torch.testing.assert_close(F.avg_pool2d(task(pair.inputs), 2), low, atol=1e-5, rtol=0)
    with pytest.raises(UsageError, match=r"model\.projected=1: must be true or false"):
        Interpolation(3, 3, kind, 1)


def test_a_network_may_end_with_the_projection_and_learns_through_it():
    model = {"_target_": "colourize.models.RegressionCNN", "num_filters": 4}
    task = make_task(model, projected=True)
    pair = task.make_pair((pictures(2) * 255).to(torch.uint8).permute(0, 2, 3, 1))
    outputs = task(pair.inputs)
    torch.testing.assert_close(F.avg_pool2d(outputs, 2), F.avg_pool2d(pair.truth, 2), atol=1e-5, rtol=0)
    task.loss(outputs, pair).backward()
    assert any(each.grad.abs().sum() > 0 for each in task.parameters() if each.grad is not None)
    with pytest.raises(UsageError, match="projected=true: is for an answer in R, G and B; PaletteClasses is another"):
        RestorationTask(
            model=model,
            degradation={"_target_": "colourize.degradations.LowResolution", "projected": True},
            answer={"_target_": "colourize.answers.PaletteClasses"},
            loss={"_target_": "colourize.losses.CrossEntropy"},
            palette=4,
        )


def test_only_networks_end_with_the_projection():
    bicubic = {"_target_": "colourize.models.Interpolation", "filter": "bicubic"}
    plain, asked = make_task(bicubic), make_task(bicubic, projected=True)
    inputs = plain.make_pair((pictures(2) * 255).to(torch.uint8).permute(0, 2, 3, 1)).inputs
    assert torch.equal(asked(inputs), plain(inputs))
    # Nor does one that answers every second pixel while it trains: means of blocks are not known of these.
    with pytest.raises(UsageError, match="in training ZhangNet answers one in 2"):
        make_task({"_target_": "colourize.models.ZhangNet"}, projected=True)


def test_the_linear_filter_is_the_least_squares_solution():
    task = make_task({"_target_": "colourize.models.LinearFilter", "reach": 1, "ridge": 0})
    uint8 = (pictures(40) * 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    training = Training(pictures=uint8, divisor=255)
    task.fit_parts(training)
    # Independently: all neighbourhoods in one matrix, and NumPy's least squares, of pictures and their mirror images.
    both = np.concatenate([uint8, uint8[:, :, ::-1]]).astype(float) / 255
    low = both.reshape(80, 8, 2, 8, 2, 3).mean((2, 4))
    padded = np.pad(low, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    seen = np.stack([padded[:, y : y + 8, x : x + 8] for y in range(3) for x in range(3)], -1).reshape(80 * 64, -1)
    seen = np.concatenate([seen, np.ones((len(seen), 1))], 1)
    wanted = both.reshape(80, 8, 2, 8, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(80 * 64, -1)
    weights = np.linalg.lstsq(seen, wanted, rcond=None)[0]
    expected = (seen @ weights).reshape(80, 8, 8, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(80, 16, 16, 3)[:40]
    pair = task.make_pair(torch.from_numpy(uint8))
    found = task(pair.inputs).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(found, expected.clip(0, 1), atol=2e-4)


def test_a_network_begins_as_the_fitted_filter_that_it_is_added_to():
    linear = {"_target_": "colourize.models.LinearFilter", "reach": 1}
    shuffle = {"_target_": "colourize.models.PixelShuffleResNet", "num_filters": 4}
    uint8 = (pictures(40) * 255).to(torch.uint8).permute(0, 2, 3, 1)
    alone, above = make_task(linear), make_task(shuffle, prior=linear)
    for task in (alone, above):
        task.fit_parts(Training(pictures=uint8.numpy(), divisor=255))
    inputs = alone.make_pair(uint8).inputs
    torch.testing.assert_close(above(inputs), alone(inputs))


def test_a_photograph_keeps_its_pixels_as_means_of_blocks():
    model = {"_target_": "colourize.models.RegressionCNN", "num_filters": 4}
    bicubic = {"_target_": "colourize.models.Interpolation", "filter": "bicubic"}
    task = make_task(model, prior=bicubic, projected=True)
    task.model.final.weight.data *= 0.01  # or much would be clipped
    small = np.random.default_rng(0).integers(90, 160, (21, 34, 3), dtype=np.uint8)
    enlarged = np.asarray(Predictor(task, tile=32, test_time_symmetries=8)(Image.fromarray(small))).astype(float)
    assert enlarged.shape == (42, 68, 3) and enlarged.std() > small.std() / 2
    means = enlarged.reshape(21, 2, 34, 2, 3).mean((1, 3))
    np.testing.assert_allclose(means, small, atol=0.51)  # each pixel is rounded
