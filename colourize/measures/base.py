"""The base classes of measures: each measure is one class with name, direction, definition and computation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Enum
from functools import cached_property
from typing import Any, Literal

import numpy as np
from torch import Tensor

from colourize.colour.lab import rgb_to_lab
from colourize.measures import category_classifier


class Direction(str, Enum):
    """Which values of a measure are good; false if no value is better than another."""

    MORE = "more is better"
    LESS = "less is better"
    ZERO = "nearest 0 is best"
    NEITHER = ""

    __str__ = str.__str__


MORE, LESS, ZERO, NEITHER = Direction


class PictureBatch:
    """Pictures with the results that several measures need, each computed once on demand.

    Args:
        rgb: (N, 3, H, W) float32, RGB in [0, 1].
        labels: the pictures' categories, (N,); None: unknown.
    """

    def __init__(self, rgb: Tensor, labels: Tensor | None = None) -> None:
        self.rgb, self.labels = rgb, labels

    @property
    def smaller_side(self) -> int:
        return min(self.rgb.shape[2:])

    @cached_property
    def lab(self) -> Tensor:
        """CIE Lab, (N, 3, H, W)."""
        return rgb_to_lab(self.rgb)

    @cached_property
    def classified(self) -> tuple[Tensor, Tensor]:
        """The features (N, D) and the logits (N, 10) of this project's classifier."""
        if (self.rgb == self.rgb[:1]).all():  # as for a method that predicts one picture for all
            features, logits = category_classifier.classify(self.rgb[:1])
            return features.expand(len(self.rgb), -1), logits.expand(len(self.rgb), -1)
        return category_classifier.classify(self.rgb)

    @cached_property
    def cache(self) -> dict[Measure, Any]:
        """Values that a measure keeps for its next call with these pictures."""
        return {}


class Measure:
    """A measure, with its facts as arguments of the class: `class Mine(PictureMeasure, name="mine", direction=LESS)`.

    A subclass needs name, direction and docstring, unless it is `abstract`; it inherits the other facts.

    Attributes:
        name: its name in `measures.names`, in tables and in files.
        direction: which values are good.
        definition: the first paragraph of the class's docstring, as in docs/measures.md.
        source: the paper that defines it.
        unit: its unit, such as "dB".
        group: the smallest set of measures that it belongs to; each set includes those before it. None: no set.
        headline: whether an evaluation prints it; the files have all measures.
        some_lack: whether pictures may have no value by definition, which its mean leaves out. A missing value of any
            other measure makes the mean nan.
        kinds: the kinds of answers (`Answer.kind`) whose outputs it measures; empty: it measures pictures.
        of_probabilities: whether it needs a method that predicts probabilities.
    """

    name: str
    direction: Direction
    definition: str
    source = ""
    unit = ""
    group: Literal["epoch", "quick", "default", "all"] | None = None
    headline = False
    some_lack = False
    kinds: tuple[str, ...] = ()
    of_probabilities = False

    def __init_subclass__(cls, *, abstract: bool = False, **facts: Any) -> None:
        super().__init_subclass__()
        if unknown := [fact for fact in facts if fact not in Measure.__annotations__ and not hasattr(Measure, fact)]:
            raise TypeError(f"{cls.__name__}: {unknown[0]} is no fact of a measure")
        for fact, value in facts.items():
            setattr(cls, fact, value)
        if abstract:
            return
        cls.definition = " ".join((cls.__dict__.get("__doc__") or "").strip().partition("\n\n")[0].split())
        missing = ["a name"] if "name" not in facts else []
        missing += [] if isinstance(getattr(cls, "direction", None), Direction) else ["a direction"]
        missing += [] if cls.definition or sys.flags.optimize > 1 else ["a docstring"]  # python -OO strips them
        if missing:
            raise TypeError(f"{cls.__name__}: a measure must have {' and '.join(missing)}")

    def needs(self) -> str | None:
        """What is missing for its computation, in a few words; None: nothing."""
        return None


class PictureMeasure(Measure, abstract=True):
    """A measure with a value for each picture; the value of a split is their mean."""

    def values(self, preds: Any, true: Any) -> Tensor | None:
        """A value for each picture, (N,); None where these pictures have none.

        Args:
            preds, true: predicted and true pictures, a `PictureBatch` each; for a measure with `kinds`, the outputs in
                float32 and the true classes.
        """
        raise NotImplementedError


Value = Callable[[np.ndarray], Any]  # weights (..., N) → (...)


class SetMeasure(Measure, abstract=True):
    """A measure of all pictures together, such as a distance of two distributions.

    Each picture has a vector. The vectors suffice to compute the measure of any resampled set of the pictures.
    """

    def vectors(self, preds: Any, true: Any) -> Tensor:
        """The vectors of a batch, (N, D) in float32; the arguments are those of `PictureMeasure.values`."""
        raise NotImplementedError

    def value(self, vectors: np.ndarray) -> Value:
        """The measure as a function of the pictures' weights, (N,) → a number, or several sets, (R, N) → (R,)."""
        raise NotImplementedError

    def influence(self, vectors: np.ndarray) -> np.ndarray | None:
        """The derivative of the measure with respect to each picture's weight, (N,), with mean 0; see `intervals`.

        None: the measure is computed for every resampled set instead.
        """
        return None
