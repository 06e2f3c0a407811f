"""The origin of a sweep's numbers: data, protocol, training, seeds, versions, machine and commit, in a few lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from colourize.methods.identity import settings_of_run, shown
from colourize.methods.wording import words
from colourize.runs.folders import Run

TRAINING = {
    "epochs": "trainer.max_epochs", "batches of": "data.batch_size", "optimizer": "task.optimizer",
    "learning rate": "task.optimizer.lr", "schedule": "task.lr_scheduler", "loss": "task.loss",
}  # fmt: skip
TOY = 10_000  # with fewer pictures in a training, counted in each epoch, a network has learnt next to nothing


def warning(runs: Sequence[Run]) -> str:
    """Why these runs are no result: tiny trainings, or tests that cannot be compared; empty if nothing is known."""
    seen = []
    for run in runs:
        parts = (run.record.get("data") or {}).get("parts") or {}
        counts = [int((parts.get(name) or {}).get("pictures") or 0) for name in ("train", "test")]
        if (epochs := len(run.metrics())) and all(counts):
            seen.append((epochs * counts[0], epochs, *counts))
    tests = sorted({tested for *_, tested in seen})
    if len(tests) > 1:
        return f"Tested on different numbers of pictures ({', '.join(map(str, tests))}): they cannot be compared."
    if not seen or max(seen)[0] >= TOY:
        return ""
    _, epochs, trained, tested = max(seen)
    kind = "drawn " if all((run.record.get("data") or {}).get("source") == "SyntheticData" for run in runs) else ""
    size = f"{epochs} epoch{'' if epochs == 1 else 's'} on {trained} {kind}pictures, tested on {tested}"
    return f"Toy size: {size}. This is not a result."


def provenance(runs: Sequence[Run]) -> list[str]:
    """A line for each subject; if runs differ, it has all values."""
    records = [run.record for run in runs]
    methods = [settings_of_run(run) for run in runs]
    data = [record["data"] for record in records if record.get("data")]
    seeds = {(record.get("seeds") or {}).get("seed") for record in records}
    days = sorted({str(record["started"])[:10] for record in records if record.get("started")})
    lines = {
        "Data": _each(_data(record["data"], settings.get("data"))
                      for record, settings in zip(records, methods, strict=True) if record.get("data")),
        "Protocol": _each(f"{each.get('protocol')} (pixels / {each.get('divisor')}, validation: "
                          f"{each.get('validation')}), palette {str(each.get('palette')).rpartition('/')[2]}"
                          for each in data),
        "Training": _training([each for each in methods if "trainer.max_epochs" in each or "task.optimizer" in each]),
        "Seeds": ", ".join(map(str, sorted(seed for seed in seeds if isinstance(seed, int)))),
        "Versions": _each(", ".join(f"{name} {version}" for name, version in record["versions"].items() if version)
                          for record in records if record.get("versions")),
        "Machine": _each(f"{each['machine'].get('processor')}, {each.get('threads')} of {each['machine'].get('cores')} "
                         f"cores, {each.get('device')}, {each.get('precision')}"
                         for each in records if each.get("machine")),
        "Commit": _each(f"{str(each['commit'])[:10]}{' with changes' if each.get('dirty') else ''}"
                        for each in records if each.get("commit")),
        "Run": " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "",
    }  # fmt: skip
    return [f"{name}: {text}" for name, text in lines.items() if text]


def _each(texts: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(texts))


def _data(data: Mapping[str, Any], source: Any) -> str:
    category, parts = data.get("category"), data.get("parts") or {}
    named = [
        words(source or data.get("source")),
        ", ".join(map(str, category)) if isinstance(category, list) else category,
    ]
    counts = ", ".join(
        f"{part.get('pictures')} {words(name)}" for name, part in parts.items() if isinstance(part, dict)
    )
    checksum = (parts.get("test") or {}).get("blake2b")
    text = " ".join(str(each) for each in named if each)
    return text + (f": {counts}" if counts else "") + (f" (test {checksum})" if checksum else "")


def _training(networks: Sequence[Mapping[str, Any]]) -> str:
    found = []
    for name, key in TRAINING.items():
        values = [settings.get(key) for settings in networks]
        if any(value is not None for value in values):
            found.append(f"{name} {', '.join(dict.fromkeys(words(shown(key, value)) for value in values))}")
    return "; ".join(found)
