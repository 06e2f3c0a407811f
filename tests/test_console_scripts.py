"""The scripts as a user starts them: a wheel with its own conf/, help and completion without torch, imports."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from console import TINY

import colourize

REPOSITORY = Path(__file__).parent.parent
GROUPS = {
    path.name: sorted(option.stem for option in path.glob("*.yaml"))
    for path in (REPOSITORY / "conf").iterdir()
    if path.is_dir() and path.name != "common"
}
DOORS = ("train", "evaluate", "predict", "benchmark", "study", "inspect", "export")


def output(words: Sequence[str | Path], cwd: Path, **environment: str) -> str:
    """What a command prints; it must end well and say nothing on stderr."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=clean(environment), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what would change a script's ways."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("HYDRA_", "COLOURIZE_"))}
    return {**kept, "COLUMNS": "120", **environment}


def script(door: str) -> Path:
    """The console script of the development install."""
    found = Path(sys.executable).with_name(f"colourize-{door}")
    assert found.exists(), "pip install -e . makes it"
    return found


# ----------------------------------------------------------------------------- help, completion, imports


@pytest.mark.parametrize("door", DOORS)
def test_help_names_every_option_and_imports_neither_torch_nor_lightning(door: str, tmp_path: Path) -> None:
    code = (
        f"import atexit, sys; sys.argv = ['colourize-{door}', '--help']\n"
        "slow = {'torch', 'lightning', 'torchvision', 'sklearn'}\n"
        "atexit.register(lambda: print('slow:', sorted(slow & set(sys.modules))))\n"
        f"from colourize.{door} import main\n"
        "main()\n"
    )
    shown = output([sys.executable, "-c", code], tmp_path, COLUMNS="1000")
    assert shown.startswith(f"colourize-{door}: ") and shown.endswith("slow: []\n")
    own = (REPOSITORY / "conf" / f"{door}.yaml").read_text()
    for group, options in GROUPS.items():
        taken = ("  - train\n" in own and group != "joint") or re.search(
            rf"^  - {group}: ", own, re.MULTILINE
        ) is not None
        assert (f"\n{group}: {', '.join(options)}\n" in shown) == taken
    default = "builtin:colour" if door == "predict" else "null"
    assert (f"\ncheckpoint: {default}" in shown) == (door != "study")
    comment = re.search(r"^(checkpoint: \S+) +(# .+)$", own, re.MULTILINE)  # beside the key, as in the file
    assert comment is None or re.search(rf"^{comment[1]} +{re.escape(comment[2])}$", shown, re.MULTILINE)
    assert "\ncommon:" not in shown and list(tmp_path.iterdir()) == []
    lines = output([sys.executable, "-c", code], tmp_path, COLUMNS="80").splitlines()
    assert all(len(line) <= 80 or max(map(len, line.split())) > 40 for line in lines)  # long words stay whole


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "colourize.evaluate", "--help"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as door:
        assert door.stdout is not None and door.stderr is not None
        door.stdout.close()
        assert door.stderr.read() == ""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("colourize-train model=", {f"model={option}" for option in GROUPS["model"]}),
        ("colourize-train task=super_resolution_", {"task=super_resolution_regression"}),
    ],
)
def test_the_shell_completes_options(typed: str, offered: set[str], tmp_path: Path) -> None:
    words = [script("train"), "-sc", "query=bash"]
    shown = output(words, tmp_path, COMP_LINE=typed, COMP_POINT=str(len(typed)))
    assert set(shown.split()) == offered


@pytest.mark.parametrize("name", sorted(each.name for each in pkgutil.walk_packages(colourize.__path__, "colourize.")))
def test_every_module_imports(name: str) -> None:
    assert importlib.import_module(name).__doc__


# ----------------------------------------------------------------------------------------- the wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built as a user's pip would, without a network."""
    pytest.importorskip("hatchling", reason="the build backend comes with the extra dev")
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", REPOSITORY, "--no-deps", "--no-build-isolation", "--no-index", "-w", folder]
    pip(words, folder)
    (built,) = folder.glob("*.whl")
    return built


def pip(words: Sequence[str | Path], cwd: Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *map(str, words)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_the_package_and_conf_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    endings = (".py", ".html", ".css", ".js", ".json", ".safetensors", ".md")
    package = (
        path for path in (REPOSITORY / "colourize").rglob("*") if path.suffix in endings or path.name == "SHA256SUMS"
    )
    here = {str(path.relative_to(REPOSITORY)) for path in package}
    here |= {f"colourize/{path.relative_to(REPOSITORY)}" for path in (REPOSITORY / "conf").rglob("*.yaml")}
    assert {name for name in names if ".dist-info/" not in name} == here


@pytest.mark.slow
def test_the_wheel_trains_from_any_folder_with_its_own_conf(wheel: Path, tmp_path: Path) -> None:
    site, here = tmp_path / "site", tmp_path / "elsewhere"
    pip(["install", "--no-deps", "--no-index", "--target", site, wheel], tmp_path)
    here.mkdir()
    places = {"PYTHONPATH": str(site), "COLOURIZE_DATA": str(tmp_path / "data"), "COLOURIZE_CACHE": str(tmp_path)}
    shown = output([sys.executable, "-m", "colourize.train", "--info", "searchpath"], here, **places)
    assert str(site / "colourize" / "conf") in shown and str(REPOSITORY) not in shown
    # The one training of the test suite in a process of its own.
    shown = output([sys.executable, "-m", "colourize.train", *TINY], here, **places)
    (folder,) = here.glob("outputs/*/*")
    assert f"tensorboard --logdir {folder.relative_to(here)}" in shown
    assert (folder / "metrics.json").is_file()
