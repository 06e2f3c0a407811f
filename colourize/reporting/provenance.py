"""Where a sweep's numbers come from: data, protocol, palette, seeds, versions, machine and commit, in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from omegaconf import OmegaConf

from colourize.losses.weighted_sum import told as told_loss
from colourize.methods.identity import is_baseline, resolved
from colourize.runs.folders import Run

TRAINING = {
    "epochs": "trainer.max_epochs",
    "batches of": "data.batch_size",
    "optimizer": "task.optimizer._target_",
    "learning rate": "task.optimizer.lr",
    "schedule": "task.lr_scheduler._target_",
    "loss": "task.loss",
}


def provenance(runs: Sequence[Run]) -> list[str]:
    """A line each on the data, the training and the making; what differs between the runs is told as such."""
    configs = [OmegaConf.create(resolved(run)) for run in runs]
    configs = [config for config in configs if not is_baseline(str(OmegaConf.select(config, "model._target_")))]
    data = _told(runs, _data)
    settings = _told(runs, lambda run: _settings(run.record.get("data") or {}))
    seeds = _list({_number((run.record.get("seeds") or {}).get("seed")) for run in runs})
    made = _told(runs, lambda run: _versions(run.record.get("versions") or {}))
    where = _told(runs, _machine)
    commits = _told(runs, _commit)
    when = sorted(str(run.record.get("started", ""))[:10] for run in runs if run.record.get("started"))
    lines = [f"Data: {data}" if data else "", settings, _training(configs), f"Seeds: {seeds}" if seeds else "",
             f"Versions: {made}" if made else "", f"Machine: {where}" if where else "",
             f"Commit: {commits}" if commits else "",
             f"Run: {when[0]}" + (f" to {when[-1]}" if when[-1] != when[0] else "") if when else ""]  # fmt: skip
    return [line for line in lines if line]


def _told(runs: Iterable[Run], tell: Callable[[Run], str]) -> str:
    return " | ".join(dict.fromkeys(text for run in runs if (text := tell(run))))


def _data(run: Run) -> str:
    data: dict[str, Any] = run.record.get("data") or {}
    parts = data.get("parts") or {}
    counts = ", ".join(f"{part.get('pictures')} {name}" for name, part in parts.items() if isinstance(part, dict))
    checksum = (parts.get("test") or {}).get("blake2b")
    told = " ".join(str(each) for each in (data.get("source"), _category(data.get("category"))) if each)
    return told + (f": {counts}" if counts else "") + (f" (test {checksum})" if checksum else "")


def _category(category: Any) -> str:
    return ", ".join(map(str, category)) if isinstance(category, list) else str(category or "")


def _settings(data: dict[str, Any]) -> str:
    if not data:
        return ""
    return (
        f"Protocol: {data.get('protocol')} (pixels / {data.get('divisor')}, validation: {data.get('validation')}), "
        + (f"palette {str(data.get('palette')).rpartition('/')[2]}")
    )


def _training(configs: Sequence[Any]) -> str:
    """How the networks were trained; where they differ in a key all of its values."""
    told = []
    for name, key in TRAINING.items():
        values = [OmegaConf.select(config, key) for config in configs]
        if key == "task.loss":  # several may add up
            values = [told_loss(value) if value else None for value in values]
        texts = [
            str(value or "none").rpartition(".")[2] if key.endswith("_target_") else str(value) for value in values
        ]
        if any(value is not None for value in values):
            told.append(f"{name} {', '.join(dict.fromkeys(texts))}")
    return f"Training: {'; '.join(told)}" if told else ""


def _versions(versions: dict[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items() if version)


def _machine(run: Run) -> str:
    machine = run.record.get("machine") or {}
    if not machine:
        return ""
    return (
        f"{machine.get('processor')}, {run.record.get('threads')} of {machine.get('cores')} cores, "
        f"{run.record.get('device')}, {run.record.get('precision')}"
    )


def _commit(run: Run) -> str:
    commit = run.record.get("commit")
    return f"{str(commit)[:10]}{' with changes' if run.record.get('dirty') else ''}" if commit else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _list(values: set[int | None]) -> str:
    return ", ".join(str(value) for value in sorted(value for value in values if value is not None))
