"""Conditions that find customers by the beginnings of the words of their addresses."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import literal
from sqlalchemy.orm import aliased
from sqlmodel import col, exists

from app.db.columns import SearchWord
from app.db.tables import CustomerWordRow

# Behind every character that a word can have.
_LAST = "\U0010ffff"


def words_begin(store_id: int, beginnings: Sequence[str]) -> list[Any]:
    """Choose of `customer_word` one row for each customer who has a word for each beginning; the first has to be there."""
    first, *others = beginnings
    word = col(CustomerWordRow.word)
    return [
        col(CustomerWordRow.store_id) == store_id,
        _begins(word, first),
        # `ann.ann@example.com` has two words that begin with "ann", and is found once.
        ~_other_word(first, lambda other: col(other.word) < word),
        *(_other_word(beginning) for beginning in others),
    ]


def _begins(column: Any, beginning: str) -> Any:
    """Bound a word, not by LIKE: an index serves bounds on both databases."""
    return (column >= literal(beginning, SearchWord())) & (column < literal(beginning + _LAST, SearchWord()))


def _other_word(beginning: str, condition: Any = None) -> Any:
    other = aliased(CustomerWordRow)
    found = exists().where(col(other.customer_id) == col(CustomerWordRow.customer_id), _begins(col(other.word), beginning))
    return found if condition is None else found.where(condition(other))
