"""Texts in the cells of a CSV file: kept from being taken for formulas, and read back as they were."""

import re

# A spreadsheet takes a text that begins so for a formula. Who chooses an e-mail address chooses what it begins with.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def guarded(text: str) -> str:
    """Put an apostrophe in front of a text that a spreadsheet would take for a formula: it shows the text without it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """Take away the apostrophe that we, or somebody careful, put in front of a text."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
