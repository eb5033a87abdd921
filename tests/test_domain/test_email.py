"""E-mail addresses: one person, one key."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.bounds import EMAIL_LENGTH_MAX
from app.domain.email import email_key, is_typed_well

LETTERS = st.sampled_from('aAßẞäÄa\u0308é\u0301e@.-\u03c2\u03a3\u03c3xn--ıİ\u0345ΐ\u200d\u3002\uff46\ud800 \0"')
TEXTS = (
    st.text(max_size=40) | st.text(LETTERS, max_size=24) | st.text(LETTERS, max_size=200).map(lambda text: f"{text}@münchen.de")
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("user@münchen.de", "user@xn--mnchen-3ya.de"),
        ("USER@MÜNCHEN.DE", "user@münchen.de"),
        ("rene\u0301@example.com", "ren\u00e9@example.com"),
        ("ÄNNA@example.com", "änna@example.com"),
        ("Straße@example.com", "strasse@example.com"),
        (" Ada@Example.com ", "ada@example.com"),
        ("a@mu\u0308nchen.de", "a@xn--mnchen-3ya.de"),
    ],
)
def test_one_person_has_one_key(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


def test_two_domains_are_two_people() -> None:
    assert email_key("info@straße.de") != email_key("info@strasse.de")
    assert email_key("info@straße.de") == "info@xn--strae-oqa.de"


@pytest.mark.parametrize("email", ["a@localhost", "a@shop.test", '"a b"@example.com', "no address", "", "a@-.de", "ö@@b..ü"])
def test_what_cannot_be_read_is_kept(email: str) -> None:
    assert email_key(f" {email.upper()} ") == email


@given(TEXTS)
@example("a@" + "ü" * 300)
@example("ü" * 320 + "@ü.de")
@example("\ud800@\ud800.de")
def test_every_text_has_a_key_and_a_key_is_its_own_key(text: str) -> None:
    key = email_key(text)

    assert email_key(key) == key
    assert len(key) <= max(EMAIL_LENGTH_MAX, 6 * len(text))


@pytest.mark.parametrize("email", ["ada@example.com", "änna@münchen.de", "a+b@shop.test", "o'hara@example.co.uk"])
def test_what_people_may_type(email: str) -> None:
    assert is_typed_well(email)


@pytest.mark.parametrize(
    "email", ["ada@@example.com", "ada@example..com", "mailto:ada@example.com", "ada@example.com,", "ada", "", "a b@example.com"]
)
def test_what_people_may_not_type(email: str) -> None:
    assert not is_typed_well(email)
