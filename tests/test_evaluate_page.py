"""docs/evaluation.py: its pages have the tables of the evaluations, or it says what is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from colourize.errors import InputError
from colourize.runs.tables import write_table

SCRIPT = Path(__file__).parent.parent / "docs" / "evaluation.py"
FILLED = """# Ä page

<!-- colours -->

| | cross-entropy | MSE |
| --- | ---: | ---: |
| table |  | 0.0150 |
| net | 1.300 ± 0.050 (± 0.014) ▼ | inf |

<!-- end -->
"""


def row(measure: str, method: str, seeds: int, mean: float, **more: object) -> dict[str, object]:
    nothing = dict.fromkeys(("low", "high", "seed_deviation", "mark"), "")
    return {"measure": measure, "method": method, "seeds": seeds, "mean": mean, **nothing, **more}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with pages and tables in a folder of the test's."""
    specification = importlib.util.spec_from_file_location("evaluation_page", SCRIPT)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "TABLES", tmp_path / "evaluation")
    monkeypatch.setattr(module, "PAGES", (tmp_path / "one.md", tmp_path / "other.md"))
    rows = [
        row("mse", "net", 2, float("inf"), low=float("inf"), high=float("inf")),
        row("mse", "table", 0, 0.015),
        row("cross_entropy", "net", 2, 1.3, low=1.25, high=1.35, seed_deviation=0.014, mark="worse"),
    ]
    (tmp_path / "runs" / "colours").mkdir(parents=True)
    write_table(tmp_path / "runs" / "colours" / "comparison.csv", rows)
    return module


def test_pages_have_the_tables_with_and_without_intervals(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# Ä page\n\n<!-- colours -->\nold\n<!-- end -->\n", encoding="utf-8")
    (tmp_path / "other.md").write_text("<!-- col* net -->\n<!-- end -->\n")
    script.main(tmp_path / "runs")
    assert (tmp_path / "one.md").read_text(encoding="utf-8") == FILLED
    other = (tmp_path / "other.md").read_text(encoding="utf-8")
    assert "1.300 ± 0.050" in other and "| table" not in other


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- colour-x -->\n<!-- end -->\n", "<!-- colour-x -->: there is no table evaluation/colour-x.csv"),
        ("<!-- col* cnn -->\n<!-- end -->\n", "<!-- col* cnn -->: evaluation/colours.csv has only net, table"),
        ("![](evaluation/colours.svg)", "colours/comparison.svg: there is no such file, and one.md shows it"),
    ],
)
def test_what_is_missing_is_named(text: str, message: str, script: ModuleType, tmp_path: Path) -> None:
    other = "<!-- colours -->\n<!-- end -->\n"
    (tmp_path / "one.md").write_text(text)
    (tmp_path / "other.md").write_text(other)
    with pytest.raises(InputError) as error:
        script.main(tmp_path / "runs")
    assert str(error.value).endswith(message)
    assert (tmp_path / "other.md").read_text(encoding="utf-8") == other  # nothing is half done
    with pytest.raises(InputError, match="no evaluation lies in this folder"):
        script.main(tmp_path / "nowhere")
