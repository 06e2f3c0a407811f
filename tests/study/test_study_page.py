"""The page of a study is balanced and holds everything; a browser goes through it to a result."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromium import title_of
from PIL import Image

from colourize.errors import UsageError
from colourize.study.page import write_page
from colourize.study.participants import read_results
from colourize.study.trials import make_plan

HOSTILE = "U-Net </script><script>alert('x')</script> $title"
NUMBERS = np.arange(30) + 500
THREE = ("unet", "cnn", "grey")


def pictures(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (30, 8, 6, 3), dtype=np.uint8)


TRUTH, COLOURED = pictures(0), {"cnn": pictures(1), HOSTILE: pictures(2)}


@pytest.fixture
def page(tmp_path):
    plan = write_page(
        tmp_path / "study.html", HOSTILE, TRUTH, COLOURED, NUMBERS, trials_per_model=3, practice=2, catch=2
    )
    assert len(plan.versions[0]) == 6
    return tmp_path / "study.html"


def embedded(page: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="study">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    return json.loads(found.group(1))


def test_the_page_asks_nobody_for_anything(page):
    text = page.read_text()
    for place in re.findall(r'(?:src|href|action)\s*=\s*"([^"]*)"', text):
        assert place.startswith("data:")
    assert not re.search(r"https?:|\bfetch\(|XMLHttpRequest|sendBeacon|@import|url\(", text)
    assert "default-src 'none'" in text  # the browser forbids it as well
    assert html.escape(HOSTILE) in text and HOSTILE not in text
    assert text.count("</script>") == 2


def test_trials_point_at_the_pictures_that_they_name(page):
    study = embedded(page)
    shown = [np.array(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))) for uri in study["pictures"]]
    trials = [*study["practice"], *study["catch"], *(trial for version in study["versions"] for trial in version)]
    for trial in trials:
        truth = TRUTH[trial["picture"] - 500]
        other = 255 - truth if trial["model"] is None else COLOURED[trial["model"]][trial["picture"] - 500]
        assert np.array_equal(shown[trial["real"]], truth) and np.array_equal(shown[trial["other"]], other)
    assert study["size"] == [8, 6]
    ids = [study["id"]]
    for seed, coloured in ((0, COLOURED), (1, COLOURED), (0, {**COLOURED, "cnn": pictures(3)})):
        write_page(page, "t", TRUTH, coloured, NUMBERS, seed, trials_per_model=3, practice=2, catch=2)
        ids.append(embedded(page)["id"])
    assert ids[0] == ids[1] and len(set(ids)) == 3  # a checksum of trials and pictures


# Always takes the left; puts the result where --dump-dom shows it.
PARTICIPANT = """const playing = setInterval(() => {
  const button = document.querySelector("main:not([hidden]) > button, #below button");
  document.title = document.getElementById("result").value;
  if (document.title) clearInterval(playing);
  else if (button) button.click();
  else if (document.querySelector(".field button")) document.dispatchEvent(new KeyboardEvent("keydown", { key: "f" }));
}, 50);"""


@pytest.mark.slow
def test_a_browser_goes_through_the_study(page, tmp_path):
    long = "--virtual-time-budget=10000000"
    results = [title_of(page, PARTICIPANT, long, fragment=f"#seed={seed}")[0] for seed in range(3)]
    study = embedded(page)
    for seed, result in enumerate(results):
        about = (study["id"], seed, seed % 2, seed == 2)
        assert tuple(result[key] for key in ("study", "seed", "version", "mirrored")) == about
        kinds = [trial["kind"] for trial in result["trials"]]
        # One catch trial in each half of the six that count, after the practice.
        assert kinds[:2] == ["practice"] * 2 and kinds[2:6].count("catch") == kinds[6:].count("catch") == 1
        assert all(trial["answer"] == "left" and trial["shown_ms"] >= 1000 for trial in result["trials"])
        sides = {(trial["kind"], trial["model"], trial["picture"]): trial["real_side"] for trial in result["trials"]}
        for trial in (*study["practice"], *study["catch"], *study["versions"][seed % 2]):
            turned = sides[trial["kind"], trial["model"], trial["picture"]] != trial["real_side"]
            assert turned == result["mirrored"]
    # … and the analysis reads what the page wrote.
    (tmp_path / "result.json").write_text(json.dumps(results[0]))
    (participant,) = read_results([tmp_path / "result.json"])
    assert [answer.picture for answer in participant.answers] == [trial["picture"] for trial in results[0]["trials"]]
    assert participant.caught == (1, 2)  # always the left, and of two the real one is there once
    one, _, other = ([trial["picture"] for trial in result["trials"][2:]] for result in results)
    assert one != other and sorted(one) == sorted(other)


def test_every_version_is_balanced_and_shows_no_picture_twice():
    plan = make_plan(THREE, range(100, 200), trials_per_model=6, practice=4, catch=6)
    assert len(plan.versions) == 3
    shared = [trial.picture for trial in (*plan.practice, *plan.catch)]
    for version in plan.versions:
        assert Counter((trial.model, trial.real_side) for trial in version) == {
            (model, side): 3 for model in THREE for side in ("left", "right")
        }
        seen = [*shared, *(trial.picture for trial in version)]
        assert len(set(seen)) == len(seen) and set(seen) <= set(range(100, 200))
    # Over all versions each picture is shown by each model.
    pictures = {trial.picture for trial in plan.versions[0]}
    pairs = [(trial.model, trial.picture) for version in plan.versions for trial in version]
    assert sorted(pairs) == sorted((model, picture) for model in THREE for picture in pictures)


def test_catch_and_practice_trials_and_the_seed():
    plan = make_plan(THREE, range(50), practice=5, catch=6)
    assert [trial.model for trial in plan.practice] == [None, None, None, "unet", "cnn"]
    assert [(trial.kind, trial.model) for trial in plan.catch] == [("catch", None)] * 6
    assert Counter(trial.real_side for trial in plan.catch) == {"left": 3, "right": 3}
    assert make_plan(THREE, range(200), seed=1) == make_plan(THREE, range(200), seed=1)
    one, other = (make_plan(THREE, range(200), seed=seed).versions[0] for seed in (1, 2))
    assert [trial.picture for trial in one] != [trial.picture for trial in other]
    assert [trial.real_side for trial in one] != [trial.real_side for trial in other]


def test_few_pictures_make_a_shorter_study():
    assert len(make_plan(THREE, range(20)).versions[0]) == 9  # 10 are for practice and catch trials
    with pytest.raises(UsageError, match="at least 13 pictures; here are 12"):
        make_plan(THREE, range(12))
    with pytest.raises(UsageError, match="catch=-1: must be"):
        make_plan(THREE, range(12), catch=-1)
