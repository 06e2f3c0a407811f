"""OpenMP's threads do not spin where a console script starts, unless the user wants it otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SHOW = """
import os, sys
from colourize.cli import app
print("torch" in sys.modules)
app.wait_briefly()
print(os.environ.get("GOMP_SPINCOUNT"))
"""


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({}, "1000"),
        ({"GOMP_SPINCOUNT": "5"}, "5"),
        ({"OMP_WAIT_POLICY": "active"}, "None"),
        ({"KMP_BLOCKTIME": "0"}, "None"),
    ],
)
def test_the_waiting_is_set_before_torch_is_imported(own: dict[str, str], expected: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    done = subprocess.run(
        [sys.executable, "-c", SHOW], env=environment | own, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", expected]
