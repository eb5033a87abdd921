"""The card of the permissions: which feature needs which, whether the app has it, and a button that asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask import Blueprint, Response

from app.domain.permissions import NEEDED, Feature
from app.usecases.merchants.see_permissions import see_permissions
from app.usecases.services import Services
from app.web.merchant.authentication import Staff
from app.web.merchant.fragments import fragment
from app.web.merchant.settings.page import changer

_NAMES: Mapping[Feature, tuple[str, str]] = MappingProxyType(
    {
        Feature.EARNING: ("Points for orders", "reads orders and hears of them, and writes points and links on them"),
        Feature.ERASING: ("Erase deleted customers", "hears whom Saleor deleted"),
        Feature.SPENDING: ("Pay with points", "takes points at the checkout, and tells Saleor what was paid and given back"),
    }
)


@dataclass(frozen=True, slots=True)
class FeatureLine:
    """A line of the card. `missing` are the permissions to ask for; `lacked` those of them that the staff user does not have."""

    name: str
    why: str
    needed: tuple[str, ...]
    missing: tuple[str, ...]
    lacked: tuple[str, ...]


def add_routes(routes: Blueprint, services: Services) -> None:
    """Serve the content of the card. It comes after the page, because Saleor is asked."""

    @routes.get("/pages/settings/permissions")
    def permissions() -> Response:
        staff = changer(services)
        seen = see_permissions(services, staff.store_id)
        lines = [_line(feature, staff, seen.missing_for(feature)) for feature in seen.features]
        return fragment("permissions.html", staff, trouble=seen.trouble, lines=lines)


def _line(feature: Feature, staff: Staff, missing: tuple[str, ...]) -> FeatureLine:
    name, why = _NAMES[feature]
    lacked = tuple(permission for permission in missing if permission not in staff.user_permissions)
    return FeatureLine(name, why, NEEDED[feature], missing, lacked)
