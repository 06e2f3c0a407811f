"""What is learned: a model, what it is given and what it must answer, as LightningModules."""

from colourize.tasks.classification import Classification
from colourize.tasks.regression import Regression
from colourize.tasks.restoration import Pair, RestorationTask

__all__ = ["Classification", "Pair", "Regression", "RestorationTask"]
