"""The methods that an evaluation compares: checkpoints or a baseline, the baselines beside them, and the reference."""

from __future__ import annotations

from omegaconf import DictConfig

from colourize.data.pictures import PictureData
from colourize.errors import UsageError
from colourize.methods.candidates import Candidate, at_temperatures, find_checkpoints, from_checkpoint, from_task, label
from colourize.methods.references import baseline_names, baseline_on, baselines_for, reference_candidates, references
from colourize.tasks.restoration import RestorationTask
from colourize.tasks.symmetry_averaging import check_symmetries


class Selection:
    """The methods of an evaluation.

    Checkpoints are read, and wrong names refused, when it is made; `complete` adds what must be fitted to pictures.

    Args:
        config: the configuration of an evaluation; without a checkpoint, a baseline is evaluated that `complete` gets.

    Attributes:
        candidates: the methods that are evaluated.
        everything: these, the baselines beside them and the reference; known after `complete`.

    Raises:
        UsageError, InputError: something named does not exist, does not fit or cannot be read.
    """

    def __init__(self, config: DictConfig) -> None:
        self._config = config
        is_baseline = config.reference in baseline_names("fitting")
        self._names = dict.fromkeys([*baseline_names(config.baselines), *([config.reference] if is_baseline else [])])
        check_symmetries(config.test_time_symmetries)
        paths = find_checkpoints(config.checkpoint) if config.checkpoint else []
        self.candidates = at_temperatures([from_checkpoint(path, config.trust) for path in paths], config.temperature)
        self.everything: list[Candidate] = []
        named = reference_candidates(config.reference, config.trust)
        tasks = [each.task for each in self.candidates]
        if is_baseline and tasks and not any(baseline_on(task, config.reference) for task in tasks):
            raise UsageError(
                f"reference={config.reference}: is not for the tasks of these checkpoints; auto takes one that is"
            )
        # A reference that is also one of the candidates is tested once.
        by_path = {each.path.resolve(): each for each in self.candidates if each.path}
        self._reference = [by_path.get(each.path.resolve(), each) if each.path else each for each in named]

    def complete(self, data: PictureData, own: RestorationTask | None) -> None:
        """Add the baselines, fitted to the training pictures of each candidate, and name all methods.

        Args:
            data: the pictures of the test.
            own: a baseline that is evaluated in place of checkpoints, fitted to `data`.

        Raises:
            UsageError: a method is not for these pictures, or none can be averaged over symmetries.
        """
        config, symmetries = self._config, self._config.test_time_symmetries
        if own is not None:
            self.candidates = at_temperatures([from_task(own, data)], config.temperature)
        self.everything = [
            *self.candidates,
            *(each for each in self._reference if each not in self.candidates),
            *baselines_for(self.candidates, self._names, data, config.trust, named=config.baselines != "fitting"),
        ]
        label(self.everything)
        networks = [each for each in self.everything if not each.is_baseline]
        if symmetries > 1 and not networks:
            raise UsageError(f"test_time_symmetries={symmetries}: none of these methods is a network")
        for each in networks:
            each.task.test_time_symmetries = symmetries
        for each in self.everything:
            each.task.degradation.check_size(*data.pictures.test.shape[1:3])

    def references(self) -> dict[str, str | None]:
        """The label of each method → the label of its reference; None: it has none."""
        if self._reference:
            return dict.fromkeys((each.label for each in self.everything), self._reference[0].label)
        return references(self.everything, self._config.reference)
