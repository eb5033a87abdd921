"""How Saleor asks a payment app and reads what it answers: synchronous webhooks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests

from tests.standins.saleor.apps import App, Apps
from tests.standins.saleor.calls import Call, call
from tests.standins.saleor.manifests import Webhook
from tests.standins.saleor.money import rounded

HANDLE_PAYMENTS = "HANDLE_PAYMENTS"
NOT_DELIVERED = "Failed to delivery request."
REFERENCE_NEEDED = frozenset(
    {f"{kind}_{outcome}" for kind in ("CHARGE", "AUTHORIZATION") for outcome in ("SUCCESS", "REQUEST")}
    | {"REFUND_SUCCESS", "CANCEL_SUCCESS"}
)
SESSION_RESULTS = frozenset(
    {
        f"{kind}_{outcome}"
        for kind in ("CHARGE", "AUTHORIZATION")
        for outcome in ("SUCCESS", "REQUEST", "FAILURE", "ACTION_REQUIRED")
    }
)


@dataclass(frozen=True)
class Verdict:
    """What the app's answer says. `result` is None where it will be reported later, `failure` why nobody could read it."""

    result: str | None = None
    psp_reference: str = ""
    amount: Decimal | None = None
    message: str = ""
    actions: Sequence[str] | None = None
    method: str = ""
    data: Any = None
    failure: str | None = None


@dataclass
class AskingApps:
    """Send signed webhooks that wait for an answer."""

    apps: Apps
    # Build the body of an event for an app, and sign it.
    body_of: Callable[[App, Webhook, str, Mapping[str, Any], Mapping[str, str] | None], bytes]
    headers_of: Callable[[str, bytes], Mapping[str, str]]
    call: Call = call
    # What was sent, in order: the event and the answer's status, 0 where none came.
    calls: list[tuple[str, int]] = field(default_factory=list)

    def active(self, identifier: str | None) -> App | None:
        return next((app for app in self.apps.installed.values() if app.is_active and app.identifier == identifier), None)

    def webhook(self, app: App | None, event: str) -> Webhook | None:
        """Return the webhook that hears `event`: none for an app that may not handle payments."""
        if app is None or not app.is_active or HANDLE_PAYMENTS not in app.permissions:
            return None
        return next((webhook for webhook in app.webhooks if webhook.is_active and event in webhook.sync_events), None)

    def ask(
        self, app: App, event: str, about: Mapping[str, Any], by: Mapping[str, str] | None
    ) -> tuple[int, Mapping[str, Any] | None]:
        """Return the status and the answer's JSON: 0 and None where there is no webhook, or no answer in time."""
        webhook = self.webhook(app, event)
        if webhook is None:
            return 0, None
        return self.send(webhook, event, self.body_of(app, webhook, event, about, by))

    def send(self, webhook: Webhook, event: str, body: bytes) -> tuple[int, Mapping[str, Any] | None]:
        """Send a body that is built already."""
        try:
            answer = self.call("POST", webhook.target_url, headers=self.headers_of(event, body), body=body)
        except requests.RequestException:
            self.calls.append((event, 0))
            return 0, None
        self.calls.append((event, answer.status_code))
        try:
            parsed = answer.json() if answer.status_code < 500 else None
        except requests.exceptions.JSONDecodeError:
            parsed = None
        return answer.status_code, parsed if isinstance(parsed, dict) else None


def read_session(answer: Mapping[str, Any] | None, currency: str) -> Verdict:
    """Read the answer to a session webhook."""
    if answer is None:
        return Verdict(failure=NOT_DELIVERED)
    if answer.get("result") not in SESSION_RESULTS:
        return Verdict(failure=f"Missing or invalid value for `result`: {answer.get('result')}.", data=answer.get("data"))
    return _read(answer, currency)


def read_action(answer: Mapping[str, Any] | None, kind: str, currency: str) -> Verdict:
    """Read the answer to a request: a reference alone says that the outcome is reported later."""
    if answer is None:
        return Verdict(failure=NOT_DELIVERED)
    if answer.get("result") not in (None, f"{kind}_SUCCESS", f"{kind}_FAILURE"):
        return Verdict(failure=f"Missing or invalid value for `result`: {answer['result']}.")
    if answer.get("result") is None and not answer.get("pspReference"):
        return Verdict(failure="Missing value for field: pspReference.")
    return _read(answer, currency)


def _read(answer: Mapping[str, Any], currency: str) -> Verdict:
    result, reference = answer.get("result"), answer.get("pspReference") or ""
    if result in REFERENCE_NEEDED and not reference:
        return Verdict(failure="Missing value for field: pspReference.", data=answer.get("data"))
    return Verdict(
        result=result,
        psp_reference=reference,
        amount=None if answer.get("amount") is None else rounded(answer["amount"], currency),
        message=(answer.get("message") or "")[:512],
        actions=answer.get("actions"),
        method=(answer.get("paymentMethodDetails") or {}).get("name", ""),
        data=answer.get("data"),
    )
