"""CSV tables: `metrics.csv` (numbers, one row per epoch) and `results.csv` (texts, one row per job)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from colourize.errors import InputError
from colourize.files import write_whole


def write_table(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write rows; the columns are the union of their keys in order of appearance, with `error`, the longest, last.

    None, like a missing key, is an empty cell.
    """
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if "error" in columns:
        columns.append(columns.pop(columns.index("error")))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue())


def write_columns(path: Path, columns: Mapping[str, Any]) -> None:
    """Write columns, arrays of equal length by name, such as a measure's values for each picture."""
    cells = [column.tolist() for column in columns.values()]
    write_table(path, [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)])


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table, as texts; an InputError if the file is missing or not a table."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets write a byte-order mark
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
    except FileNotFoundError as error:
        raise InputError(f"{path}: there is no such file") from error
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a table: {error}") from error
    for number, row in enumerate(rows, 1):
        # csv uses the key None for cells without a column, and the value None for columns without a cell.
        if None in row or None in row.values():
            raise InputError(f"{path}: row {number} has not as many cells as there are columns")
    return rows


def read_numbers(path: Path) -> list[dict[str, float]]:
    """The rows of a table of numbers, without empty cells, integers as int; an InputError as in `read_table`."""
    rows = read_table(path)
    try:
        return [{name: _number(cell) for name, cell in row.items() if cell} for row in rows]
    except ValueError as error:
        raise InputError(f"{path}: holds a cell that is no number: {error}") from error


def _number(cell: str) -> float:
    try:
        return int(cell)
    except ValueError:
        return float(cell)
