"""The format of `.safetensors` files: a task without its training state, weights in float16, configuration as JSON.

Such a file has tensors and text, but no code: https://huggingface.co/docs/safetensors. Its contents are those of a
checkpoint, so that `checkpoints.read` takes both. The metadata has JSON with the checkpoint's plain values, under
"colourize". A tensor among these, such as a palette, is a tensor of the file, and the JSON has {"_tensor_": its name}
in its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from colourize.errors import InputError
from colourize.files import write_whole

KEY, TENSOR = "colourize", "_tensor_"
WEIGHTS, TASK, DATA = "state_dict", "hyper_parameters", "datamodule_hyper_parameters"
# Parts whose fitted tensors are rounded. Those of answer and degradation define what outputs mean, and stay exact.
ROUNDED = ("fitted.model.", "fitted.prior.")
PLACES = ("root", "mirror")  # arguments of data that name a location on one machine


def write(path: str | Path, checkpoint: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> None:
    """Write a checkpoint's task with weights in float16.

    The location of its data is left out, as it differs for whoever reads the weights.

    Args:
        path: the file, which is written whole or not at all.
        checkpoint: the contents of a checkpoint, as `checkpoints.read` returns them.
        about: plain values for people, such as how the weights were made.

    Raises:
        InputError: a weight is too large for float16, or not a number.
    """
    tensors = {name: _half(path, name, value) for name, value in checkpoint[WEIGHTS].items()}
    data = {key: value for key, value in (checkpoint.get(DATA) or {}).items() if key not in PLACES}
    if isinstance(data.get("palette"), str):
        data["palette"] = None  # the colours are among the fitted tensors

    def kept(value: Any, name: str) -> Any:
        if isinstance(value, Tensor):
            of_task = name.removeprefix(f"{TASK}.")
            tensors[name] = _half(path, name, value) if of_task.startswith(ROUNDED) else value.contiguous().clone()
            return {TENSOR: name}
        if isinstance(value, Mapping):
            return {str(key): kept(each, f"{name}.{key}") for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [kept(each, f"{name}.{place}") for place, each in enumerate(value)]
        return value

    plain = {
        KEY: checkpoint[KEY],
        TASK: kept(checkpoint[TASK], TASK),
        DATA: data,
        "about": dict(about or checkpoint.get("about") or {}),
    }
    write_whole(path, save(tensors, {"format": "pt", KEY: json.dumps(plain, ensure_ascii=False)}))


def read(path: str | Path) -> dict[str, Any]:
    """The contents of a file from `write`, like those of a checkpoint, on the CPU, with weights in float32.

    Raises:
        InputError: the file is missing, damaged, or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"checkpoint={path}: there is no such file")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
        tensors = {name: value.float() if value.dtype == torch.float16 else value for name, value in tensors.items()}
        plain = None if text is None else _with_tensors(json.loads(text), tensors)
    except Exception as error:  # safetensors and JSON each raise their own errors
        raise InputError(f"checkpoint={path}: truncated, or not a safetensors file at all") from error
    if not (isinstance(plain, dict) and all(isinstance(plain.get(key), dict) for key in (KEY, TASK, DATA))):
        raise InputError(f"checkpoint={path}: was not made by this project (colourize-export writes those that fit)")
    return {**plain, WEIGHTS: tensors}


def _half(path: str | Path, name: str, value: Tensor) -> Tensor:
    rounded = (value.half() if value.is_floating_point() else value).contiguous().clone()
    if not rounded.isfinite().all():
        raise InputError(f"{path}: {name} has a number that float16 does not hold; it cannot be written")
    return rounded


def _with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Nested plain values with their tensors, which are removed from `tensors`."""
    if isinstance(value, dict):
        if set(value) == {TENSOR}:
            return tensors.pop(value[TENSOR])
        return {key: _with_tensors(each, tensors) for key, each in value.items()}
    return [_with_tensors(each, tensors) for each in value] if isinstance(value, list) else value
