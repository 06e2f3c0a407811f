"""CSV tables: columns that come later, awkward cells, numbers to the last bit, and files that are no tables."""

import math

import pytest

from colourize.errors import InputError
from colourize.runs.tables import read_numbers, write_table


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.csv"


def test_columns_that_come_later(path):
    write_table(path, [{"epoch": 1, "train/loss": 0.5}, {"epoch": 2, "train/loss": 0.4, "val/loss": 0.1 + 0.2}])
    # To the byte: metrics.csv of equal runs are compared so, across versions as well.
    assert path.read_bytes() == b"epoch,train/loss,val/loss\r\n1,0.5,\r\n2,0.4,0.30000000000000004\r\n"


def test_numbers_come_back_to_the_last_bit(path):
    rows = [{"epoch": 1, "a": 0.1 + 0.2, "b": 1e-300}, {"epoch": 2, "a": math.inf, "c": 0.0}]
    write_table(path, rows)
    assert read_numbers(path) == rows
    assert type(read_numbers(path)[0]["epoch"]) is int


def test_the_mark_that_spreadsheets_put_first_is_no_part_of_a_name(path):
    path.write_bytes(b"\xef\xbb\xbfepoch,loss\n1,0.5\n")
    assert read_numbers(path) == [{"epoch": 1, "loss": 0.5}]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"epoch,loss\r\n1,0.5\r\n2\r\n", id="cut off between cells"),
        pytest.param(b"epoch,loss\r\n1,0.5,3\r\n", id="too many cells"),
        pytest.param(b'epoch,loss\r\n1,"0.5', id="cut off within quotes"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"epoch,loss\r\n1,0.5.3\r\n", id="no numbers"),
    ],
)
def test_files_that_are_no_tables_of_numbers(path, content):
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"table\.csv"):
        read_numbers(path)
