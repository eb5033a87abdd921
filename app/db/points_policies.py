"""Stored versions of a store's policy, as the domain's values."""

from app.db.tables import PointsPolicyRow
from app.domain.expiry_policy import ExpiryPolicy, PolicyKind


def as_policy(row: PointsPolicyRow) -> ExpiryPolicy:
    """Turn a stored version into the domain's value."""
    return ExpiryPolicy(PolicyKind(row.kind), row.months, row.to_month_end, row.month, row.day, row.grace_days, row.time_zone)
