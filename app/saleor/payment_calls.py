"""What is reported to a Saleor about payments, and how it says that they stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.domain.booked_payment import BookedPayment, EventKind
from app.saleor.payment_parsing import parse_booked

# Saleor refuses a fifth mutation in one request.
REPORTS_MAX = 4

_ALIASES = ("a", "b", "c", "d")


@dataclass(frozen=True, slots=True)
class Report:
    """One event of a transaction. The same kind and reference again is no second event, except INFO. `amount` in currency."""

    transaction_id: str
    kind: EventKind
    reference: str
    amount: Decimal | None = None
    message: str = ""


class ReportRefusal(StrEnum):
    """Why a Saleor did not take a report.

    NOT_FOUND      it has no such transaction
    OTHER_AMOUNT   it has this event with another amount
    NOT_ALLOWED    the app may not handle payments, or the transaction is another app's
    OTHER          anything else
    """

    NOT_FOUND = "not_found"
    OTHER_AMOUNT = "other_amount"
    NOT_ALLOWED = "not_allowed"
    OTHER = "other"


_REFUSALS = {"NOT_FOUND": ReportRefusal.NOT_FOUND, "INCORRECT_DETAILS": ReportRefusal.OTHER_AMOUNT}


class PaymentCalls:
    """The calls of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables."""

    def __init__(self, execute: Callable[..., dict[str, Any]]) -> None:
        self._execute = execute

    def report(self, api_url: str, token: str, reports: Sequence[Report]) -> list[BookedPayment | ReportRefusal]:
        """Report up to four events in one request. Gives, in the same order, how the transactions stand, or why it was not taken.

        Raises SaleorRefused where none was allowed, and SaleorFault where nothing of the answer can be understood.
        """
        if not 0 < len(reports) <= REPORTS_MAX:
            raise ValueError(f"from 1 to {REPORTS_MAX} reports in one request")
        variables: dict[str, Any] = {}
        for place, alias in enumerate(_ALIASES):
            one = reports[place] if place < len(reports) else reports[0]
            variables[f"{alias}Id"] = one.transaction_id
            variables[f"{alias}Type"] = one.kind.value
            variables[f"{alias}Reference"] = one.reference
            variables[f"{alias}Amount"] = None if one.amount is None else str(one.amount)
            variables[f"{alias}Message"] = one.message
            if place > 0:
                variables[f"with{alias.upper()}"] = place < len(reports)
        data = self._execute(api_url, token, "report_payments", variables, partial_answers=True)
        return [_outcome(data.get(alias)) for alias, _ in zip(_ALIASES, reports, strict=False)]


def _outcome(answer: Any) -> BookedPayment | ReportRefusal:
    if not isinstance(answer, Mapping):
        # Saleor answers one mutation of several with nothing where it is not allowed.
        return ReportRefusal.NOT_ALLOWED
    errors = answer.get("errors")
    if errors:
        code = errors[0].get("code") if isinstance(errors, list) and isinstance(errors[0], Mapping) else None
        return _REFUSALS.get(str(code), ReportRefusal.OTHER)
    try:
        return parse_booked(answer["transaction"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return ReportRefusal.OTHER
