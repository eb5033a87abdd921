"""The calls that the storefront's page shows are calls that Saleor takes, and its table has every code."""

import re

import pytest
from graphql import parse, validate

from app.domain.spending import SpendRefusal
from tests.standins.saleor.schema import schema
from tests.test_documents.markdown import ROOT, Document

PATH = ROOT / "docs" / "storefront" / "checkout.md"
PAGE = Document(PATH, PATH.read_text())
CALLS = [block.text for block in PAGE.blocks if block.language == "graphql"]


def test_the_page_shows_three_calls() -> None:
    assert len(CALLS) == 3


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.split("(")[0])
def test_each_call_fits_saleors_schema(call: str) -> None:
    assert validate(schema("3.24"), parse(call)) == []


def test_the_table_has_every_code_and_no_other() -> None:
    codes = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]*\|$", PAGE.text.partition("## Why points do not pay")[2], re.MULTILINE)

    assert sorted(codes) == sorted(SpendRefusal)
