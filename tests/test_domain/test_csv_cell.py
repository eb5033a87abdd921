"""Cells of a CSV file: no text is taken for a formula, and each is read back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.csv_cell import guarded, unguarded

TEXTS = st.text(st.sampled_from("'=+-@\t\ra1 "), max_size=6) | st.text(max_size=20)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ada@example.com", "1+1", "'tis", "o'hara@example.com"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@given(TEXTS)
def test_a_guarded_text_begins_no_formula_and_is_read_back(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(guarded(text)) == text
