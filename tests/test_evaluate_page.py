"""docs/evaluation.py: its pages have the tables of the evaluations, or it names what is missing."""

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


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with two pages and one evaluation in a folder of the test's."""
    specification = importlib.util.spec_from_file_location("evaluation_page", SCRIPT)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    monkeypatch.setattr(module, "TABLES", tmp_path / "evaluation")
    monkeypatch.setattr(module, "PAGES", (tmp_path / "one.md", tmp_path / "other.md"))
    columns = ("measure", "method", "seeds", "mean", "low", "high", "seed_deviation", "mark")
    rows = [
        ("mse", "net", 2, "inf", "inf", "inf", "", ""),
        ("mse", "table", 0, 0.015, "", "", "", ""),
        ("cross_entropy", "net", 2, 1.3, 1.25, 1.35, 0.014, "worse"),
    ]
    (tmp_path / "runs" / "colours").mkdir(parents=True)
    write_table(
        tmp_path / "runs" / "colours" / "comparison.csv", [dict(zip(columns, row, strict=True)) for row in rows]
    )
    (tmp_path / "other.md").write_text("<!-- col* net | mse -->\n<!-- end -->\n")
    return module


def test_pages_have_the_tables_with_and_without_intervals(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text("# Ä page\n\n<!-- colours -->\nold\n<!-- end -->\n", encoding="utf-8")
    script.main(tmp_path / "runs")
    assert (tmp_path / "one.md").read_text(encoding="utf-8") == FILLED
    other = (tmp_path / "other.md").read_text(encoding="utf-8")
    assert "|  | inf |" in other and "1.300" not in other and "| table" not in other


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- colour-x -->\n<!-- end -->\n", "<!-- colour-x -->: there is no table evaluation/colour-x.csv"),
        ("<!-- col* cnn -->\n<!-- end -->\n", "<!-- col* cnn -->: evaluation/colours.csv has only net, table"),
        ("![](evaluation/colours.svg)", "colours/comparison.svg: there is no such file, and one.md shows it"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_written(
    text: str, message: str, script: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "one.md").write_text(text)
    before = (tmp_path / "other.md").read_text()
    with pytest.raises(InputError) as error:
        script.main(tmp_path / "runs")
    assert str(error.value).endswith(message) and (tmp_path / "other.md").read_text() == before
