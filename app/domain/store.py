"""What a store and its account can be."""

from enum import StrEnum


class StoreState(StrEnum):
    """ACTIVE: served. INACTIVE: switched off in Saleor. DELETED: uninstalled; the books are kept, the secrets are not."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DELETED = "deleted"


class DebtPolicy(StrEnum):
    """What happens when a refund asks for points that were spent. FLOOR: never below zero. NEGATIVE: at once, into debt."""

    FLOOR = "floor"
    NEGATIVE = "negative"


class ClaimLink(StrEnum):
    """What `points_claim_url` holds. OWN: our order link. DIRECT: the provider's claim URL, which cannot be withdrawn."""

    OWN = "own"
    DIRECT = "direct"


class AccountKind(StrEnum):
    """Where an account's points live."""

    EMBEDDED = "embedded"
    COGGINS = "coggins"
