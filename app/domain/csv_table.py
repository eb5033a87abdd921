"""Tables in CSV files as spreadsheets write them: a mark, a line that names the separator, empty rows, empty last columns."""

import csv
import re
from collections.abc import Callable, Iterator
from typing import TextIO

from app.domain.csv_cell import unguarded
from app.errors import BadRequest

# A spreadsheet may say in a line of its own what separates the cells.
_SEPARATOR_LINE = re.compile(r"[sS][eE][pP]=([,;\t])\r?\n")
_MARK = "\ufeff"


class BadRows(BadRequest):
    """Rows of a file cannot be taken. The message names their lines and columns."""

    code = "BAD_ROWS"


class BadCell(Exception):
    """One cell of a row is wrong."""

    def __init__(self, column: str, sentence: str) -> None:
        super().__init__(sentence)
        self.column = column


# A row's line in the file, and its cells by column; or what is wrong with it.
Row = tuple[int, dict[str, str] | BadCell]


def read_table(file: TextIO, columns_of: Callable[[list[str], int], list[str]]) -> Iterator[Row]:
    """Read the rows of a file, one after the other; empty ones are left out.

    `columns_of` gets the names in the header and its line. It gives the columns, or raises BadRows. So does the file, where it
    is no CSV or not UTF-8.
    """
    line = 1
    try:
        first = file.readline().removeprefix(_MARK)
        separator = _SEPARATOR_LINE.fullmatch(first)
        lines_before = 1 if separator else 0
        if separator is not None:
            first = file.readline()
        delimiter = separator[1] if separator else _delimiter(first)
        reader = csv.reader(_with(first, file), delimiter=delimiter, strict=True)
        header = columns_of(_names(next(reader, [])), 1 + lines_before)
        for cells in reader:
            line = reader.line_num + lines_before
            if any(cell.strip() for cell in cells):
                yield line, _row(cells, header)
    except UnicodeDecodeError:
        raise BadRows(f"after line {line}: is not UTF-8. Save the file as CSV UTF-8.") from None
    except csv.Error as error:
        raise BadRows(f"after line {line}: is no CSV: {error}") from None


def _with(first: str, file: TextIO) -> Iterator[str]:
    yield first
    yield from file


def _delimiter(header: str) -> str:
    # Where a comma stands between whole numbers and fractions, spreadsheets separate cells by semicolons.
    return ";" if ";" in header and "," not in header else ","


def _names(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    # A spreadsheet writes columns at the end that hold nothing.
    while names and not names[-1]:
        names.pop()
    return names


def _row(cells: list[str], header: list[str]) -> dict[str, str] | BadCell:
    while len(cells) > len(header) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(header):
        place = min(len(cells), len(header) - 1)
        return BadCell(header[place], f"the row has {len(cells)} cells, and the header {len(header)}")
    return dict(zip(header, map(unguarded, cells), strict=True))
