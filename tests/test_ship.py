"""`python -m colourize.ship`: a trained run becomes a file and its card, and is then used by name."""

from __future__ import annotations

from pathlib import Path

import console
import pytest

from colourize.checkpoints import read
from colourize.errors import UsageError
from colourize.ship import ship
from colourize.weights import files, shipped

TESTS = {"8 drawn horses": ["data=synthetic", "data.num_test=8", "measures=quick", "baselines=[grey_lookup]"]}


@pytest.mark.slow
def test_a_run_becomes_weights_with_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = console.trained("colour_classification").folder
    monkeypatch.setenv("COLOURIZE_DATA", console.CACHE.name)
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "weights")
    (tmp_path / "weights").mkdir()
    path = ship(str(run), "colour", tests=TESTS)
    assert path == tmp_path / "weights" / "1" / "colour.safetensors" == shipped.resolve("builtin:colour")
    told = path.with_suffix(".md").read_text()
    assert "Colours are guesses, not history" in told and "### 8 drawn horses" in told
    assert "| command | colourize-train data=synthetic" in told and "| grey_lookup |" in told and "| unet |" in told
    assert str(run) not in told and console.CACHE.name not in told
    assert sorted(each.name for each in path.parent.iterdir()) == ["SHA256SUMS", "colour.md", "colour.safetensors"]
    with pytest.raises(UsageError, match="shipped weights are never replaced"):
        ship(str(run), "colour", to=str(path.parent), tests=TESTS)
    assert ship(str(run), "colour", tests={}).parent.name == "2"
    evaluated = console.succeed(
        "evaluate", ["checkpoint=builtin:colour", "baselines=[]", "measures=quick"], tmp_path / "evaluated"
    )
    assert "2/colour.safetensors on 10 test pictures" in evaluated.stdout


def test_weights_that_test_pictures_have_chosen_are_refused(tmp_path: Path) -> None:
    contents = read(console.trained("colour_classification").best)
    for validation in ("own", None):  # None: what the protocol says
        contents[files.DATA] |= {"protocol": "course", "validation": validation}
        path = tmp_path / f"{validation}.safetensors"
        files.write(path, contents)
        if validation:
            assert ship(str(path), "colour", to=str(tmp_path / "weights"), tests={}).is_file()
        else:
            with pytest.raises(UsageError, match="was chosen by test pictures"):
                ship(str(path), "colour", to=str(tmp_path / "weights"), tests={})
