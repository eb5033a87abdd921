"""An Idempotency-Key: the same request under it is done once, however often, from wherever and at the same time it comes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from app.db.tables import ApiAnswerRow
from app.domain.claim import Balance
from app.usecases.api.manage_keys import create_key
from app.usecases.api.stored_answers import KEPT_FOR
from app.usecases.operating.create_store import create_store
from app.usecases.operating.rotate_secrets import rotate_secrets
from app.web.points_api.views import IDEMPOTENCY_KEY
from tests.served_points import ServedPoints

ADA = "ada@example.com"
ITEMS = [{"amount": 5, "email": ADA}, {"amount": 0}, {"amount": -7, "email": ADA}]
CALLS = ["claims", "instants"]
AT_ONCE = 8


def under(key: str) -> dict[str, str]:
    return {IDEMPOTENCY_KEY: key}


def kept_answers(api: ServedPoints) -> list[ApiAnswerRow]:
    with api.services.database.reading() as session:
        return list(session.exec(select(ApiAnswerRow)))


@pytest.mark.parametrize("call", CALLS)
def test_the_same_request_again_is_answered_alike_and_done_once(api_on_each: ServedPoints, call: str) -> None:
    ask: Callable[..., Any] = getattr(api_on_each, call)

    first, again, without = ask(ITEMS, **under("one")), ask(ITEMS, **under("one")), ask(ITEMS)

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert first.headers[IDEMPOTENCY_KEY] == again.headers[IDEMPOTENCY_KEY] == "one"
    assert IDEMPOTENCY_KEY not in without.headers
    # Once under the key, and once without.
    if call == "claims":
        assert len(api_on_each.stored_claims()) == 2
    else:
        assert api_on_each.stored_balance(ADA) == Balance(10 - 7, 0)


def test_what_was_refused_then_is_refused_again(api: ServedPoints) -> None:
    refused = api.instants([{"amount": -5, "email": ADA}], **under("one")).json()
    api.instants([{"amount": 100, "email": ADA}])

    assert api.instants([{"amount": -5, "email": ADA}], **under("one")).json() == refused
    assert api.instants([{"amount": -5, "email": ADA}], **under("two")).json()[0]["applied"]


def test_another_request_under_the_same_key_is_refused(api: ServedPoints) -> None:
    api.claims(ITEMS, **under("one"))

    answers = [api.claims(ITEMS[:1], **under("one")), api.instants(ITEMS, **under("one"))]

    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(422, "IDEMPOTENCY_KEY_REUSED")] * 2
    assert all(IDEMPOTENCY_KEY not in answer.headers for answer in answers)
    assert (len(api.stored_claims()), api.stored_balance(ADA)) == (1, Balance(0, 0))


def test_an_idempotency_key_belongs_to_the_api_key_that_sent_it(api: ServedPoints) -> None:
    create_store(api.services, "Other")
    second, others = create_key(api.services, "shop"), create_key(api.services, "other")
    first = api.claims(ITEMS, **under("one")).json()

    same = api.ask("POST", f"/api/v1/points?csapikey={second}", json=ITEMS, headers=under("one")).json()
    other = api.ask("POST", f"/api/v1/points?csapikey={others}", json=ITEMS, headers=under("one")).json()

    again = api.claims(ITEMS, **under("one")).json()

    assert again == first
    assert same[0]["claimToken"] != first[0]["claimToken"]
    assert other[0]["claimToken"] != first[0]["claimToken"]


def test_a_request_that_was_refused_whole_leaves_its_key_free(api: ServedPoints) -> None:
    assert api.claims({"amount": 5}, **under("one")).status_code == 400
    assert api.claims(ITEMS * 400, **under("one")).status_code == 413

    assert api.claims(ITEMS, **under("one")).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 256, "ü"])
def test_a_key_that_will_not_do_is_refused(api: ServedPoints, key: str) -> None:
    assert api.claims(ITEMS, **under(key.encode() if key == "ü" else key)).status_code == 400  # type: ignore[arg-type]  # bytes, as no client should
    assert api.stored_claims() == []


def test_what_is_kept_shows_neither_token_nor_key_and_survives_a_new_secret(api: ServedPoints) -> None:
    first = api.claims(ITEMS, **under("one-and-only")).json()

    for _ in rotate_secrets(api.services):
        pass

    [kept] = kept_answers(api)
    shown = str(kept.model_dump())
    assert first[0]["claimToken"].replace("-", "") not in shown
    assert "one-and-only" not in shown
    assert ADA not in shown
    assert api.claims(ITEMS, **under("one-and-only")).json() == first


def test_answers_are_forgotten_after_their_time(api: ServedPoints) -> None:
    api.claims(ITEMS, **under("old"))
    api.clock.advance(days=29)
    api.claims(ITEMS, **under("young"))

    api.clock.now += KEPT_FOR - timedelta(days=29)
    api.claims(ITEMS, **under("new"))

    assert len(kept_answers(api)) == 2


@pytest.mark.parametrize("call", CALLS)
def test_many_at_once_under_one_key_are_done_once(api_on_each: ServedPoints, call: str) -> None:
    ask: Callable[..., Any] = getattr(api_on_each, call)
    key = str(uuid4())

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: ask(ITEMS, **under(key)), range(AT_ONCE)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    if call == "claims":
        assert len(api_on_each.stored_claims()) == 1
    else:
        assert api_on_each.stored_balance(ADA) == Balance(5, 0)
