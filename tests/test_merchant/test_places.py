"""What a page is about stands in its path, whatever it is called."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.web.merchant.places import as_segment, from_segment

# A request with a NUL is refused at the edge.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(TEXTS)
def test_any_text_comes_back_from_its_segment(text: str) -> None:
    assert from_segment(as_segment(text)) == text


@given(TEXTS)
def test_a_segment_holds_nothing_that_a_router_would_change(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.@~-]*", as_segment(text))
