"""How a customer is found by a part of the address: by the beginnings of its words."""

import re

from app.domain.bounds import EMAIL_LENGTH_MAX

# What stands between the words of an address.
_SEPARATORS = "@.+_-"
_WORD = re.compile(rf"[^{re.escape(_SEPARATORS)}]+")
# Nobody types more words of one address, and each costs a look into the index.
WORDS_MAX = 5


def words_of(email_key: str) -> list[str]:
    """Give the rest of an address from each of its words on, so that an index finds whatever begins with a word.

    `ada.lovelace@example.com` gives itself, `lovelace@example.com` and `example.com`. The ending alone, `com`, is left out:
    too many addresses have it.
    """
    starts = [word.start() for word in _WORD.finditer(email_key)]
    is_ended = email_key.rfind("@") < email_key.rfind(".")
    return list(dict.fromkeys(email_key[start:] for start in (starts[:-1] if is_ended else starts)))


def typed_words(text: str) -> list[str]:
    """Give what somebody typed as the beginnings of words, the longest first: `Ada @Example.com` gives `example.com`, `ada`."""
    typed = (part.lstrip(_SEPARATORS)[:EMAIL_LENGTH_MAX] for part in text.replace("\0", "").lower().split())
    return sorted(dict.fromkeys(filter(None, typed)), key=len, reverse=True)[:WORDS_MAX]
