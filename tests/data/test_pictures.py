"""What every source shares: the split, the protocol, the batches of each stage, the errors."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
import torch

from colourize.data.pictures import PictureData, Pictures, checksum, split
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
    assert len(training.pictures) == 1003 and training.divisor == 256


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


@pytest.mark.parametrize(
    ("key", "values", "allowed"),
    [
        ("epoch_size", (0, 1.5, True), "a whole number of at least 1"),
        ("subset_seed", (-1, None), "a whole number of at least 0"),
        ("extra_share", (-0.1, 1.1, True, "0.5", float("nan")), "a share from 0 to 1, or two"),
    ],
)
def test_settings_that_are_not_allowed(key, values, allowed):
    for value in values:
        with pytest.raises(UsageError, match=rf"^data\.{key}={value}: must be {allowed}"):
            Numbered(**{key: value})


def test_fewer_training_pictures_are_among_more_and_what_is_held_out_stays() -> None:
    whole = Numbered().pictures

    def used(count: int, seed: int = 0) -> list[int]:
        source = Numbered()
        source._subset = (count, seed)  # `Numbered` has a `num_train` of its own
        parts = source.pictures
        assert [numbers(part) for part in parts[1:]] == [numbers(part) for part in whole[1:]]
        assert len(source.training.pictures) == source.epoch_length == len(parts.train) == count
        return numbers(parts.train)

    assert set(used(50)) < set(used(51)) < set(used(400)) < set(used(903)) == set(numbers(whole.train))
    assert len(set(used(50)) & set(used(50, seed=1))) < 10
    with pytest.raises(UsageError, match=r"^data\.num_train=904: more than the 903 training pictures"):
        used(904)


class WithExtra(Numbered):
    """300 further pictures from 5000."""

    def load_extra(self) -> tuple[np.ndarray, None]:
        self.loads += 1
        return numbered(5000, 300), None


def test_extra_pictures_are_for_training_alone() -> None:
    data = WithExtra(extra_share=0.25, batch_size=100)
    data.setup("test")
    parts = [numbers(part) for part in data.pictures]
    assert parts == [numbers(part) for part in Numbered().pictures] and data.loads == 1
    assert "extra" not in data.describe()["parts"]
    for _ in range(2):
        data.setup("fit")
        seen = numbers(torch.cat([batch.pictures for batch in data.train_dataloader()]))
    assert len(seen) == 903 and sum(number >= 5000 for number in seen) == 226 and data.loads == 2
    assert data.describe()["parts"]["extra"]["pictures"] == 300
    assert len(data.training.pictures) == 903 and max(numbers(data.training.pictures)) < 2000
    for loader in (data.val_dataloader(), data.test_dataloader()):
        assert max(numbers(torch.cat([batch.pictures for batch in loader]))) < 5000
    batch = next(iter(WithExtra(batch_size=100).train_dataloader()))
    assert sum(number >= 5000 for number in numbers(batch.pictures)) == 25  # 300 of 1203


def test_batch_size_above_the_training_pictures():
    with pytest.raises(UsageError, match=r"^data\.batch_size=904: more than the 903 training pictures"):
        Numbered(batch_size=904).setup("fit")
    with pytest.raises(UsageError, match=r"^data\.batch_size=100: more than the 99 pictures of an epoch"):
        Numbered(epoch_size=99).setup("fit")
    Numbered(batch_size=903, eval_batch_size=5000).setup()
    with pytest.raises(UsageError, match="one training picture is too few"):
        Numbered(num_train=1, batch_size=1).setup()


def test_what_is_held_out_of_a_category_does_not_depend_on_the_others():
    alone = split(Pictures(np.arange(300), None, np.arange(0)), "own")
    categories = np.random.default_rng(0).permutation(np.repeat([3, 7], [300, 150]))
    numbers = np.where(categories == 3, np.cumsum(categories == 3) - 1, -1)  # of the first, in its own order
    together = split(Pictures(numbers, None, np.arange(0)), "own", categories)
    assert sorted(together.val[together.val >= 0]) == alone.val.tolist() and len(alone.val) == 30
    assert (together.val < 0).sum() == 15 and len(together.train) == 405
