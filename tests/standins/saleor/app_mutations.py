"""What an app may change of itself with its own token: its webhooks and its problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.standins.saleor.apps import App, Problem
from tests.standins.saleor.manifests import Webhook, subscription_refusal
from tests.standins.saleor.orders import new_id

PROBLEMS_MAX = 100
MESSAGE_MAX = 2048


@dataclass(frozen=True)
class AppMutations:
    """Serve the mutations; `caller` returns the app that asks, or refuses."""

    caller: Callable[[], App]

    def root(self) -> dict[str, Callable[..., Any]]:
        return {
            "webhookCreate": self.create_webhook,
            "webhookUpdate": self.update_webhook,
            "webhookDelete": self.delete_webhook,
            "appProblemCreate": self.create_problem,
            "appProblemDismiss": self.dismiss_problems,
        }

    def create_webhook(self, _info: Any, **args: Any) -> dict[str, Any]:
        app, wanted = self.caller(), args["input"]
        webhook = _changed(Webhook(new_id("Webhook"), "", "", "", ()), wanted)
        refusal = subscription_refusal(webhook.query)
        if refusal is not None:
            return _refused("query", "INVALID", refusal)
        app.webhooks.append(webhook)
        return {"errors": [], "webhook": webhook_fields(webhook)}

    def update_webhook(self, _info: Any, **args: Any) -> dict[str, Any]:
        app = self.caller()
        for index, webhook in enumerate(app.webhooks):
            if webhook.id == args.get("id"):
                changed = _changed(webhook, args["input"])
                refusal = subscription_refusal(changed.query)
                if refusal is not None:
                    return _refused("query", "INVALID", refusal)
                app.webhooks[index] = changed
                return {"errors": [], "webhook": webhook_fields(changed)}
        return _refused("id", "NOT_FOUND", "Couldn't resolve to a node.")

    def delete_webhook(self, _info: Any, **args: Any) -> dict[str, Any]:
        app = self.caller()
        for webhook in app.webhooks:
            if webhook.id == args.get("id"):
                app.webhooks.remove(webhook)
                return {"errors": [], "webhook": webhook_fields(webhook)}
        return _refused("id", "NOT_FOUND", "Couldn't resolve to a node.")

    def create_problem(self, _info: Any, **args: Any) -> dict[str, Any]:
        """Count the same key up and replace its message; the oldest of a hundred others goes."""
        app, wanted = self.caller(), args["input"]
        key, message = wanted["key"], wanted["message"]
        if not 3 <= len(key) <= 128 or len(message) < 3:
            error = {"field": "key", "code": "INVALID", "message": "A key has 3 to 128 characters, a message 3 or more."}
            return {"appProblem": None, "errors": [error]}
        old = app.problems.pop(key, None)
        count = 1 if old is None else old.count + 1
        threshold = wanted.get("criticalThreshold")
        problem = Problem(new_id("AppProblem"), key, message[:MESSAGE_MAX], count, threshold is not None and count >= threshold)
        while len(app.problems) >= PROBLEMS_MAX:
            del app.problems[next(iter(app.problems))]
        app.problems[key] = problem
        return {"appProblem": _problem_fields(problem), "errors": []}

    def dismiss_problems(self, _info: Any, **args: Any) -> dict[str, Any]:
        app = self.caller()
        wanted = args["input"].get("byApp") or {}
        for problem in list(app.problems.values()):
            if problem.key in (wanted.get("keys") or ()) or problem.id in (wanted.get("ids") or ()):
                del app.problems[problem.key]
        return {"errors": []}


def app_fields(app: App) -> dict[str, Any]:
    """Return the app as the schema knows it."""
    return {
        "__typename": "App",
        "id": app.id,
        "name": app.name,
        "identifier": app.identifier,
        "manifestUrl": app.manifest_url,
        "version": app.version,
        "isActive": app.is_active,
        "permissions": [{"code": code, "name": code} for code in app.permissions],
        "webhooks": [webhook_fields(webhook) for webhook in app.webhooks],
        "problems": [_problem_fields(problem) for problem in app.problems.values()],
    }


def webhook_fields(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "name": webhook.name,
        "targetUrl": webhook.target_url,
        "isActive": webhook.is_active,
        "asyncEvents": [{"name": event, "eventType": event} for event in webhook.events],
        "syncEvents": [{"name": event, "eventType": event} for event in webhook.sync_events],
        "subscriptionQuery": webhook.query,
    }


def _problem_fields(problem: Problem) -> dict[str, Any]:
    return {
        "id": problem.id,
        "key": problem.key,
        "message": problem.message,
        "count": problem.count,
        "isCritical": problem.is_critical,
    }


def _changed(webhook: Webhook, wanted: Mapping[str, Any]) -> Webhook:
    return replace(
        webhook,
        name=wanted.get("name", webhook.name),
        target_url=wanted.get("targetUrl", webhook.target_url),
        query=wanted.get("query", webhook.query),
        events=tuple(wanted.get("asyncEvents", webhook.events)),
        sync_events=tuple(wanted.get("syncEvents", webhook.sync_events)),
        is_active=wanted.get("isActive", webhook.is_active),
    )


def _refused(field: str, code: str, message: str) -> dict[str, Any]:
    return {"errors": [{"field": field, "code": code, "message": message}], "webhook": None}
