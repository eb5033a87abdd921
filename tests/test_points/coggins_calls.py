"""Calls of the Coggins client, and answers to them, as the tests write them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
import responses

from app.providers.coggins.http import CogginsProvider
from app.providers.protocol import Ask, AskKind, Reply
from tests.clock import MovableClock

ADA, BOB = "ada@example.com", "bob@example.com"
URL, KEY = "https://api.coggins.example", "9f1c2b34-5d6e-4f70-8123-456789abcdef"
CLAIMS_URL = f"{URL}/api/v1/points?csapikey={KEY}"
INSTANT_URL = f"{URL}/api/v1/points/{KEY}/INSTANT"
LOOKUP_URL = f"{URL}/api/v1/points/{KEY}/email/ada%40example.com/Full"
TOKEN = "6037d53f-4088-43a2-8ab6-b5cdcd6de290"
CALL = UUID("00000000-0000-4000-8000-000000000001")

KINDS = pytest.mark.parametrize("kind", [AskKind.CLAIM, AskKind.INSTANT])


def some_asks(*points: int) -> list[Ask]:
    return [Ask(uuid4(), amount, email) for amount, email in zip(points, (ADA, BOB, ADA), strict=False)]


def send(provider: CogginsProvider, kind: AskKind, asks: Sequence[Ask], clock: MovableClock) -> Reply:
    return provider.ask(kind, asks, call_id=CALL, now=clock())


def one(reply: Reply) -> Any:
    assert isinstance(reply, tuple), reply
    [outcome] = reply
    return outcome


def claim_item(**changes: Any) -> dict[str, Any]:
    """An item as it is published, for one claim of 400 points for Ada."""
    url = f"https://store.example/claim/points/{TOKEN.replace('-', '')}"
    return {"amount": 400, "email": ADA, "claimToken": TOKEN, "claimUrl": url, "created": True} | changes


def claim_answered(wire: responses.RequestsMock, clock: MovableClock, **answer: Any) -> Any:
    """What becomes of one claim of 400 points for Ada."""
    wire.post(CLAIMS_URL, **answer)
    return one(send(CogginsProvider(URL, KEY), AskKind.CLAIM, some_asks(400), clock))


def instants_answered(wire: responses.RequestsMock, clock: MovableClock, asks: Sequence[Ask], **answer: Any) -> Reply:
    wire.post(INSTANT_URL, **answer)
    return send(CogginsProvider(URL, KEY), AskKind.INSTANT, asks, clock)


def lookup_answered(wire: responses.RequestsMock, **answer: Any) -> Any:
    wire.get(LOOKUP_URL, **answer)
    return CogginsProvider(URL, KEY).balances([ADA])
