"""Read payment sessions: what Saleor sends when a storefront pays, or asks what could be paid."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.domain.payment_request import PaymentRequest, PaymentSource, Shopper
from app.errors import BadRequest

ID_LENGTH_MAX = 128
# An amount has at most so many digits. More would be no money.
_AMOUNT_MAX = Decimal(10) ** 15


def parse_payment(body: Mapping[str, Any]) -> PaymentRequest:
    """Read a verified delivery of TRANSACTION_INITIALIZE_SESSION or PAYMENT_GATEWAY_INITIALIZE_SESSION.

    Raises BadRequest where something is missing.
    """
    try:
        is_charge = body["__typename"] == "TransactionInitializeSession"
        return PaymentRequest(
            source=_source(body["sourceObject"]),
            caller_id=_caller(body["issuingPrincipal"]),
            transaction_id=_id(body["transaction"]) if is_charge else "",
            amount=_amount(body["action"]["amount"] if is_charge else body["amount"]),
        )
    except (KeyError, TypeError, InvalidOperation, ValueError):
        raise BadRequest("The delivery does not hold what its subscription asks for.") from None


def _source(source: Mapping[str, Any]) -> PaymentSource:
    is_order = source["__typename"] == "Order"
    total = source["total" if is_order else "totalPrice"]["gross"]
    charged = {
        one["id"]: Decimal(one["chargedAmount"]["amount"])
        for one in source["orderTransactions" if is_order else "transactions"] or ()
    }
    return PaymentSource(
        id=_id(source),
        is_order=is_order,
        channel=source["channel"]["slug"],
        currency=total["currency"],
        total=Decimal(total["amount"]),
        # Saleor's balance is what was paid too much: below zero while something is due.
        due=-Decimal(source["totalBalance"]["amount"]),
        user=_user(source["user"]),
        language=str(source["languageCodeEnum" if is_order else "languageCode"] or ""),
        booked=charged,
    )


def _user(user: Mapping[str, Any] | None) -> Shopper | None:
    if user is None:
        return None
    return Shopper(user["id"], user["email"], user["isConfirmed"] is True, user["isActive"] is True)


def _caller(principal: Mapping[str, Any] | None) -> str | None:
    """Give the id of the user who calls. Apps and strangers are nobody."""
    return str(principal["id"]) if principal is not None and principal["__typename"] == "User" else None


def _id(named: Mapping[str, Any]) -> str:
    found = str(named["id"])
    if not 0 < len(found) <= ID_LENGTH_MAX:
        raise ValueError("an id of this length is none")
    return found


def _amount(told: Any) -> Decimal | None:
    if told is None:
        return None
    amount = Decimal(told)
    if not amount.is_finite() or abs(amount) >= _AMOUNT_MAX:
        raise ValueError("no amount of money")
    return amount
