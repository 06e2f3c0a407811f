"""What the pages say is true: their commands, tables and links (their Python: test_extending.py).

Everything is read out of the text, so that a new line is tested from its first day; lower limits on how much is found
keep a test from passing because the text, or its form, has changed.
"""

from __future__ import annotations

import functools
import json
import os
import re
import runpy
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import console
import pytest
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from colourize.configuration import config_dir
from colourize.report import positional

REPOSITORY = Path(__file__).parent.parent
CONF = config_dir()
PAGES = {
    str(path.relative_to(REPOSITORY)): path.read_text()
    for path in (*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md")))
}
OVERVIEW, TRAINING = PAGES["docs/overview.md"], PAGES["docs/training.md"]
Compose = Callable[..., DictConfig]


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def prose(text: str) -> str:
    """All but the code blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def commands(text: str) -> list[str]:
    """Each command of the bash blocks in one line, without its comment."""
    lines = "\n".join(blocks(text, "bash")).replace("\\\n", " ").splitlines()
    return [line for line in (re.sub(r"(^|\s+)#.*", "", line).strip() for line in lines) if line]


def table(text: str, first: str, second: str) -> list[tuple[str, str]]:
    """The first two columns of a page's table with these headings; the first without its backticks."""
    rows = re.search(rf"^\| {first} \| {second}.*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert rows, f"no table {first} | {second}"
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.group(1).splitlines()]
    return [(row[0].strip("`"), row[1]) for row in cells]


# Each once, on the first page that has it, the overview before all others. The guides' commands are many, and each
# takes half a second.
FIRST = {
    command: page
    for page, text in [*reversed(PAGES.items()), ("docs/overview.md", OVERVIEW)]
    for command in commands(text)
}
CONSOLE_LINES = [
    pytest.param(page, command, marks=() if page == "docs/overview.md" else pytest.mark.slow)
    for command, page in FIRST.items()
    if re.match(r"(\w+=\S+ )*colourize-", command)
]
# In the text as well: `make figures`, `COLOURIZE_DATA=… make test`.
MAKE_LINES = sorted(
    {command for command in FIRST if command.startswith("make ")}
    | {command for text in PAGES.values() for command in re.findall(r"`((?:\w+=[^\s`]+ )*make [^`\n]+)`", prose(text))}
)
OPTIONS = table(TRAINING, "group", "options")
# The pages with a table of keys, and whose keys these are.
KEYS = {"docs/training.md": "train", "docs/predict.md": "predict", "docs/study.md": "study", "docs/export.md": "export"}


# ------------------------------------------------------------------------------------------ commands


def test_enough_is_found_to_mean_something() -> None:
    assert sum(line.values[0] == "docs/overview.md" for line in CONSOLE_LINES) >= 10
    assert sum(line.values[0] == "docs/training.md" for line in CONSOLE_LINES) >= 20
    assert len(MAKE_LINES) >= 10


@pytest.mark.parametrize(("page", "command"), CONSOLE_LINES)
def test_a_command_composes(page: str, command: str, compose: Compose) -> None:
    words = shlex.split(command.replace("…", "x"))  # stands for a part of a path
    door = next(number for number, word in enumerate(words) if word.startswith("colourize-"))
    # Hydra's own parser: a misspelt flag is an error, and so is one between overrides, as at the prompt.
    words[door + 1 :] = positional(words[door + 1 :]) if words[door] == "colourize-report" else words[door + 1 :]
    typed = get_args_parser().parse_args(words[door + 1 :])
    overrides = OverridesParser.create().parse_overrides(typed.overrides)
    sweeps = [override for override in overrides if override.is_sweep_override()]
    assert bool(typed.multirun) == bool(sweeps), "-m goes with comma-separated values"
    firsts = [
        f"{override.get_key_element()}={next(override.sweep_string_iterator())}"
        if override.is_sweep_override()
        else str(override.input_line)
        for override in overrides
    ]
    config = compose(*firsts, name=words[door].removeprefix("colourize-"))
    plain = OmegaConf.masked_copy(config, [key for key in config if key != "hydra"])
    OmegaConf.to_container(plain, resolve=True, throw_on_missing=True)


@pytest.mark.parametrize("command", MAKE_LINES)
def test_make_has_the_target(command: str) -> None:
    words = shlex.split(command)
    made = words[words.index("make") + 1 :]
    # Under `make test ARGS=…` the outer make hands its own arguments down in these.
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "ARGS")}
    environment["LC_ALL"] = "C"
    outcome = subprocess.run(
        ["make", "-n", *made], cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=10
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "Nothing to be done" not in outcome.stdout  # `make tests`: a folder, for which there is no rule


def test_the_error_that_is_shown_is_the_one_that_comes(tmp_path: Path) -> None:
    (shown,) = blocks(TRAINING, "console")
    prompt, message = shown.split("\n", 1)
    _, door, *overrides = shlex.split(prompt)
    outcome = console.run(door.removeprefix("colourize-"), overrides, tmp_path)
    assert (outcome.code, outcome.stderr) == (2, message)


# -------------------------------------------------------------------------------------------- tables


def test_the_map_names_every_folder_and_file() -> None:
    """The contributors' table has every folder and file of the package, and no other; what it points to exists."""
    names = {
        name
        for cell, _ in table(PAGES["docs/code.md"], "folder or file", "what is in it")
        for name in re.findall(r"[\w/.]+", cell)
    }
    named = {Path(name).name for name in names if not name.startswith(("conf/", "tests/", "docs/"))}
    package = [path for path in (REPOSITORY / "colourize").iterdir() if not path.name.startswith("__")]
    assert named == {path.name for path in package}
    places = [
        place
        for _, cell in table(PAGES["docs/code.md"], "what", "where")
        for place in re.findall(r"[\w/.]+/[\w/.]+", cell)
    ]
    roots = (REPOSITORY, REPOSITORY / "colourize")
    assert [place for place in places if not any((root / place).exists() for root in roots)] == []


def test_the_overview_names_every_task_network_and_source() -> None:
    rows = re.findall(r"^\| .+ \| `(task|model|data)=` \| (.+) \|$", OVERVIEW, re.MULTILINE)
    for group in ("task", "model", "data"):
        named = [name for of, options in rows if of == group for name in re.findall(r"`(\w+)`", options)]
        assert sorted(named) == sorted(path.stem for path in (CONF / group).glob("*.yaml")), group


def test_the_table_names_every_group() -> None:
    # What files share is nobody's choice.
    assert {group for group, _ in OPTIONS} | {"common"} == {path.name for path in CONF.iterdir() if path.is_dir()}


def test_the_table_names_every_option(compose: Compose) -> None:
    choices = {**compose(name="evaluate").hydra.runtime.choices, **compose().hydra.runtime.choices}
    for group, options in OPTIONS:
        names = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", options))  # in parentheses: an extra, not an option
        assert sorted(names) == sorted(path.stem for path in (CONF / group).glob("*.yaml")), group
        default = re.search(r"\*\*`(\w+)`\*\*", options)
        assert default or options.startswith("none"), group
        assert choices[group] == (default.group(1) if default else None), group


@pytest.mark.parametrize(("page", "door"), KEYS.items())
def test_the_table_names_keys_and_defaults(
    page: str, door: str, compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLOURIZE_DATA")
    composed = functools.cache(functools.partial(compose, name=door))  # a tenth of a second each
    for key, default in table(PAGES[page], "key", "default"):
        parent, _, name = key.rpartition(".")
        group = key.partition(".")[0]
        # Some keys belong to a few options only: the first configuration that has it.
        others = [f"{group}={path.stem}" for path in sorted((CONF / group).glob("*.yaml"))]
        configs = (composed(*override) for override in [(), *((other,) for other in others)])
        nodes = (OmegaConf.select(config, parent) if parent else config for config in configs)
        node = next((node for node in nodes if node is not None and name in node), None)
        assert node is not None, f"no configuration has {key}"
        value = default.removeprefix("`$COLOURIZE_DATA`, else ").strip("`")
        assert re.fullmatch(r"[\w.:-]+", value), f"{key}: a default that this test cannot read"
        # As OmegaConf reads it: 1e-3 is a number, which it is not for YAML.
        assert node[name] == OmegaConf.create(f"value: {value}").value, key


# --------------------------------------------------------------------------------------------- links


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_are_there(page: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", PAGES[page])
    lost = []
    for link in links:
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (REPOSITORY / page).parent / path if path else REPOSITORY / page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            lost.append(link)
    assert not lost
    assert links or page != "README.md"


def test_the_answers_and_the_readme_have_the_numbers_of_the_tables() -> None:
    """As `python docs/answers.py` writes them: nobody has typed another."""
    script = runpy.run_path(str(REPOSITORY / "docs" / "answers.py"))
    for page, text in script["pages"]().items():
        assert page.read_text(encoding="utf-8") == text, f"{page.name} is older than docs/answers/"
    with pytest.raises(LookupError, match="no row with"):
        script["point"]("a1_layers", "unet", "mse", 4)


def test_the_kits_points_are_those_of_its_notebook() -> None:
    cells = json.loads((REPOSITORY / "docs/assignment/source/colourize/assignment.ipynb").read_text())["cells"]
    graded = [known for cell in cells if (known := cell["metadata"].get("nbgrader", {})).get("grade")]
    rows = re.findall(r"^\| ([A-F]) \| ([\d.]+) \| ([\d.]+) \|", PAGES["docs/assignment.md"], re.MULTILINE)
    assert {part: (float(checked), float(read)) for part, checked, read in rows} == {
        part: tuple(
            sum(
                each["points"]
                for each in graded
                if each["grade_id"].startswith(part.lower()) and each["solution"] is read
            )
            for read in (False, True)
        )
        for part in "ABCDEF"
    }
