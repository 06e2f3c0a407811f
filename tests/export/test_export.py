"""`colourize-export` as a user starts it: files that can be used."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from console import succeed, trained
from exported import read_facts

import colourize


@pytest.fixture
def network() -> Path:
    """A tiny trained classifier."""
    return trained("colour_classification").folder / "checkpoints" / "best.ckpt"


def test_a_page_of_two_networks_and_weights_that_are_taken_again(network: Path, tmp_path: Path) -> None:
    shutil.copy(network, tmp_path / "other.ckpt")
    words = [f"checkpoint=[{network},other.ckpt]", "output=new/colour.html", "title='My horses'"]
    outcome = succeed("export", words, tmp_path)
    assert "new/colour.html (0." in outcome.stdout and outcome.left == ["new", "new/colour.html", "other.ckpt"]
    text = (tmp_path / "new" / "colour.html").read_text(encoding="utf-8")
    assert text.count('id="numbers-') == 2 and "<h1>My horses</h1>" in text
    succeed("export", [f"checkpoint={network}", "output=weights.safetensors"], tmp_path)
    found = colourize.load(tmp_path / "weights.safetensors").state_dict()
    for name, value in colourize.load(network).state_dict().items():
        assert np.allclose(found[name], value, atol=1e-3)
    # A run's folder names its best checkpoint, and safetensors can be exported as well.
    words = ["checkpoint=weights.safetensors", "output=new/colour.html", "overwrite=true"]
    assert "weights.safetensors → new/colour.html" in succeed("export", words, tmp_path).stdout


def test_an_onnx_file_says_how_near_to_torch_it_is(network: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    words = [f"checkpoint={network.parent.parent}", "output=x.onnx", "temperature=0.25"]
    outcome = succeed("export", words, tmp_path)
    assert "onnxruntime's outputs are torch's within" in outcome.stdout
    facts = read_facts(tmp_path / "x.onnx")
    assert 0 <= facts["measures"]["test/accuracy"] <= 1 and facts["answer"]["kind"] == "palette"
    assert facts["answer"]["temperature"] == 0.25
