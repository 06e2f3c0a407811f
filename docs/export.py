"""The table of times in docs/export.md: the page's engine, run by node, beside torch on one thread.

Both are measured in turns, in time of the processor, which other work on the machine changes little; a time is the
least of all turns.

    python docs/export.py
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from colourize.data.horses import draw_horses
from colourize.export.facts import facts_of
from colourize.export.graph import graph_of
from colourize.export.page import payload_of
from colourize.prediction.predictor import Predictor
from colourize.tasks import RestorationTask

PAGE = Path(__file__).parents[1] / "colourize" / "export" / "page"
TURNS, REPEATS = 2, 2
PHOTOGRAPH = (1632, 1224)  # 2 million pixels
GREY, LIGHTNESS = "colourize.degradations.Grey", "colourize.degradations.Luminance"
# By name: what is given, the network, and its arguments. The first are this project's defaults.
NETWORKS: dict[str, tuple[str, str, dict[str, int]]] = {
    "unet": (GREY, "UNet", {}),
    "unet, num_filters=64": (GREY, "UNet", {"num_filters": 64}),
    "ronneberger_unet": (GREY, "RonnebergerUNet", {}),
    "zhang": (LIGHTNESS, "ZhangNet", {}),
    "pixel_shuffle_resnet": (LIGHTNESS, "PixelShuffleResNet", {}),
}
SCRIPT = """
import fs from "fs";
import { Engine } from "PAGE/engine.js";
const given = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const least = (work) => {
  for (const end = performance.now() + 300; performance.now() < end; ) work(); // until all is compiled
  let found = Infinity;
  for (let turn = 0; turn < REPEATS; turn++) {
    const begun = process.cpuUsage();
    for (let each = 0; each < 40; each++) work();
    found = Math.min(found, process.cpuUsage(begun).user / 40_000);
  }
  return found;
};
const times = given.parts.map((part) => [true, false].map((fast) => {
  const engine = new Engine([part], fast);
  const data = Float32Array.from({ length: 1024 }, (_, place) => (place % 32) / 32);
  const inputs = { channels: 1, height: 32, width: 32, data };
  return least(() => engine.network(0).run(inputs));
}));
const [width, height] = given.photograph;
const data = new Uint8ClampedArray(fs.readFileSync(given.pixels));
const joins = given.parts.map((part) => {
  const engine = new Engine([part]), picture = { width, height, data, channels: 4 };
  engine.open(picture, picture);
  const colours = engine.colours(0, [], 1);
  let found = Infinity;
  for (let turn = 0; turn < 3; turn++) {
    const begun = process.cpuUsage();
    engine.join(0, colours, picture);
    found = Math.min(found, process.cpuUsage(begun).user / 1000);
  }
  return found;
});
console.log(JSON.stringify({ times, joins }));
"""  # fmt: skip


def task_of(given: str, name: str, arguments: dict[str, int]) -> RestorationTask:
    """A task of 24 colours with weights that were drawn."""
    torch.manual_seed(0)
    task = RestorationTask(
        model={"_target_": f"colourize.models.{name}", **arguments}, degradation={"_target_": given},
        answer={"_target_": "colourize.answers.PaletteClasses"}, loss={"_target_": "colourize.losses.CrossEntropy"},
        fitted={"answer": {"colours": torch.rand(24, 3, dtype=torch.float64)}}, size=[32, 32],
    )  # fmt: skip
    return task.eval()


def least(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """The least time of several, in milliseconds, after one that does not count."""
    work()
    found = []
    for _ in range(repeats):
        begun = time.process_time()
        work()
        found.append(1000 * (time.process_time() - begun))
    return min(found)


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    node = shutil.which("node") or "node"
    tasks = {name: task_of(*each) for name, each in NETWORKS.items()}
    horse = Image.fromarray(draw_horses(1, 256, 0)[0]).resize(PHOTOGRAPH)
    parts = []
    for task in tasks.values():
        contents, numbers = payload_of(graph_of(task), facts_of(task, {}, Path()))
        parts.append({**contents, "numbers": numbers})
    inputs, rows = torch.rand(1, 1, 32, 32), []
    with tempfile.TemporaryDirectory() as folder:
        pixels, script, given = (Path(folder) / name for name in ("pixels", "script.mjs", "given.json"))
        pixels.write_bytes(np.asarray(horse.convert("RGBA")).tobytes())
        script.write_text(SCRIPT.replace("PAGE", PAGE.as_uri()).replace("REPEATS", str(REPEATS)))
        given.write_text(json.dumps({"parts": parts, "photograph": PHOTOGRAPH, "pixels": str(pixels)}))
        for _ in range(TURNS):
            found = json.loads(subprocess.run([node, script, given], capture_output=True, check=True).stdout)
            torchs = [least(lambda task=task: task(inputs)) for task in tasks.values()]
            whole = [least(lambda task=task: Predictor(task, device="cpu")(horse), 1) for task in tasks.values()]
            rows.append(
                [[t, *js, w, j] for t, js, w, j in zip(torchs, found["times"], whole, found["joins"], strict=True)]
            )
    print("| network | weights | torch, ms | WebAssembly, ms | … of torch | JavaScript, ms | … of torch | "
          "`colourize-predict`, 2 megapixels, ms | join on the page, ms |")  # fmt: skip
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, task, (ours, wasm, plain, whole, join) in zip(tasks, tasks.values(), np.min(rows, 0), strict=True):
        weights = sum(each.numel() for each in task.model.parameters())
        wasm_times, plain_times = (f"{each:.{digits}f} | {each / ours:.1f}" for each, digits in ((wasm, 1), (plain, 0)))
        print(f"| {name} | {weights:,} | {ours:.1f} | {wasm_times} | {plain_times} | {whole:.0f} | {join:.0f} |")


if __name__ == "__main__":
    main()
