"""Questions that recompute the books: each finds the rows that differ, among a range of rows of one store."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

# Rows looked at in one statement: each is a moment of its own, so the books may go on being written meanwhile.
RANGE = 5000


@dataclass(frozen=True, slots=True)
class Audit:
    """Rows of `table`, and what must hold of them. `differing` finds those of which it does not; `sentence` says so."""

    table: str
    differing: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Range:
    """The rows of a store from one id, not included, to another."""

    after: int
    until: int
    rows: int


def next_range(session: Session, table: str, store_id: int, after: int, *, limit: int = RANGE) -> Range | None:
    """Give the store's next rows that can be looked at in one statement; None when there are no more."""
    query = text(
        f'SELECT count(*), max(id) FROM (SELECT id FROM "{table}"'  # noqa: S608 - the table is one of ours
        " WHERE store_id = :store_id AND id > :after ORDER BY id LIMIT :limit) AS next"
    )
    rows, until = session.connection().execute(query, {"store_id": store_id, "after": after, "limit": limit}).one()
    return Range(after, until, rows) if rows else None


def differing(session: Session, audit: Audit, store_id: int, within: Range) -> list[str]:
    """Say of each row of the range that differs, how."""
    values: dict[str, Any] = {"store_id": store_id, "after": within.after, "until": within.until}
    return [audit.sentence.format(**row) for row in session.connection().execute(text(audit.differing), values).mappings()]


AUDITS = (
    Audit(
        "points_customer",
        """
        SELECT c.id, c.available, c.used, coalesce(sum(e.amount), 0) AS sum, coalesce(sum(e.used), 0) AS sum_used
        FROM points_customer AS c LEFT JOIN points_entry AS e ON e.customer_id = c.id
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until
        GROUP BY c.id, c.available, c.used
        HAVING c.available <> coalesce(sum(e.amount), 0) OR c.used <> coalesce(sum(e.used), 0)""",
        "customer {id}: {available} available and {used} used; the entries add up to {sum} and {sum_used}",
    ),
    Audit(
        "points_customer",
        """
        SELECT id, customer_id, available_after, used_after, sum, sum_used FROM (
            SELECT e.id, e.customer_id, e.available_after, e.used_after,
                sum(e.amount) OVER w AS sum, sum(e.used) OVER w AS sum_used
            FROM points_entry AS e JOIN points_customer AS c ON c.id = e.customer_id
            WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until
            WINDOW w AS (PARTITION BY e.customer_id ORDER BY e.id)
        ) AS running WHERE available_after <> sum OR used_after <> sum_used""",
        "entry {id} of customer {customer_id}: leaves {available_after} available and {used_after} used;"
        " the entries up to it add up to {sum} and {sum_used}",
    ),
    Audit(
        "points_claim",
        """
        SELECT p.id, p.state, p.amount, p.customer_id, e.amount AS given, e.customer_id AS given_to
        FROM points_claim AS p
        LEFT JOIN points_entry AS e ON e.claim_id = p.id LEFT JOIN points_customer AS c ON c.id = e.customer_id
        WHERE p.store_id = :store_id AND p.id > :after AND p.id <= :until AND (
            (p.state = 'taken') <> (e.id IS NOT NULL) OR e.amount <> p.amount
            OR e.customer_id <> p.customer_id OR c.store_id <> p.store_id)""",
        "claim {id}: {state}, {amount} points, customer {customer_id}; its entry gave {given} points to customer {given_to}",
    ),
    Audit(
        "order",
        """
        SELECT o.id, o.number, o.granted, coalesce(sum(m.points), 0) AS sum
        FROM "order" AS o LEFT JOIN movement AS m ON m.order_id = o.id AND m.state = 'accepted'
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until
        GROUP BY o.id, o.number, o.granted HAVING o.granted <> coalesce(sum(m.points), 0)""",
        "order {id}, number {number}: {granted} granted; the accepted movements add up to {sum}",
    ),
    Audit(
        "order",
        """
        SELECT k.id, k.order_id, k.points, sum(m.points) AS sum FROM claim AS k
        JOIN "order" AS o ON o.id = k.order_id
        JOIN movement AS m ON m.order_id = k.order_id AND m.state = 'accepted' AND m.kind IN ('claim', 'void')
            AND (m.id = k.id OR m.target_id = k.id)
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until
        GROUP BY k.id, k.order_id, k.points HAVING k.points <> sum(m.points)""",
        "claim {id} of order {order_id}: {points} points; the accepted movements add up to {sum}",
    ),
    Audit(
        "order",
        """
        SELECT k.id, k.order_id, k.points, p.amount FROM claim AS k
        JOIN "order" AS o ON o.id = k.order_id
        JOIN account AS a ON a.id = k.account_id AND a.kind = 'embedded'
        LEFT JOIN points_claim AS p ON p.token_mark = k.token_mark
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until AND (p.id IS NULL OR p.amount <> k.points)
            AND NOT EXISTS (SELECT 1 FROM movement AS m WHERE m.order_id = o.id AND m.state = 'sending')""",
        "claim {id} of order {order_id}: {points} points; the ledger's claim is worth {amount}",
    ),
    Audit(
        "order",
        """
        SELECT m.id, m.order_id, m.points, e.amount FROM movement AS m
        JOIN account AS a ON a.id = m.account_id AND a.kind = 'embedded'
        LEFT JOIN points_entry AS e ON e.request_id = m.id
        WHERE m.store_id = :store_id AND m.order_id > :after AND m.order_id <= :until
            AND m.kind IN ('credit', 'debit') AND m.state = 'accepted' AND (e.id IS NULL OR e.amount <> m.points)""",
        "movement {id} of order {order_id}: {points} points; its entry in the ledger says {amount}",
    ),
)
