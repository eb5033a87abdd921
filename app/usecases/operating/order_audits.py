"""Questions that recompute what orders were granted: against movements, claims and the ledger."""

from app.ledger.audit import Audit

ORDER_AUDITS = (
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
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until
            AND (p.id IS NULL OR (p.amount <> k.points AND k.state <> 'expired' AND p.state <> 'expired'))
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
    # What ran out is what the claim held then, less what staff had taken of the order before. It holds that still, or one change
    # has taken the whole off it.
    Audit(
        "order",
        """
        SELECT g.id, g.order_id, g.of_points + g.of_gifts AS gone, k.points, k.state FROM gone AS g
        JOIN "order" AS o ON o.id = g.order_id
        JOIN claim AS k ON k.id = g.claim_id
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until
            AND (k.order_id <> g.order_id OR k.state <> 'expired' OR NOT EXISTS (
                SELECT 1 FROM (
                    SELECT k.points AS held UNION ALL
                    SELECT -m.points FROM movement AS m WHERE k.points = 0 AND m.order_id = k.order_id AND m.target_id = k.id
                        AND m.kind = 'void' AND m.state = 'accepted'
                ) AS holds WHERE holds.held - g.of_points - g.of_gifts BETWEEN 0 AND (
                    SELECT coalesce(sum(t.of_points + t.of_gifts), 0) FROM gone AS t
                    WHERE t.order_id = g.order_id AND t.adjustment_id IS NOT NULL)))""",
        "points gone {id} of order {order_id}: {gone} ran out; the claim is {state} and holds {points}",
    ),
    Audit(
        "order",
        """
        SELECT g.id, g.order_id, g.of_points + g.of_gifts AS gone, a.points FROM gone AS g
        JOIN "order" AS o ON o.id = g.order_id
        JOIN adjustment AS a ON a.id = g.adjustment_id
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until
            AND (a.order_id IS NULL OR a.order_id <> g.order_id OR g.of_points + g.of_gifts > -a.points)""",
        "points gone {id} of order {order_id}: {gone} taken by staff; what they asked for was {points}",
    ),
    Audit(
        "order",
        """
        SELECT o.id, o.number, sum(g.of_gifts) AS gone, (SELECT coalesce(sum(a.points), 0) FROM adjustment AS a
            WHERE a.order_id = o.id AND a.points > 0) AS given
        FROM "order" AS o JOIN gone AS g ON g.order_id = o.id
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until
        GROUP BY o.id, o.number HAVING sum(g.of_gifts) > (SELECT coalesce(sum(a.points), 0) FROM adjustment AS a
            WHERE a.order_id = o.id AND a.points > 0)""",
        "order {id}, number {number}: {gone} of what staff gave is gone; they gave {given}",
    ),
)
