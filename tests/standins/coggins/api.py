"""The Coggins Points API over one ledger: bodies in, answers out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from tests.standins.coggins.ledger import Balance, Ledger
from tests.standins.coggins.rules import Item, Rules
from tests.standins.serving import Answer, json_answer

InstantAnswer = Literal["items", "success", "empty", "text"]
UnknownEmail = Literal["404", "zeros"]


def parsed(body: bytes) -> Any:
    """Return the JSON of a body, or None for anything else."""
    try:
        return json.loads(body, parse_float=Decimal)
    except ValueError:
        return None


def refused(message: str, status: int = 200) -> Answer:
    return json_answer({"success": False, "message": message}, status)


@dataclass(frozen=True)
class PointsApi:
    ledger: Ledger
    rules: Rules
    base_url: Callable[[], str]
    instant_answer: InstantAnswer = "items"
    unknown_email: UnknownEmail = "404"

    def claims(self, body: bytes) -> Answer:
        array = parsed(body)
        rejection = self.rules.rejection_of(array)
        if rejection is not None:
            status, message = rejection
            return refused(message, status)
        return json_answer([self._claim(item) for item in array])

    def instant(self, body: bytes) -> Answer:
        array = parsed(body)
        rejection = self.rules.rejection_of(array)
        if rejection is None and not all(item.get("email") for item in array):
            rejection = 400, "Every item needs an e-mail."
        if rejection is not None:
            status, message = rejection
            return refused(message, status)
        items = [self._adjust(item) for item in array]
        if self.instant_answer == "items" or not all(item["success"] for item in items):
            return json_answer(items)
        if self.instant_answer == "success":
            return json_answer({"success": True})
        return Answer(body=b"" if self.instant_answer == "empty" else b"OK", content_type="text/plain")

    def lookup(self, email: str) -> Answer:
        balance = self.ledger.balance(email)
        if balance is None:
            if self.unknown_email == "404":
                return refused("No such customer.", 404)
            balance = Balance()
        return json_answer({"AvailablePoints": balance.available, "UsedPoints": balance.used})

    def _claim(self, item: Item) -> dict[str, Any]:
        message = self.rules.refusal_of(item)
        if message is None and item["amount"] <= 0:
            message = "The amount must be more than nothing."
        if message is not None:
            return {**item, "created": False, "message": message}
        claim = self.ledger.add_claim(
            item["amount"], email=item.get("email"), customer_type=item.get("customerType"), expires_days=item.get("expires")
        )
        return {**item, "claimToken": claim.token, "claimUrl": self.base_url() + claim.path, "created": True}

    def _adjust(self, item: Item) -> dict[str, Any]:
        message = self.rules.refusal_of(item)
        if message is not None:
            return {**item, "success": False, "message": message}
        try:
            self.ledger.adjust(item["email"], item["amount"])
        except ValueError as error:
            return {**item, "success": False, "message": str(error)}
        return {**item, "success": True}
