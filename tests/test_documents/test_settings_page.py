"""Every setting stands in the operator's page and in .env.example, with its default."""

import re
from itertools import pairwise

from pydantic import SecretStr

from app.settings import Settings
from tests.test_documents.markdown import ROOT

PAGE = ROOT / "docs" / "operator" / "settings.md"
NAMES = {name.upper() for name in Settings.model_fields}


def _default(name: str) -> str:
    value = Settings.model_fields[name.lower()].default
    return value.get_secret_value() if isinstance(value, SecretStr) else f"{value}"


def test_the_page_has_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text(), re.MULTILINE)

    assert sorted(rows) == sorted(NAMES)


def test_the_page_tells_each_default() -> None:
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE))
    fixed = {name: _default(name) for name in NAMES if _default(name)}

    assert {name: told[name] for name in fixed} == {name: f"`{value}`" for name, value in fixed.items()}


def test_the_example_has_every_setting_with_its_default() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    assert given == {name: _default(name) for name in NAMES}


def test_the_example_says_a_line_about_each_setting() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()

    bare = [line for before, line in pairwise(lines) if line and not line.startswith("#") and not before.startswith("# ")]
    assert bare == []
