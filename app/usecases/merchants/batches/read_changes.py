"""Read changes of customers' points from a CSV file: `email`, `change` and, where each has its own, `reason`."""

import re
from collections.abc import Iterator
from typing import TextIO

from app.domain.bounds import POINTS_MAX
from app.domain.change_batches import Unusable, WantedChange
from app.domain.csv_table import BadCell, BadRows, read_table
from app.domain.email import email_key, is_typed_well

REQUIRED = ("email", "change")
OPTIONAL = ("reason",)
# What the list of customers exports besides: whoever adds a column to that file need not delete these.
LEFT_ALONE = ("balance", "waiting", "last_activity", "customer_type")
REASON_LENGTH_MAX = 1000
_SPELT = {"e-mail": "email"}
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,10}", re.ASCII)


def read_changes(file: TextIO) -> Iterator[WantedChange | Unusable]:
    """Read the rows of a file one after the other: a change each, or why there is none.

    Raises BadRows where the file as a whole cannot be read.
    """
    for line, cells in read_table(file, _columns):
        try:
            if isinstance(cells, BadCell):
                raise cells
            yield _change(line, cells)
        except BadCell as fault:
            yield Unusable(line, f"Column {fault.column}: {fault}.")


def _columns(names: list[str], line: int) -> list[str]:
    names = [_SPELT.get(name, name) for name in names]
    for name in names:
        if name not in {*REQUIRED, *OPTIONAL, *LEFT_ALONE} or names.count(name) > 1:
            raise BadRows(
                f"Line {line}: the column {name[:40]!r} is not known or there twice. The columns are {', '.join(REQUIRED)} and,"
                f" if you like, {OPTIONAL[0]}."
            )
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise BadRows(f"Line {line} names the columns, and lacks {' and '.join(missing)}.")
    return names


def _change(line: int, cells: dict[str, str]) -> WantedChange:
    email = cells["email"].strip()
    if not is_typed_well(email) or not email_key(email).isprintable():
        raise BadCell("email", "this is no e-mail address")
    text = cells["change"].strip()
    if not _WHOLE_NUMBER.fullmatch(text) or not 0 < abs(int(text)) <= POINTS_MAX:
        raise BadCell("change", f"this must be a whole number from 1 to {POINTS_MAX}, with a minus to take points")
    reason = cells.get("reason", "").strip()
    if len(reason) > REASON_LENGTH_MAX or not reason.isprintable():
        raise BadCell("reason", f"this has more than {REASON_LENGTH_MAX} characters, or one that cannot be printed")
    return WantedChange(line, email, int(text), reason)
