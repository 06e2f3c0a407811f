"""The course's published figures stand beside runs with the course's settings alone."""

from collections.abc import Callable

import pytest
from omegaconf import DictConfig, OmegaConf

from colourize.methods.course import published
from colourize.methods.identity import settings_of_config


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("experiment=course", {"test/loss": "1.376–1.379", "test/accuracy": "0.48"}),
        ("experiment=course model=cnn task=super_resolution", {"test/loss": "1.479–1.481", "test/accuracy": "0.46"}),
        ("experiment=course model=regression_cnn task=colour_regression", {"test/loss": "0.0082"}),
        ("experiment=course data.batch_size=50", {"test/loss": "1.35"}),
        ("experiment=course task.optimizer.lr=0.01", {}),
        ("experiment=course data.category=deer", {}),
        ("experiment=course augmentation=flips", {}),
        ("experiment=course averaging=ema", {}),
        ("experiment=course data.num_train=500", {}),
        ("experiment=course data.palette=8", {}),
        ("experiment=course model=regression_cnn task=colour_regression loss=mae", {}),
        ("", {}),  # the honest protocol
    ],
)
def test_only_the_courses_settings_have_published_figures(
    words: str, figures: dict[str, str], compose: Callable[..., DictConfig]
) -> None:
    config = compose(*words.split(), "output_dir=here")
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])  # as a run gets it
    assert published(settings_of_config(own)) == figures
