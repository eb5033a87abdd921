"""Which feature of the app needs which Saleor permissions, and which the app has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Feature(StrEnum):
    """What the app can do, as far as Saleor's permissions tell features apart."""

    EARNING = "earning"
    ERASING = "erasing"
    SPENDING = "spending"
    GIFT_CARD_REWARDS = "gift card rewards"
    VOUCHER_REWARDS = "voucher rewards"


# Saleor's own names. The permission of EARNING is in the manifest; the others are asked for when a merchant wants the feature.
NEEDED: Mapping[Feature, tuple[str, ...]] = MappingProxyType(
    {
        Feature.EARNING: ("MANAGE_ORDERS",),
        Feature.ERASING: ("MANAGE_USERS",),
        Feature.SPENDING: ("HANDLE_PAYMENTS",),
        Feature.GIFT_CARD_REWARDS: ("MANAGE_GIFT_CARD",),
        Feature.VOUCHER_REWARDS: ("MANAGE_DISCOUNTS",),
    }
)


@dataclass(frozen=True, slots=True)
class AppPermissions:
    """The permissions that the app had in a Saleor at `asked_at`, and the features that this Saleor can serve.

    `trouble` says why they are not known.
    """

    granted: frozenset[str]
    features: tuple[Feature, ...]
    asked_at: datetime
    trouble: str = ""

    def missing_for(self, feature: Feature) -> tuple[str, ...]:
        """Give the permissions that a feature needs and the app does not have."""
        return tuple(permission for permission in NEEDED[feature] if permission not in self.granted)

    @property
    def is_complete(self) -> bool:
        """Tell whether the app has all permissions that its features need."""
        return not any(self.missing_for(feature) for feature in self.features)
