"""A part of a configuration that cannot be built is told in one line: its key, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from colourize.configuration import build_part
from colourize.errors import UsageError, full_disk

OWN_CLASSES = """
class Failing:
    def __init__(self, **arguments):
        raise RuntimeError("no weights\\nat /nowhere")

class Around:
    def __init__(self, inner, **arguments):
        pass
"""


NO_WEIGHTS = "no weights at /nowhere; HYDRA_FULL_ERROR=1 shows where"
REFUSED = [
    ("own_classes.Failing", f"model=Failing: {NO_WEIGHTS}"),
    ("own_classes.Around", f"model=Around: {NO_WEIGHTS}"),
    ("own_classes.Nope", "model._target_=own_classes.Nope: cannot be imported (No module named 'own_classes.Nope'"),
    ("own_damage.Model", "model._target_=own_damage.Model: cannot be imported ("),
]


@pytest.mark.parametrize(("target", "message"), REFUSED)
def test_why_a_class_of_ones_own_fails(
    target: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_classes.py").write_text(OWN_CLASSES)
    (tmp_path / "own_damage.py").write_text("import no_such_package")
    monkeypatch.syspath_prepend(tmp_path)
    config: dict[str, object] = {"_target_": target}
    if target.endswith("Around"):  # the innermost class is the one that fails
        config["inner"] = {"_target_": "own_classes.Failing"}
    with pytest.raises(UsageError) as error:
        build_part("model", config)
    assert str(error.value).startswith(message) and "\n" not in str(error.value)


def test_a_refusal_comes_through_as_it_was_raised() -> None:
    config = {"_target_": "colourize.models.CNN", "kernel_size": 4, "in_channels": 1, "out_channels": 3}
    with pytest.raises(UsageError, match=r"^model\.kernel_size=4: must be an odd number") as error:
        build_part("model", config)
    assert full_disk(error.value) is None  # which goes through all that it was raised for
