"""Reading balances, or changes of them, from a CSV file: every row is checked before the first one counts."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from app.domain.bounds import CUSTOMER_TYPE_LENGTH_MAX, POINTS_MAX
from app.domain.csv_table import BadCell, BadRows, read_table
from app.domain.email import email_key, is_typed_well
from app.domain.imported_balance import BalanceRow, ChangeRow

REQUIRED = ("email", "available")
OPTIONAL = ("used", "customer_type", "expires_on")
# The columns of a file that changes balances instead of setting them.
OF_CHANGES = ("email", "change", "reference")
OPTIONAL_OF_CHANGES = ("expires_on",)
REFERENCE_LENGTH_MAX = 200
# More would only hide the first ones, and a file that is wrong throughout is wrong in the same way.
FAULTS_MAX = 20
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,10}", re.ASCII)


def check(path: Path, *, today: date | None = None) -> int:
    """Check a whole file, and count its rows. What was seen is kept on disk, so that memory does not grow with the file.

    No `expires_on` may lie before `today`.

    Raises BadRows, with the first faults, when any row cannot be taken, or a customer stands there twice. Of changes it is the
    reference that may stand there once.
    """
    faults: list[str] = []
    rows = 0
    # A nameless database is a file of its own that goes with it.
    with closing(sqlite3.connect("")) as seen:
        seen.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        for row in _rows(path, faults.append):
            rows += 1
            if today is not None and row.expires_on is not None and row.expires_on < today:
                faults.append(f"line {row.line}, column expires_on: has passed")
            key, column = (row.reference, "reference") if isinstance(row, ChangeRow) else (email_key(row.email), "email")
            if not seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, row.line)).rowcount:
                [line] = seen.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
                faults.append(f"line {row.line}, column {column}: stands in line {line}, too")
            if len(faults) >= FAULTS_MAX:
                faults.append("… and perhaps more")
                break
    if faults:
        raise BadRows("\n".join(("Nothing was imported, because of", *faults)))
    return rows


def read(path: Path) -> Iterator[BalanceRow | ChangeRow]:
    """Read the rows of a file that was checked.

    Raises BadRows when it was changed since, so that a row cannot be taken.
    """

    def refuse(fault: str) -> None:
        raise BadRows(f"The file was changed while it was imported: {fault}")

    return _rows(path, refuse)


def _rows(path: Path, note: Callable[[str], None]) -> Iterator[BalanceRow | ChangeRow]:
    # Spreadsheets put a mark in front of UTF-8.
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line, cells in read_table(file, _columns):
            try:
                if isinstance(cells, BadCell):
                    raise cells
                yield (_change if "change" in cells else _row)(line, cells)
            except BadCell as fault:
                note(f"line {line}, column {fault.column}: {fault}")


def _columns(names: list[str], line: int) -> list[str]:
    required, optional = (OF_CHANGES, OPTIONAL_OF_CHANGES) if "change" in names else (REQUIRED, OPTIONAL)
    for name in names:
        if name not in {*required, *optional} or names.count(name) > 1:
            raise BadRows(
                f"line {line}: the column {name[:40]!r} is not known or there twice; "
                f"there may be {', '.join((*required, *optional))}."
            )
    missing = [name for name in required if name not in names]
    if missing:
        raise BadRows(f"line {line}: names the columns, and lacks {' and '.join(missing)}.")
    return names


def _row(line: int, cells: dict[str, str]) -> BalanceRow:
    email = _email(cells["email"])
    customer_type = cells.get("customer_type", "").strip()
    if len(customer_type) > CUSTOMER_TYPE_LENGTH_MAX or not customer_type.isprintable():
        raise BadCell("customer_type", f"is longer than {CUSTOMER_TYPE_LENGTH_MAX} characters, or not printable")
    return BalanceRow(
        line=line,
        email=email,
        available=_number("available", cells["available"], least=-POINTS_MAX),
        used=_number("used", cells["used"], least=0) if cells.get("used", "").strip() else None,
        customer_type=customer_type or None,
        expires_on=_day(cells),
    )


def _change(line: int, cells: dict[str, str]) -> ChangeRow:
    change = _number("change", cells["change"], least=-POINTS_MAX)
    reference = cells["reference"].strip()
    if not 0 < len(reference) <= REFERENCE_LENGTH_MAX or not reference.isprintable():
        raise BadCell("reference", f"must have 1 to {REFERENCE_LENGTH_MAX} characters: it tells this change from every other")
    return ChangeRow(line, _email(cells["email"]), change, reference, _day(cells))


def _day(cells: dict[str, str]) -> date | None:
    text = cells.get("expires_on", "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as fault:
        raise BadCell("expires_on", "must be a day like 2027-12-31") from fault


def _email(cell: str) -> str:
    email = cell.strip()
    if not is_typed_well(email) or not email_key(email).isprintable():
        raise BadCell("email", "is no e-mail address")
    return email


def _number(column: str, cell: str, *, least: int) -> int:
    text = cell.strip()
    if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text) <= POINTS_MAX:
        raise BadCell(column, f"must be a whole number from {least} to {POINTS_MAX}, in digits only")
    return int(text)
