"""What a measure is: one class with its name, its direction, its definition and how it is computed."""

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
    """Which values of a measure are good; false where none is better than another."""

    MORE = "more is better"
    LESS = "less is better"
    ZERO = "nearest 0 is best"
    NEITHER = ""

    __str__ = str.__str__


MORE, LESS, ZERO, NEITHER = Direction


class PictureBatch:
    """Pictures, and what several measures need of them, computed once and only when it is asked for.

    Args:
        rgb: (N, 3, H, W) float32, RGB in [0, 1].
        labels: the categories of what they show, (N,); None where they are not known.
    """

    def __init__(self, rgb: Tensor, labels: Tensor | None = None) -> None:
        self.rgb, self.labels = rgb, labels

    @property
    def smaller_side(self) -> int:
        """Height or width, whichever is less, in pixels."""
        return min(self.rgb.shape[2:])

    @cached_property
    def contiguous(self) -> Tensor:
        """The same with the layout (N, C, H, W) in memory, which some functions take views of."""
        return self.rgb.contiguous()

    @cached_property
    def lab(self) -> Tensor:
        """CIE Lab, (N, 3, H, W)."""
        return rgb_to_lab(self.rgb)

    @cached_property
    def seen(self) -> tuple[Tensor, Tensor]:
        """The features (N, D) and the logits (N, 10) of this project's classifier."""
        if (self.rgb == self.rgb[:1]).all():  # of a method that answers each picture alike
            features, logits = category_classifier.seen(self.rgb[:1])
            return features.expand(len(self.rgb), -1), logits.expand(len(self.rgb), -1)
        return category_classifier.seen(self.rgb)

    @cached_property
    def cache(self) -> dict[Measure, Any]:
        """What a measure keeps of these pictures, such as the true ones, for the next time it is asked."""
        return {}


class Measure:
    """A measure, with its facts as arguments of the class: `class Mine(PictureMeasure, name="mine", direction=LESS)`.

    A subclass without name, direction and docstring is refused, unless it is `abstract`; it inherits the other facts.

    Attributes:
        name: as it stands in `measures.names`, in tables and in files.
        direction: which values are good.
        definition: for people, as docs/measures.md has it: the first paragraph of the class's docstring.
        source: the paper that defines it.
        unit: such as "dB".
        group: the smallest set of measures that it belongs to; each set holds those before it. None: it is in no set,
            and must be asked for by its name.
        headline: whether an evaluation prints it; the files have all measures.
        some_lack: whether some pictures have no value by definition. They are left out of its mean; elsewhere a
            missing value makes the mean nan.
        kinds: of which kinds of answers (`Answer.kind`) the outputs are measured; none: the pictures are measured.
        of_probabilities: whether it asks how probable an answer is, which a method without probabilities cannot say.
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
        """What it would need and is not there, in a few words; None: nothing."""
        return None


class PictureMeasure(Measure, abstract=True):
    """A measure with a value for each picture; that of a split is their mean."""

    def values(self, given: Any, true: Any) -> Tensor | None:
        """A value for each picture, (N,); None where these pictures have none, such as category labels.

        Args:
            given, true: predicted and true pictures, a `PictureBatch` each; of a measure with `kinds` the outputs, in
                float32, and the right classes.
        """
        raise NotImplementedError


Value = Callable[[np.ndarray], Any]  # weights (..., N) → (...)


class SetMeasure(Measure, abstract=True):
    """A measure of all pictures together, such as a distance of two distributions.

    Each picture adds a vector. So the measure of any resampled set of pictures, and with it an interval, follows from
    the same vectors.
    """

    def vectors(self, given: Any, true: Any) -> Tensor:
        """What a batch adds, (N, D) in float32; the arguments are those of `PictureMeasure.values`."""
        raise NotImplementedError

    def value(self, vectors: np.ndarray) -> Value:
        """A function of the pictures' weights (N,), the measure; or of several sets of weights, (R, N), → (R,)."""
        raise NotImplementedError

    def influence(self, vectors: np.ndarray) -> np.ndarray | None:
        """The derivative of the measure with respect to each picture's weight, (N,), with mean 0; see `intervals`.

        None: it is quick enough to be computed of every resampled set.
        """
        return None
