"""Sealed texts: opened by the secret that sealed them, moved to a new one, and closed to everybody else."""

import base64

import pytest
from cryptography.fernet import Fernet

from app.errors import BadSetting
from app.sealing import Sealer, fingerprint

# Sealed with a key that nobody kept.
SOMEBODY_ELSES = Fernet(base64.urlsafe_b64encode(b"x" * 32)).encrypt_at_time(b"x", 0).decode()
SHORT_OF_SOMEBODY_ELSE = "~ELnTTEW2H8akFfNcqwJ7z3yAc9tsPWD5w9vMRBs="
TEXTS = ["", "a token", "ü•", "x" * 10_000, "two\nlines"]


@pytest.mark.parametrize("text", TEXTS)
def test_what_was_sealed_can_be_opened(text: str) -> None:
    sealer = Sealer(["a secret"])

    assert sealer.open(sealer.seal(text)) == text


def test_a_sealed_text_shows_nothing_of_itself() -> None:
    sealed = Sealer(["a secret"]).seal("the-token")

    assert "the-token" not in sealed
    assert sealed.isprintable()
    assert sealed.isascii()


def test_the_same_text_is_sealed_differently_each_time() -> None:
    sealer = Sealer(["a secret"])

    assert sealer.seal("a token") != sealer.seal("a token")


def test_the_same_secret_opens_it_in_another_process() -> None:
    assert Sealer(["a secret"]).open(Sealer(["a secret"]).seal("a token")) == "a token"


def test_an_older_secret_still_opens() -> None:
    sealed = Sealer(["old"]).seal("a token")

    assert Sealer(["new", "older", "old"]).open(sealed) == "a token"


def test_only_the_newest_secret_seals() -> None:
    sealed = Sealer(["new", "old"]).seal("a token")

    assert Sealer(["new"]).open(sealed) == "a token"
    with pytest.raises(BadSetting):
        Sealer(["old"]).open(sealed)


def test_after_sealing_again_the_old_secret_is_not_needed() -> None:
    sealed = Sealer(["old"]).seal("a token")

    again = Sealer(["new", "old"]).reseal(sealed)

    assert Sealer(["new"]).open(again) == "a token"


@pytest.mark.parametrize("sealed", ["", "garbage", "gAAAAA", pytest.param(SOMEBODY_ELSES, id="somebody-elses"), "ü"])
def test_what_no_secret_opens_names_the_setting(sealed: str) -> None:
    for attempt in (Sealer(["a", "b"]).open, Sealer(["a", "b"]).reseal):
        with pytest.raises(BadSetting, match="SECRET_KEY_PREVIOUS") as raised:
            attempt(sealed)
        assert raised.value.__suppress_context__


def test_a_sealed_text_that_was_altered_does_not_open() -> None:
    sealer = Sealer(["a secret"])
    sealed = sealer.seal("a token")

    with pytest.raises(BadSetting):
        sealer.open(sealed[:20] + ("A" if sealed[20] != "A" else "B") + sealed[21:])


@pytest.mark.parametrize("other", ["A secret", "a secret ", "a secre", ""])
def test_a_secret_that_is_nearly_right_is_wrong(other: str) -> None:
    sealed = Sealer(["a secret"]).seal("a token")

    with pytest.raises(BadSetting):
        Sealer([other]).open(sealed)


def test_a_sealer_does_not_show_its_secret() -> None:
    assert "hush" not in repr(Sealer(["hush"]))


def test_a_fingerprint_marks_a_secret_and_does_not_hold_it() -> None:
    mark = fingerprint("a token")

    assert mark == fingerprint("a token") != fingerprint("a token ")
    assert "a token" not in mark
    assert len(mark) == 64


@pytest.mark.parametrize("text", TEXTS)
def test_a_short_seal_is_opened_alike_and_stays_short_under_a_new_secret(text: str) -> None:
    sealed = Sealer(["old"]).seal_short(text)
    again = Sealer(["new", "old"]).reseal(sealed)

    assert Sealer(["old"]).open(sealed) == Sealer(["new"]).open(again) == text
    assert len(again) == len(sealed) < len(Sealer(["old"]).seal(text))
    assert again != sealed


@pytest.mark.parametrize("sealed", ["~", "~garbage!", "~QUJD", SHORT_OF_SOMEBODY_ELSE])
def test_a_short_seal_that_no_secret_opens_names_the_setting(sealed: str) -> None:
    with pytest.raises(BadSetting, match="SECRET_KEY_PREVIOUS"):
        Sealer(["a", "b"]).open(sealed)


def test_a_short_seal_that_was_altered_does_not_open() -> None:
    sealed = Sealer(["a secret"]).seal_short("a token")

    with pytest.raises(BadSetting):
        Sealer(["a secret"]).open(sealed[:9] + ("A" if sealed[9] != "A" else "B") + sealed[10:])
