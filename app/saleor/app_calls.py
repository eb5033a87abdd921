"""What is asked of a Saleor about the app itself: its id and permissions, its webhooks, and the problems that it shows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app.errors import NotASaleor, SaleorFault, SaleorRefused
from app.saleor.mutations import require_done
from app.saleor.own_app import NOT_ACCEPTED, OwnApp, parse_own_app
from app.saleor.webhooks import Change, ChangeKind, Webhook


class AppCalls:
    """The calls of one client. `execute` sends an operation to a Saleor: API URL, token, operation, variables.

    `execute_timed` gives beside the data what Saleor's clock said then.
    """

    def __init__(
        self,
        execute: Callable[..., dict[str, Any]],
        execute_timed: Callable[..., tuple[dict[str, Any], datetime | None]],
    ) -> None:
        self._execute = execute
        self._execute_timed = execute_timed

    def own(self, api_url: str, token: str) -> OwnApp:
        """Ask the Saleor which app this token belongs to.

        Raises NotASaleor when the answer names no app, SaleorUnreachable when there is none.
        """
        try:
            app = self._named(api_url, token)
        except (SaleorRefused, SaleorFault):
            app = None
        if app is None:
            raise NotASaleor(
                f"{api_url} does not know the token that was sent with this installation. "
                "Check that PUBLIC_URL of Saleor's API and worker is this Saleor's own address."
            )
        return app

    def own_id(self, api_url: str, token: str) -> str:
        """Ask for the id alone. Raises as `own` does."""
        return self.own(api_url, token).id

    def permissions(self, api_url: str, token: str) -> frozenset[str]:
        """Ask which permissions the app has.

        Raises SaleorRefused when the token is not accepted, SaleorUnreachable, SaleorBusy or SaleorFault.
        """
        app = self._named(api_url, token)
        if app is None:
            raise SaleorRefused(NOT_ACCEPTED)
        return app.permissions

    def is_token_in_use(self, api_url: str, token: str) -> bool:
        """Ask the Saleor whether it still accepts a token.

        Raises SaleorUnreachable, SaleorBusy or SaleorFault when it says neither yes nor no.
        """
        try:
            return self._named(api_url, token) is not None
        except SaleorRefused:
            return False

    def _named(self, api_url: str, token: str) -> OwnApp | None:
        data, saleor_time = self._execute_timed(api_url, token, "own_app", {})
        return parse_own_app(data.get("app"), saleor_time)

    def create_problem(self, api_url: str, token: str, key: str, message: str) -> None:
        """Tell the merchant, under Extensions, what is wrong with the app.

        Raises SaleorFault where this Saleor knows no such thing, SaleorRefused when it does not take it.
        """
        require_done(
            "app_problem_create",
            self._execute(api_url, token, "app_problem_create", {"input": {"key": key, "message": message}}),
        )

    def dismiss_problems(self, api_url: str, token: str, keys: Sequence[str]) -> None:
        """Take back what was told under these keys."""
        require_done("app_problem_dismiss", self._execute(api_url, token, "app_problem_dismiss", {"keys": list(keys)}))

    def webhooks(self, api_url: str, token: str) -> list[Webhook]:
        """Read the app's webhooks as this Saleor has them."""
        app = self._execute(api_url, token, "own_webhooks", {}).get("app")
        try:
            return [
                Webhook(
                    name=hook["name"],
                    target_url=hook["targetUrl"],
                    query=hook["subscriptionQuery"] or "",
                    events=frozenset(event["eventType"] for event in hook["asyncEvents"]),
                    sync_events=frozenset(event["eventType"] for event in hook["syncEvents"]),
                    id=hook["id"],
                )
                for hook in (app or {})["webhooks"]
            ]
        except (KeyError, TypeError) as error:
            raise SaleorFault("Saleor does not show the app's webhooks.") from error

    def change_webhook(self, api_url: str, token: str, change: Change) -> None:
        """Create, update or delete one of the app's own webhooks: its token allows it.

        Raises SaleorRefused when Saleor does not do it.
        """
        webhook = change.webhook
        told = {
            "name": webhook.name,
            "targetUrl": webhook.target_url,
            "query": webhook.query,
            "asyncEvents": sorted(webhook.events),
            "syncEvents": sorted(webhook.sync_events),
        }
        variables: dict[str, Any] = {} if webhook.id is None else {"id": webhook.id}
        if change.kind is not ChangeKind.DELETE:
            variables["input"] = told
        data = self._execute(api_url, token, f"webhook_{change.kind}", variables)
        answer = next(iter(data.values()), None)
        if not isinstance(answer, dict) or answer.get("errors"):
            raise SaleorRefused(f"Saleor did not {change.kind} the webhook {webhook.name}.")
