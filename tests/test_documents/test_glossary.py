"""The glossary has each word once, in the order of the alphabet, with one line."""

import re

from tests.test_documents.markdown import ROOT

WORDS = re.findall(r"^\| \*\*(.+)\*\* \| (.+) \|$", (ROOT / "docs" / "contributing" / "glossary.md").read_text(), re.MULTILINE)


def test_the_words_are_in_the_order_of_the_alphabet() -> None:
    words = [word.casefold() for word, _ in WORDS]

    assert words
    assert words == sorted(set(words))
