"""The page: everything is in it, it asks for nothing from outside, and a browser goes through it to a result."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colourize.study.page import write_page
from colourize.study.participants import read_results

HOSTILE = "U-Net </script><script>alert('x')</script> $title"
NUMBERS = np.arange(30) + 500


def pictures(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (30, 8, 6, 3), dtype=np.uint8)


TRUTH, COLOURED = pictures(0), {"cnn": pictures(1), HOSTILE: pictures(2)}


@pytest.fixture
def page(tmp_path: Path) -> Path:
    plan = write_page(
        tmp_path / "study.html", HOSTILE, TRUTH, COLOURED, NUMBERS, trials_per_model=3, practice=2, catch=2
    )
    assert len(plan.versions[0]) == 6
    return tmp_path / "study.html"


def embedded(page: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="study">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    return json.loads(found.group(1))


def test_the_page_asks_nobody_for_anything(page: Path) -> None:
    text = page.read_text()
    for place in re.findall(r'(?:src|href|action)\s*=\s*"([^"]*)"', text):
        assert place.startswith("data:")
    assert not re.search(r"https?:|\bfetch\(|XMLHttpRequest|sendBeacon|@import|url\(", text)
    assert "default-src 'none'" in text  # the browser forbids it as well
    assert html.escape(HOSTILE) in text and HOSTILE not in text
    assert text.count("</script>") == 2


def test_trials_point_at_the_pictures_that_they_name(page: Path) -> None:
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


@pytest.mark.parametrize(
    ("coloured", "which"),
    [({"cnn": pictures(1)[:9]}, NUMBERS), ({"cnn": pictures(1) / 255}, NUMBERS), (COLOURED, np.array([1]))],
)
def test_arrays_that_do_not_fit_are_refused(coloured: dict[str, np.ndarray], which: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_page(tmp_path / "study.html", "t", TRUTH, coloured, which)
    assert not list(tmp_path.iterdir())


# Always takes the left; puts the result where --dump-dom shows it.
PARTICIPANT = """<script>
const playing = setInterval(() => {
  const button = document.querySelector("main:not([hidden]) > button, #below button");
  document.title = document.getElementById("result").value;
  if (document.title) clearInterval(playing);
  else if (button) button.click();
  else if (document.querySelector(".field button")) document.dispatchEvent(new KeyboardEvent("keydown", { key: "f" }));
}, 50);
</script>"""


@pytest.mark.slow
def test_a_browser_goes_through_the_study(page: Path, tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs Chromium")
    results = []
    played = tmp_path / "played.html"
    played.write_text(page.read_text().replace("</body>", f"{PARTICIPANT}</body>"))
    for seed in (0, 1, 2):
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000000", "--dump-dom"]
        command = [browser, *flags, f"--user-data-dir={tmp_path}/browser", f"file://{played}#seed={seed}"]
        dumped = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
        title = re.search(r"<title>(.*?)</title>", dumped, re.DOTALL)
        assert title
        results.append(json.loads(html.unescape(title.group(1))))
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
