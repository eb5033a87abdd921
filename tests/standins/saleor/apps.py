"""The apps installed in a Saleor, and how it installs one."""

import itertools
import json
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.standins.saleor.calls import Call, call
from tests.standins.saleor.manifests import Webhook, refusal_of, webhooks_of
from tests.standins.saleor.orders import global_id

TOKEN_ALPHABET = string.ascii_letters + string.digits
NO_CONNECTION = "Failed to connect to app. Try later or contact with app support."


@dataclass(frozen=True)
class InstallResult:
    """What the merchant sees of an installation; id and token are None when it failed."""

    ok: bool
    message: str
    app_id: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Problem:
    """What an app told the merchant about itself."""

    id: str
    key: str
    message: str
    count: int
    is_critical: bool


@dataclass
class App:
    id: str
    identifier: str
    name: str
    version: str
    token: str
    permissions: tuple[str, ...]
    webhooks: list[Webhook]
    manifest: Mapping[str, Any]
    manifest_url: str | None = None
    is_active: bool = True
    is_removed: bool = False
    problems: dict[str, Problem] = field(default_factory=dict)


@dataclass
class Apps:
    """Install, pause and remove apps; `told` is called with an app's own lifecycle events."""

    told: Callable[[App, str], None]
    api_url: Callable[[], str]
    call: Call = call
    installed: dict[str, App] = field(default_factory=dict)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def install(
        self, manifest_url: str, schema_version: str = "3.24", *, permissions: Sequence[str] | None = None
    ) -> InstallResult:
        """Fetch the manifest, judge it, make the app and hand it its token; undo all when it refuses.

        Staff grant the permissions, by default those that the manifest asks for.
        """
        headers = self._headers(schema_version)
        try:
            answer = self.call("GET", manifest_url, headers=headers)
            manifest = answer.json() if answer.status_code == 200 else None
        except requests.exceptions.JSONDecodeError:
            return InstallResult(ok=False, message="Incorrect JSON structure of the manifest.")
        except requests.RequestException:
            return InstallResult(ok=False, message=NO_CONNECTION)
        if not isinstance(manifest, dict):
            return InstallResult(ok=False, message=f"Can't fetch manifest data ({answer.status_code}).")
        taken = [app.identifier for app in self.installed.values() if not app.is_removed]
        refusal = refusal_of(manifest, schema_version, taken)
        if refusal is not None:
            return InstallResult(ok=False, message=refusal)
        app = self._new(manifest, manifest_url, permissions)
        refusal = self._hand_token(app, headers)
        if refusal is not None:
            del self.installed[app.id]
            return InstallResult(ok=False, message=refusal)
        return InstallResult(ok=True, message="", app_id=app.id, token=app.token)

    def create(self, name: str, *permissions: str, identifier: str | None = None) -> App:
        """Make an app by hand, as staff do: without a manifest, with any identifier that no other app has."""
        manifest = {"id": identifier or f"by hand {name}", "name": name, "version": ""}
        return self._new(manifest, None, permissions)

    def uninstall(self, app_id: str) -> None:
        """Remove the app: its token is dead at once, and it is still told APP_DELETED."""
        app = self.installed[app_id]
        app.is_active, app.is_removed = False, True
        self.told(app, "APP_DELETED")

    def deactivate(self, app_id: str) -> None:
        self._switch(app_id, is_active=False)

    def activate(self, app_id: str) -> None:
        self._switch(app_id, is_active=True)

    def permit(self, app_id: str, *permissions: str) -> None:
        """Give the app these permissions and no others. It counts at once, and the app is told APP_UPDATED."""
        app = self.installed[app_id]
        app.permissions = permissions
        self.told(app, "APP_UPDATED")

    def revoke_token(self, app_id: str) -> None:
        """Delete the app's token without a word to it."""
        self.installed[app_id].token = _new_token()

    def holding(self, token: str | None) -> App | None:
        """Return the active app that `token` belongs to."""
        owners = (app for app in self.installed.values() if app.is_active and app.token == token)
        return next(owners, None)

    def _switch(self, app_id: str, *, is_active: bool) -> None:
        app = self.installed[app_id]
        app.is_active = is_active
        self.told(app, "APP_STATUS_CHANGED")

    def _new(self, manifest: Mapping[str, Any], manifest_url: str | None, permissions: Sequence[str] | None) -> App:
        app = App(
            id=global_id("App", next(self.numbers)),
            identifier=manifest["id"],
            name=manifest["name"],
            version=manifest["version"],
            token=_new_token(),
            permissions=tuple(manifest.get("permissions", ()) if permissions is None else permissions),
            webhooks=webhooks_of(manifest),
            manifest=manifest,
            manifest_url=manifest_url,
        )
        self.installed[app.id] = app
        return app

    def _hand_token(self, app: App, headers: Mapping[str, str]) -> str | None:
        """Post the token; return why the installation fails, or None."""
        target = app.manifest.get("tokenTargetUrl")
        if target is None:
            return None
        domain = urlsplit(self.api_url()).netloc
        told = {
            **headers,
            "Content-Type": "application/json",
            "X-Saleor-Domain": domain,
            "Saleor-Domain": domain,
            "Saleor-Api-Url": self.api_url(),
        }
        body = json.dumps({"auth_token": app.token}).encode()
        try:
            answer = self.call("POST", target, headers=told, body=body)
        except requests.RequestException:
            return NO_CONNECTION
        return None if answer.status_code < 400 else _message_of(answer)

    @staticmethod
    def _headers(schema_version: str) -> dict[str, str]:
        return {"User-Agent": f"Saleor/{schema_version}", "Saleor-Schema-Version": schema_version}


def _new_token() -> str:
    return "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(30))


def _message_of(answer: requests.Response) -> str:
    """Return what the merchant reads: the app's own sentence where it has one."""
    try:
        return str(answer.json()["error"]["message"])
    except (requests.exceptions.JSONDecodeError, KeyError, TypeError):
        return f"App internal error ({answer.status_code}). Try later or contact with app support."
