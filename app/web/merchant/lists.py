"""What the lists of orders and of customers share: a day that is asked for, and the export."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from flask import Response, request

from app.domain.csv_cell import guarded

_ROWS_AT_ONCE = 500


def day_asked(name: str, errors: dict[str, str]) -> date | None:
    """Read a day from the address. One that cannot be read is left out, and named in `errors`."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors[name] = "Enter a date such as 2026-05-31."
        return None


def csv_file(name: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Answer with a CSV file. It is written a few rows at a time, and no text in it is run as a formula."""
    answer = Response(_csv(headings, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    buffer = io.StringIO()
    # Without this mark a spreadsheet takes UTF-8 for something else.
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow(headings)
    for place, row in enumerate(rows, start=1):
        writer.writerow([guarded(value) if isinstance(value, str) else value for value in row])
        if place % _ROWS_AT_ONCE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
