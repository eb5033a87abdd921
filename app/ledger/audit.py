"""Questions that recompute the embedded points: each finds the rows that differ, among a range of rows of one store."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

# Rows looked at in one statement. Each statement sees one moment, so others can write the books between two of them.
RANGE = 5000


@dataclass(frozen=True, slots=True)
class Audit:
    """Something that must hold of the rows of `table`. `differing` finds rows of which it does not hold; `sentence` says so."""

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
    """Give a sentence for each row of the range that differs."""
    values: dict[str, Any] = {"store_id": store_id, "after": within.after, "until": within.until}
    return [audit.sentence.format(**row) for row in session.connection().execute(text(audit.differing), values).mappings()]


# What must hold of the embedded points, whoever moved them.
LEDGER_AUDITS = (
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
        "points_spend",
        """
        SELECT s.id, s.points, s.given_back,
            coalesce(-sum(CASE WHEN e.kind = 'spend' AND e.customer_id = s.customer_id THEN e.amount END), 0) AS paid,
            coalesce(sum(CASE WHEN e.kind = 'give_back' AND c.store_id = s.store_id THEN e.amount END), 0) AS returned
        FROM points_spend AS s LEFT JOIN points_entry AS e ON e.spend_id = s.id
        LEFT JOIN points_customer AS c ON c.id = e.customer_id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
        GROUP BY s.id, s.points, s.given_back
        HAVING s.points <> coalesce(-sum(CASE WHEN e.kind = 'spend' AND e.customer_id = s.customer_id THEN e.amount END), 0)
            OR s.given_back <> coalesce(sum(CASE WHEN e.kind = 'give_back' AND c.store_id = s.store_id THEN e.amount END), 0)
            OR s.given_back > s.points""",
        "spend {id}: {points} points, {given_back} given back; its entries took {paid} and gave back {returned}",
    ),
    Audit(
        "customer_move",
        """
        SELECT m.id, coalesce(sum(e.amount), 0) AS sum, coalesce(sum(e.used), 0) AS sum_used FROM customer_move AS m
        LEFT JOIN points_entry AS e ON e.move_id = m.id
        WHERE m.store_id = :store_id AND m.id > :after AND m.id <= :until
        GROUP BY m.id HAVING coalesce(sum(e.amount), 0) <> 0 OR coalesce(sum(e.used), 0) <> 0""",
        "move {id} of a customer: its entries add up to {sum} available and {sum_used} used, and not to nothing",
    ),
    Audit(
        "customer_move",
        """
        SELECT m.id, m.points, coalesce(sum(e.amount), 0) AS sum FROM customer_move AS m
        JOIN account AS a ON a.id = m.account_id AND a.kind = 'embedded'
        LEFT JOIN points_customer AS c ON c.store_id = m.store_id AND c.email_key = m.from_key
        LEFT JOIN points_entry AS e ON e.move_id = m.id AND e.customer_id = c.id
        WHERE m.store_id = :store_id AND m.id > :after AND m.id <= :until AND m.state = 'done'
        GROUP BY m.id, m.points HAVING m.points <> -coalesce(sum(e.amount), 0)""",
        "move {id} of a customer: {points} points; the entries of the old address add up to {sum}",
    ),
    Audit(
        "customer_move",
        """
        SELECT m.id, m.points, m.state, coalesce(sum(v.points), 0) AS sum,
            coalesce(sum(CASE WHEN v.kind = 'debit' THEN v.points END), 0) AS taken
        FROM customer_move AS m JOIN account AS a ON a.id = m.account_id AND a.kind <> 'embedded'
        LEFT JOIN movement AS v ON v.cause_kind = 'move' AND v.cause_id = m.id AND v.state = 'accepted'
        WHERE m.store_id = :store_id AND m.id > :after AND m.id <= :until
        GROUP BY m.id, m.points, m.state HAVING
            (m.state IN ('done', 'refused') AND coalesce(sum(v.points), 0) <> 0)
            OR (m.state IN ('in_transit', 'returning') AND coalesce(sum(v.points), 0) <> -m.points)
            OR (m.state <> 'taking' AND coalesce(sum(CASE WHEN v.kind = 'debit' THEN v.points END), 0) <> -m.points)""",
        "move {id} of a customer, {state}: {points} points; its accepted movements took {taken} and add up to {sum}",
    ),
)
