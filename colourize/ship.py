"""`python -m colourize.ship`: rounds and tests the best weights of a training, and puts them into the package.

python -m colourize.ship checkpoint=multirun/weights_colour name=colour
python -m colourize.ship checkpoint=multirun/weights_colour name=colour to=build/weights    (into another folder)

It is for maintainers: `make weights` trains, and `colourize.weights` describes the files. The weights are tested with
CIFAR-10's pictures, in the folder that COLOURIZE_DATA names.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from colourize.checkpoints import read, task_from
from colourize.cli.messages import printable
from colourize.data.batches import as_batch
from colourize.data.pictures import VALIDATIONS
from colourize.errors import ColourizeError, InputError, UsageError
from colourize.files import write_whole
from colourize.joint.evaluation import takes_hints
from colourize.losses import CrossEntropy, MeanSquaredError
from colourize.measures.registry import direction, headlines
from colourize.methods.candidates import find_checkpoints
from colourize.reporting.comparison_tables import ARROWS, interval_text
from colourize.runs.record import read_record
from colourize.runs.tables import read_table
from colourize.tasks.restoration import RestorationTask
from colourize.weights import SUFFIX, files, shipped

LARGEST, LARGEST_IN_ALL = 2_000_000, 6_000_000  # maximum size in bytes of a file and of a version
MEASURES = "measures.names=[mse,psnr,ssim,delta_e,colourfulness_gap,category_accuracy]"  # per picture, hence fast
# Tests of the weights: a title, and the data of an evaluation. All ten categories would take hours.
TESTS = {
    f"CIFAR-10's 1000 test {category}s": ["data=cifar10", f"data.category={category}", MEASURES]
    for category in ("horse", "cat", "ship")
}
HINTS = "[0,1,3,10,32]"  # at how many a network that takes hints is tested
COLOUR = """\
Colours are guesses, not history: the network predicts what is common in its training pictures. It cannot know the
colour of a car, a dress or a painted wall, and gives such things patches of several colours. It has only seen
CIFAR-10's ten categories at 32×32 pixels: people, plants, food, text and interiors are unknown to it. Its colours may
change with the size at which it sees a picture."""
SHARPNESS = """\
Details are guesses. The network was trained on exact averages of blocks of pixels. It enlarges noise, JPEG artefacts
and the traces of other ways to reduce a picture as if they were details."""
CATEGORY = """\
It tells ten categories apart, and puts every other picture into one of them too. Cats and dogs are confused most."""


def ship(checkpoint: str, name: str, to: str | None = None, tests: Mapping[str, Sequence[str]] = TESTS) -> Path:
    """Write weights and their card; returns the file.

    Args:
        checkpoint: a run's folder, or a file in it.
        name: the name of the weights, such as "colour".
        to: a folder; None: the package's newest version, or a new version if that one has such weights already.
        tests: see `TESTS`.

    Raises:
        UsageError: a value that is not allowed, or the folder has such weights already.
        InputError: the file would be too large.
    """
    if not name.isidentifier():
        raise UsageError(f"name={name}: must be a word, such as colour")
    path, *others = find_checkpoints(checkpoint)
    if others:
        raise UsageError(f"checkpoint={checkpoint}: matches {1 + len(others)} files; must be one, such as {path}")
    contents = _with_plain_loss(read(path), path)
    data = contents.get(files.DATA) or {}
    if (data.get("validation") or VALIDATIONS.get(data.get("protocol", ""))) == "test":
        raise UsageError(f"checkpoint={path}: was chosen by test pictures (data.validation=test); must be own")
    folder = _version_for(name) if to is None else Path(to)
    target = folder / f"{name}{SUFFIX}"
    if target.exists():
        raise UsageError(f"to={folder}: holds {target.name} already; shipped weights are never replaced")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as trial:  # nothing is shipped untested
        rounded = Path(trial) / target.name
        about = _about(path, contents)
        files.write(rounded, contents, about)
        task = task_from(read(rounded), rounded)
        files.write(rounded, contents, {**about, "results": results(task)})
        size = rounded.stat().st_size
        beside = sum(each.stat().st_size for each in folder.glob(f"*{SUFFIX}"))
        if size > LARGEST or size + beside > LARGEST_IN_ALL:
            most = f"must be at most {LARGEST:,}, and all of a version {LARGEST_IN_ALL:,}"
            raise InputError(f"{target}: {size:,} bytes; {most}")
        folders = (Path(trial) / str(number) for number in range(len(tests)))
        hints = [f"joint.hints={HINTS}"] if takes_hints(task) else []
        tables = {
            title: _tested(rounded, [*words, *hints], own)
            for (title, words), own in zip(tests.items(), folders, strict=True)
        }
        write_whole(target.with_suffix(".md"), card(name, size, task, contents, about, tables))
        rounded.replace(target)
    sums = {**shipped.listed(folder), target.name: shipped.checksum(target)}
    write_whole(folder / shipped.SUMS, "".join(f"{digest}  {each}\n" for each, digest in sorted(sums.items())))
    return target


@torch.no_grad()
def results(task: RestorationTask) -> list[list[float]]:
    """A task's outputs for two synthetic pictures: mean, standard deviation, and eight of the outputs."""
    blocks = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3), dtype=np.uint8)
    batch = as_batch(torch.from_numpy(blocks.repeat(8, 1).repeat(8, 2)))
    truth = batch.pictures.movedim(-1, 1) / task.divisor
    outputs = task(task.degradation(truth, batch.draws("degradation"))).double().flatten(1)
    places = torch.linspace(0, outputs.shape[1] - 1, 8).long()
    return torch.cat([outputs.mean(1, keepdim=True), outputs.std(1, keepdim=True), outputs[:, places]], 1).tolist()


def card(
    name: str,
    size: int,
    task: RestorationTask,
    contents: Mapping[str, Any],
    about: Mapping[str, Any],
    tables: Mapping[str, str],
) -> str:
    """The card of weights for people, in Markdown."""  # fmt: skip
    parts = task.describe()
    prior = f" on {parts['prior']}" if "prior" in parts else ""
    data = {key: value for key, value in (contents.get(files.DATA) or {}).items() if value not in (None, [])}
    source = str(contents[files.KEY].get("data")).rpartition(".")[2]
    side = " × ".join(map(str, task.hparams["size"]))
    chosen = ", ".join(f"{key}={value}" for key, value in data.items() if key in ("category", "extra_categories"))
    told = {
        "network": f"{parts['model']}{prior}, {parts['parameters']:,} parameters",
        "task": f"from {parts['degradation']} to {parts['answer']}, {side} pixels",
        "file": f"{size:,} bytes, float16",
        "pictures": f"{source} {chosen}",
        "validation": "a tenth of the training pictures, held out; no test picture was seen or chosen by",
        **{key: about[key] for key in ("command", "seed", "epochs") if key in about},
        "time": f"{about['seconds'] / 3600:.1f} hours on {about['machine']}" if "seconds" in about else "not known",
        "versions": ", ".join(f"{package} {number}" for package, number in about.get("versions", {}).items()),
    }
    kind = COLOUR if task.degradation.name == "grey" else CATEGORY if not task.answer.per_pixel else SHARPNESS
    lines = [f"# {shipped.PREFIX}{name}", "", "| | |", "| --- | --- |"]
    lines += [f"| {key} | {value} |" for key, value in told.items()]
    note = "Means over the pictures ± half of their 95 % intervals, with the weights as shipped."
    if takes_hints(task):
        note += " The measures are for hints as in training, the tables below them for fixed numbers of hints."
    lines += ["", "## Measures", "", note]
    for title, table in tables.items():
        lines += ["", f"### {title}", "", table]
    return "\n".join([*lines, "", "## Known failures", "", kind, ""])


def _with_plain_loss(contents: dict[str, Any], path: Path) -> dict[str, Any]:
    """A checkpoint's contents; a loss that needs files, such as teachers, is replaced by its answer's usual loss."""
    task = task_from(contents, path)
    if any(each.needs_files for each in task.loss_classes.values()):
        plain = MeanSquaredError if task.answer.kind == "values" else CrossEntropy
        contents[files.TASK]["loss"] = {"_target_": f"colourize.losses.{plain.__name__}"}
    return contents


def _version_for(name: str) -> Path:
    """The newest version's folder, or, if it has such weights already, the folder of the next version."""
    there = shipped.versions()
    newest = int(there[-1].name) if there else 1
    taken = there and (there[-1] / f"{name}{SUFFIX}").exists()
    return shipped.FOLDER / str(newest + 1 if taken else newest)


def _about(path: Path, contents: Mapping[str, Any]) -> dict[str, Any]:
    """How weights were made, as far as it is recorded in their run's folder."""
    record = read_record(path.absolute().parent.parent)
    about: dict[str, Any] = {"epochs": contents.get("epoch", -1) + 1}
    if record:
        words = [word for word in record["overrides"] if not word.startswith(("hydra.", "data.root="))]
        starts = [record, *record.get("earlier", [])]
        about |= {
            "command": " ".join(["colourize-train", *words]),
            "seed": record.get("seeds", {}).get("seed"),
            "seconds": round(sum((each.get("phases") or {}).get("training", 0) for each in starts)),
            "machine": f"{record.get('device')} (threads: {record.get('threads')}, {record.get('precision')})",
            "versions": {key: record["versions"][key] for key in ("colourize", "torch")},
        }
    return about


def _tested(weights: Path, words: Sequence[str], folder: Path) -> str:
    """The headline measures of weights and of the baselines of their task, as a table in Markdown."""
    asked = [f"checkpoint={weights}", *words, f"hydra.run.dir={folder}"]
    done = subprocess.run([sys.executable, "-m", "colourize.evaluate", *asked], stdout=subprocess.PIPE)
    if done.returncode:
        raise InputError(f"checkpoint={weights}: could not be tested with {' '.join(words)} (see above)")
    own = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    comparison = folder / "comparison.csv"
    if not comparison.is_file():  # no baseline supports this task
        shown = headlines(key.removeprefix("test/") for key in own)
        return _markdown(["measure", ""], [[key, f"{own[f'test/{key}']:.4g}"] for key in shown])
    rows = read_table(comparison)
    shown = headlines(dict.fromkeys(row["measure"] for row in rows))
    cells = {(row["method"], row["measure"]): row for row in rows}
    methods = dict.fromkeys(row["method"] for row in rows)
    lines = [[method, *(_cell(cells.get((method, key))) for key in shown)] for method in methods]
    text = _markdown(["method", *map(_headed, shown)], lines)
    if (folder / "hints.csv").is_file():
        found = {(row["measure"], int(row["hints"])): row for row in read_table(folder / "hints.csv")}
        numbers = sorted({number for _, number in found})
        measures = dict.fromkeys(measure for measure, _ in found)
        lines = [[_headed(key), *(_cell(found[key, number]) for number in numbers)] for key in measures]
        text += "\n\n" + _markdown(["hints", *map(str, numbers)], lines)
    return text


def _markdown(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---", *["---:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _headed(measure: str) -> str:
    return f"{measure}{ARROWS[direction(measure)]}"


def _cell(row: Mapping[str, str] | None) -> str:
    if row is None or not row["mean"]:
        return ""
    mean, low, high = (float(row[key] or "nan") for key in ("mean", "low", "high"))
    return interval_text(mean, low, high, float("nan"))


def main() -> None:
    """The command."""
    try:
        words = dict(word.partition("=")[::2] for word in sys.argv[1:])
        if not {"checkpoint", "name"} <= set(words) <= {"checkpoint", "name", "to"}:
            raise UsageError("checkpoint=… and name=… must be given; to=… names another folder than the package's")
        print(ship(words["checkpoint"], words["name"], words.get("to")))
    except ColourizeError as error:
        print(f"error: {printable(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
