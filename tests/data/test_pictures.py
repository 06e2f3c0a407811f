"""What every source shares: the split, the protocol, the batches of each stage, the errors."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
import torch

from colourize.data.pictures import PictureData, Pictures, checksum
from colourize.errors import UsageError


def numbered(start: int, count: int) -> np.ndarray:
    """Pictures of 4×6 pixels that carry their number in the first one."""
    pictures = np.random.default_rng(start).integers(0, 256, (count, 4, 6, 3), dtype=np.uint8)
    pictures[:, 0, 0, 0], pictures[:, 0, 0, 1] = np.divmod(np.arange(start, start + count), 256)
    return pictures


def numbers(pictures: np.ndarray | torch.Tensor | None) -> list[int]:
    assert pictures is not None
    pixels = np.asarray(pictures)[:, 0, 0].astype(int)
    return (256 * pixels[:, 0] + pixels[:, 1]).tolist()


class Numbered(PictureData):
    """1003 training pictures from 0, 57 test pictures from 2000, perhaps 20 for validation from 3000."""

    def __init__(self, val: bool = False, num_train: int = 1003, **common: Any) -> None:
        super().__init__(**common)
        self.val, self.num_train, self.loads = val, num_train, 0

    def load(self) -> Pictures:
        self.loads += 1
        return Pictures(numbered(0, self.num_train), numbered(3000, 20) if self.val else None, numbered(2000, 57))


def test_honest_holds_out_a_tenth_whatever_the_seed():
    train, val, test = (numbers(part) for part in Numbered(seed=0).pictures)
    assert (len(train), len(val), len(test)) == (903, 100, 57)
    assert sorted(train + val) == list(range(1003))
    assert train == sorted(train) and val == sorted(val)
    assert max(np.diff(val)) < 100  # from all over the training pictures
    assert test == list(range(2000, 2057))
    other = Numbered(seed=7, batch_size=3, palette=None)
    other.setup("fit")
    assert [numbers(part) for part in other.pictures] == [train, val, test] and other.loads == 1
    own = Numbered(val=True).pictures
    assert [numbers(part) for part in own] == [[*range(1003)], [*range(3000, 3020)], [*range(2000, 2057)]]


@pytest.mark.parametrize("val", [False, True])
def test_course_validates_on_the_test_pictures(val):
    data = Numbered(val=val, protocol="course")
    assert [numbers(part) for part in data.pictures] == [[*range(1003)], [*range(2000, 2057)], [*range(2000, 2057)]]
    training = data.training
    assert len(training.pictures) == 1003 and (training.divisor, training.cache_dir) == (256, None)


@pytest.mark.parametrize(
    ("options", "acting", "message"),
    [
        ({}, (255, "own"), "pixels / 255, validation on pictures of its own (honest protocol)"),
        ({"protocol": "course"}, (256, "test"), "pixels / 256, validation on the test pictures (course protocol)"),
        ({"divisor": 256}, (256, "own"), "pixels / 256, validation on pictures of its own (neither protocol)"),
        ({"protocol": "course", "validation": "own"}, (256, "own"), "validation on pictures of its own (neither"),
        ({"validation": "test", "divisor": 256}, (256, "test"), "the test pictures (course protocol)"),
    ],
)
def test_a_protocol_is_two_settings(caplog, options, acting, message):
    """The log has the acting settings: `data.protocol` sets both, and each can be set alone."""
    caplog.set_level(logging.INFO)
    data = Numbered(**options)
    data.setup()
    assert (data.divisor, data.validation) == acting
    assert len(data.pictures.val) == (100 if acting[1] == "own" else 57)
    assert message in caplog.text and "Numbered: " in caplog.text


def test_each_stage_has_its_batches():
    data = Numbered(batch_size=100, eval_batch_size=20, seed=3, eval_seed=8)
    train, val, test = data.train_dataloader(), data.val_dataloader(), data.test_dataloader()
    assert [(loader.stage, loader.seed) for loader in (train, val, test)] == [("train", 3), ("val", 8), ("test", 8)]
    assert [len(batch.pictures) for batch in test] == [20, 20, 17]
    seen = torch.cat([batch.pictures for batch in train])
    assert numbers(seen) != numbers(data.pictures.train)
    np.testing.assert_array_equal(seen[np.argsort(numbers(seen))], data.pictures.train)
    for loader, pictures in ((val, data.pictures.val), (test, data.pictures.test)):
        np.testing.assert_array_equal(torch.cat([batch.pictures for batch in loader]), pictures)
    assert train.reshuffle and not Numbered(reshuffle=False).train_dataloader().reshuffle


def test_descriptions_tell_pictures_apart():
    described = Numbered(seed=1, batch_size=7).describe()
    assert described["source"] == "Numbered" and (described["divisor"], described["validation"]) == (255, "own")
    assert described["batch_size"] == 7 and "seed" not in described
    assert described["parts"]["val"]["pictures"] == 100 and described["parts"]["val"]["size"] == [4, 6]
    assert Numbered(seed=2, batch_size=7).describe() == described
    pictures = numbered(0, 5)
    changed = pictures.copy()
    changed[4, 3, 5, 2] ^= 1
    for other in (changed, pictures[::-1], pictures.reshape(5, 6, 4, 3), pictures[:4]):
        assert checksum(other) != checksum(pictures)
    assert checksum(pictures[:, :, ::-1][:, :, ::-1]) == checksum(pictures)


def test_batch_size_above_the_training_pictures():
    with pytest.raises(UsageError, match=r"^data\.batch_size=904: more than the 903 training pictures"):
        Numbered(batch_size=904).setup("fit")
    Numbered(batch_size=903, eval_batch_size=5000).setup()
    with pytest.raises(UsageError, match="one training picture is too few"):
        Numbered(num_train=1, batch_size=1).setup()
