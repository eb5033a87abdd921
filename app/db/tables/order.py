"""What is known of one Saleor order."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from app.db.columns import BigId, OrderNumber, UtcTime

_WAITS = text("look_at IS NOT NULL")
_LEASED = text("lease_token IS NOT NULL")
_TROUBLED = text("problem_code IS NOT NULL")
_WAITS_FOR_LANE = text("waits_lane IS NOT NULL")
_IS_SHORT = text("shortfall > 0")
_DRIFTING = text("due <> granted AND problem_code IS NULL")
# The problems that do not end by themselves.
PROBLEMS_OF_PEOPLE = (
    *("no_email", "nothing_there", "shown_not_taken", "taker_unknown", "refused", "for_staff", "too_many", "doubt", "gone"),
)
# Queries repeat these very words, so that the index serves them.
NEEDS_A_PERSON = text(f"problem_code IN ({', '.join(repr(code) for code in PROBLEMS_OF_PEOPLE)})")
_HAS_PROBLEM = text("problem IS NOT NULL")


class OrderRow(SQLModel, table=True):
    """An order: when to look at it next, what it looked like, what is due and granted, and what stands in the way."""

    __tablename__ = "order"
    __table_args__ = (
        UniqueConstraint("store_id", "saleor_order_id", name="order_of_store"),
        # Only waiting orders are in it, so finding work costs the same after years of history.
        Index("order_waiting", "store_id", "look_at", sqlite_where=_WAITS, postgresql_where=_WAITS),
        Index("order_leased", "lease_token", sqlite_where=_LEASED, postgresql_where=_LEASED),
        # The few that somebody should know of.
        Index("order_with_problem", "store_id", "id", sqlite_where=_TROUBLED, postgresql_where=_TROUBLED),
        # Woken by what they wait for: the end of another change, or a balance that rises.
        Index("order_waiting_for_lane", "waits_lane", sqlite_where=_WAITS_FOR_LANE, postgresql_where=_WAITS_FOR_LANE),
        Index("order_short", "store_id", "email_key", sqlite_where=_IS_SHORT, postgresql_where=_IS_SHORT),
        Index("order_drifting", "store_id", sqlite_where=_DRIFTING, postgresql_where=_DRIFTING),
        Index("order_needs_a_person", "store_id", "id", sqlite_where=NEEDS_A_PERSON, postgresql_where=NEEDS_A_PERSON),
        # What the merchant's lists ask, each newest first and paged by (placed_at, id).
        Index("order_by_placed", "store_id", "placed_at", "id"),
        Index("order_by_status", "store_id", "status", "placed_at", "id"),
        Index(
            "order_placed_with_problem", "store_id", "placed_at", "id", sqlite_where=_HAS_PROBLEM, postgresql_where=_HAS_PROBLEM
        ),
        Index("order_by_email", "store_id", "email_key", "placed_at", "id"),
        Index("order_by_number", "store_id", "number"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    store_id: int = Field(foreign_key="store.id", sa_type=BigId)
    saleor_order_id: str = Field(max_length=128)

    # Waking: look_at is when to look, wakes counts the calls to look, told_at is the newest updatedAt anybody told.
    look_at: datetime | None = Field(default=None, sa_type=UtcTime)
    wakes: int = 0
    told_at: datetime | None = Field(default=None, sa_type=UtcTime)

    # The lease of the worker that has the order in hand.
    lease_token: str | None = Field(default=None, max_length=32)
    lease_until: datetime | None = Field(default=None, sa_type=UtcTime)

    # The last read: read_at is Saleor's updatedAt, read_facts the values that a webhook is compared with.
    read_at: datetime | None = Field(default=None, sa_type=UtcTime)
    read_facts: str | None = Field(default=None, max_length=1024)
    snapshot: str | None = None
    number: str | None = Field(default=None, sa_type=OrderNumber)
    # When the shopper placed it, by Saleor's clock; until the first read, when we heard of it.
    placed_at: datetime | None = Field(default=None, sa_type=UtcTime)
    email: str | None = Field(default=None, max_length=320)
    email_key: str | None = Field(default=None, max_length=320)
    # The language in which it was placed, such as `de` or `pt-BR`. No points depend on it.
    language: str | None = Field(default=None, max_length=16)

    # The decision.
    rule_id: int | None = Field(default=None, foreign_key="rule.id", sa_type=BigId)
    # The version of the arithmetic that first settled it. None: not settled yet, or by an app that knew only the first.
    arithmetic: int | None = None
    moment_at: datetime | None = Field(default=None, sa_type=UtcTime)
    due: int = Field(default=0, sa_type=BigId)
    granted: int = Field(default=0, sa_type=BigId)
    because: str | None = Field(default=None, max_length=32)
    # The word that stands on the order in Saleor, as `domain/status.py` chose it at the last look.
    status: str | None = Field(default=None, max_length=16)
    # Of the metadata that the order should have, as `domain/status.py` makes it; a sweep compares it with what the order has.
    metadata_hash: str | None = Field(
        default=None, max_length=16, sa_column_kwargs={"name": "words_mark", "key": "metadata_hash"}
    )
    shortfall: int = Field(default=0, sa_type=BigId)
    shortfall_since: datetime | None = Field(default=None, sa_type=UtcTime)

    # What stands in the way, for the merchant. What the provider refused is not asked again unchanged.
    problem_code: str | None = Field(default=None, max_length=64)
    problem: str | None = Field(default=None, max_length=1024)
    refused_step: str | None = Field(default=None, max_length=512)
    # The lane in which another change of the same customer is under way; its end wakes this order.
    waits_lane: str | None = Field(default=None, max_length=64)
    failures: int = 0
    created_at: datetime = Field(sa_type=UtcTime)
    # Since then nobody's: the address here is made up, and stays whatever Saleor says.
    erased_at: datetime | None = Field(default=None, sa_type=UtcTime)
