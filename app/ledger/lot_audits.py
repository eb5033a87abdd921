"""Questions that recompute lots: what is left of them, that they fit into the balance, and that what ran out was in them."""

from app.ledger.audit import Audit

LOT_AUDITS = (
    Audit(
        "points_customer",
        """
        SELECT l.id, l.points, l.points_left, coalesce(sum(u.points), 0) AS used FROM points_lot AS l
        JOIN points_customer AS c ON c.id = l.customer_id LEFT JOIN points_lot_use AS u ON u.lot_id = l.id
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until
        GROUP BY l.id, l.points, l.points_left HAVING l.points_left <> l.points + coalesce(sum(u.points), 0)""",
        "lot {id}: {points} points, {points_left} left; its uses add up to {used}",
    ),
    Audit(
        "points_customer",
        """
        SELECT c.id, c.available, sum(l.points_left) AS held FROM points_customer AS c
        JOIN points_lot AS l ON l.customer_id = c.id AND l.points_left > 0
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until
        GROUP BY c.id, c.available HAVING sum(l.points_left) > CASE WHEN c.available > 0 THEN c.available ELSE 0 END""",
        "customer {id}: lots hold {held} points, and the balance is {available}",
    ),
    # An entry takes no more from lots than it took, and what ran out was all in lots.
    Audit(
        "points_customer",
        """
        SELECT e.id, e.kind, e.amount, coalesce(sum(u.points), 0) AS used FROM points_entry AS e
        JOIN points_customer AS c ON c.id = e.customer_id
        LEFT JOIN points_lot_use AS u ON u.entry_id = e.id
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until AND c.active_at IS NOT NULL
        GROUP BY e.id, e.kind, e.amount
        HAVING (e.kind = 'expire' AND e.amount <> coalesce(sum(u.points), 0))
            OR (e.amount < 0 AND coalesce(sum(u.points), 0) < e.amount)
            OR (e.amount > 0 AND coalesce(sum(u.points), 0) > e.amount)
            OR (e.amount < 0 AND coalesce(sum(u.points), 0) > 0) OR (e.amount > 0 AND coalesce(sum(u.points), 0) < 0)""",
        "entry {id}, {kind}: {amount} points; its uses of lots add up to {used}",
    ),
    Audit(
        "points_customer",
        """
        SELECT u.id, u.lot_id, l.customer_id, e.customer_id AS used_by FROM points_lot_use AS u
        JOIN points_lot AS l ON l.id = u.lot_id JOIN points_entry AS e ON e.id = u.entry_id
        JOIN points_customer AS c ON c.id = l.customer_id
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until AND e.customer_id <> l.customer_id""",
        "use {id} of lot {lot_id}: the lot is of customer {customer_id}, the entry of customer {used_by}",
    ),
)
