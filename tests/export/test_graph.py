"""A network's operations are those of torch: as ONNX by onnxruntime, as JavaScript by node; and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from exported import GREY, HINTS, NETWORKS, PALETTE, build, model, part_of, read_facts, run_in_node, task_of
from torch import Tensor, nn

import colourize.models
from colourize.errors import InputError, UsageError
from colourize.export.facts import facts_of
from colourize.export.graph import graph_of
from colourize.export.onnx_file import write_onnx
from colourize.models.mirroring import aligned

PICTURES = 20
RUN = """
import { Network, decode } from "PAGE/network.js";
const results = [true, false].map((fast) => {
  const network = new Network(given.part.graph, decode(given.part.numbers, given.part.graph.count), fast);
  const outputs = given.inputs.map(({ channels, height, width, data }) =>
    Array.from(network.run({ channels, height, width, data: Float32Array.from(data) }).data));
  return { quick: network.kernel.product !== null, outputs };
});
console.log(JSON.stringify(results));
"""


@pytest.mark.parametrize("name", NETWORKS)
def test_javascript_has_torchs_outputs(name: str, tmp_path: Path) -> None:
    task = build(name)
    factor = getattr(task.degradation, "scale_factor", 1)
    generator = torch.Generator().manual_seed(3)
    # Twenty pictures: of the trained size, smaller than a pooling's windows, and of odd sides.
    sizes = [(16, 16), (13, 22), (1, 3), (21, 15)]
    inputs = [
        torch.rand(1, task.degradation.channels, factor * height, factor * width, generator=generator)
        for height, width in sizes
        for _ in range(PICTURES // len(sizes))
    ]
    given = {"part": part_of(task), "inputs": [as_maps(each) for each in inputs]}
    by_wasm, plain = run_in_node(RUN, given, tmp_path)
    assert by_wasm["quick"] and not plain["quick"]
    with torch.no_grad():
        for number, each in enumerate(inputs):
            wanted = task(each)
            for found in (by_wasm, plain):
                outputs = torch.tensor(found["outputs"][number]).view_as(wanted)
                assert (outputs - wanted).abs().max() < 1e-3


def as_maps(inputs: Tensor) -> dict[str, Any]:
    _, channels, height, width = inputs.shape
    return {"channels": channels, "height": height, "width": width, "data": inputs.flatten().tolist()}


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_files_have_torchs_outputs_and_say_what_they_are(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    task, path = build(name), tmp_path / "network.onnx"
    facts = facts_of(task, {"about": {"licence": "CC0", "measures": {"test/psnr": 22.5}}}, tmp_path)
    assert write_onnx(path, task, graph_of(task), facts) < 1e-4
    found = read_facts(path)
    assert found["licence"] == "CC0" and found["measures"] == {"test/psnr": 22.5}
    answer = found["answer"]
    places = {"palette": "colours", "ab_bins": "centres"}.get(answer["kind"])
    assert places is None or len(answer[places]) == task.answer.out_channels


def test_an_onnx_file_that_says_something_else_is_not_written(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    task = build("unet")
    graph, facts = graph_of(task), facts_of(task, {}, tmp_path)
    nn.init.ones_(task.model.final.bias)  # type: ignore[union-attr, arg-type]
    with pytest.raises(InputError, match="differ from torch's"):
        write_onnx(tmp_path / "network.onnx", task, graph, facts)
    assert not list(tmp_path.iterdir())


def test_batch_norms_are_folded_and_parts_have_names() -> None:
    graph = graph_of(build("unet"))
    assert "affine" not in [node.op for node in graph.nodes]
    assert list(graph.blocks) == ["down1", "down2", "middle", "up1", "up2", "final"]
    assert graph.nodes[graph.blocks["down1"] - 1].op == "max_pool"


class Own(nn.Module):
    """A user's network; tests change what it does between its layers, and how far it goes beyond a picture."""

    size_multiple, border = 2, 0

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(4 * in_channels, 8, 3, padding="same"), nn.Conv2d(8, 4 * out_channels, 1)
        self.grouped = nn.ConvTranspose2d(8, 8, 3, padding=1, groups=2)

    def forward(self, inputs: Tensor) -> Tensor:
        height, width = inputs.shape[2:]
        padded = aligned(F.pad(inputs, (0, self.border, 0, self.border)), 2)
        features = F.silu(self.first(F.pixel_unshuffle(padded, 2)))
        outputs = self.last(self.between(features) * 2 - 1)
        return F.pixel_shuffle(outputs, 2)[..., :height, :width]

    def between(self, features: Tensor) -> Tensor:
        return self.grouped(features * features.sigmoid())


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> type[Own]:
    """The class, to be changed for this test only."""
    changed = type("Own", (Own,), {})
    monkeypatch.setattr(colourize.models, "Own", changed, raising=False)
    return changed


def test_a_users_own_network(own: type[Own], tmp_path: Path) -> None:
    task = task_of(HINTS, PALETTE, model("Own"))
    inputs = torch.rand(1, 4, 7, 10)
    given = {"part": part_of(task), "inputs": [as_maps(inputs)]}
    (found, _) = run_in_node(RUN, given, tmp_path)
    with torch.no_grad():
        wanted = task(inputs)
    assert (torch.tensor(found["outputs"][0]).view_as(wanted) - wanted).abs().max() < 1e-3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("between", lambda _, x: x / x.mean((2, 3), keepdim=True), "mean cannot be exported"),
        ("between", lambda _, x: F.interpolate(F.interpolate(x, size=(30, 30)), size=x.shape[2:]), "whole factor"),
        ("between", lambda _, x: x * x.shape[3], "affine depends on the picture's size"),
        ("between", lambda _, x: x.int().float(), "_to_copy cannot be exported"),
        ("border", 1, "how it goes on beyond a picture's border"),
    ],
)
def test_what_a_page_could_not_do_is_refused_with_the_reason(
    name: str, value: Any, message: str, own: type[Own]
) -> None:
    setattr(own, name, value)
    with pytest.raises(UsageError, match=f"Own: .*{message}") as error:
        graph_of(task_of(GREY, PALETTE, model("Own")))
    assert "\n" not in str(error.value)


def test_a_table_of_rows_and_a_picture_of_the_truth_are_refused() -> None:
    for name, message in (("GreyRowLookup", "row in the picture"), ("PaletteOracle", "not known")):
        with pytest.raises(UsageError, match=message):
            graph_of(task_of(GREY, PALETTE, model(name)))
