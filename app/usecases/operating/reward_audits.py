"""Questions that compare rewards with what moved for them: how often they were taken, returns, entries, movements."""

from app.ledger.audit import Audit

_IS_NOT_TAKEN = "('asked', 'refused')"


def _adds_up(column: str, rows: str, said: str) -> Audit:
    """Ask whether what a redemption says came back is the sum of its rows."""
    return Audit(
        "redemption",
        f"""
        SELECT s.id, s.{column}, coalesce(sum(r.points), 0) AS points
        FROM redemption AS s LEFT JOIN {rows} AS r ON r.redemption_id = s.id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
        GROUP BY s.id, s.{column}
        HAVING s.{column} <> coalesce(sum(r.points), 0)""",  # noqa: S608 - names of this file
        f"redemption {{id}}: {said}",
    )


REWARD_AUDITS = (
    Audit(
        "reward",
        """
        SELECT w.id, w.taken, count(r.id) AS found
        FROM reward AS w LEFT JOIN redemption AS r ON r.reward_id = w.id AND r.stage NOT IN ('refused', 'withdrawn', 'not_made')
        WHERE w.store_id = :store_id AND w.id > :after AND w.id <= :until
        GROUP BY w.id, w.taken
        HAVING w.taken <> count(r.id)""",
        "reward {id}: {taken} count as taken; there are {found}",
    ),
    _adds_up("returned_points", "redemption_return", "{returned_points} points went back; its returns add up to {points}"),
    _adds_up("refunded_points", "redemption_refund", "{refunded_points} points came back for orders; they add up to {points}"),
    # Where nothing waits, an order's share came back in full. More did where a refund was reversed: that is not taken again.
    Audit(
        "redemption",
        """
        SELECT s.id, u.saleor_order_id, s.points, u.amount_units, u.went_back, u.of_charged, coalesce(r.points, 0) AS back
        FROM redemption AS s JOIN reward_version AS t ON t.id = s.version_id AND t.return_on_refund
        JOIN redemption_use AS u ON u.redemption_id = s.id AND u.look_at IS NULL AND u.went_back > 0
        LEFT JOIN (
            SELECT redemption_id, saleor_order_id, sum(points) AS points FROM redemption_refund
            GROUP BY redemption_id, saleor_order_id
        ) AS r ON r.redemption_id = s.id AND r.saleor_order_id = u.saleor_order_id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
            AND s.returned_points + s.refunded_points < s.points
            AND CAST(coalesce(r.points, 0) + 1 AS NUMERIC) * s.amount_units * u.of_charged
                <= CAST(s.points AS NUMERIC) * u.went_back
                    * CASE WHEN u.amount_units < s.amount_units THEN u.amount_units ELSE s.amount_units END""",
        "redemption {id}: {back} of {points} points came back for order {saleor_order_id}, which used {amount_units};"
        " {went_back} of {of_charged} of its money was refunded",
    ),
    # What was asked for and refused took nothing; all else took just its points, once. So no code exists that is not paid.
    Audit(
        "redemption",
        f"""
        SELECT s.id, s.stage, s.points, coalesce(sum(v.points), 0) AS moved
        FROM redemption AS s LEFT JOIN movement AS v
            ON v.cause_kind = 'reward' AND v.cause_id = s.id AND v.state = 'accepted' AND v.target_id IS NULL
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
        GROUP BY s.id, s.stage, s.points
        HAVING coalesce(sum(v.points), 0) <> CASE WHEN s.stage IN {_IS_NOT_TAKEN} THEN 0 ELSE -s.points END""",  # noqa: S608 - constants
        "redemption {id}, {stage}: {points} points; its accepted movements add up to {moved}",
    ),
    Audit(
        "redemption",
        f"""
        SELECT s.id, s.stage, s.points, p.points AS entered
        FROM redemption AS s JOIN account AS a ON a.id = s.account_id AND a.kind = 'embedded'
        LEFT JOIN points_spend AS p ON p.request_id = s.reference AND p.store_id = s.store_id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
            AND coalesce(p.points, 0) <> CASE WHEN s.stage IN {_IS_NOT_TAKEN} THEN 0 ELSE s.points END""",  # noqa: S608 - constants
        "redemption {id}, {stage}: {points} points; the ledger took {entered}",
    ),
    # A return that was credited moved its points, unless there was nobody to give them to.
    Audit(
        "redemption",
        """
        SELECT s.id, coalesce(back.points, 0) AS points, coalesce(moved.points, 0) AS moved
        FROM redemption AS s
        LEFT JOIN (
            SELECT one.redemption_id, sum(one.points) AS points FROM (
                SELECT redemption_id, points FROM redemption_return WHERE credited_at IS NOT NULL AND problem IS NULL
                UNION ALL
                SELECT redemption_id, points FROM redemption_refund WHERE credited_at IS NOT NULL AND problem IS NULL
            ) AS one JOIN redemption AS mine ON mine.id = one.redemption_id
            WHERE mine.store_id = :store_id AND mine.id > :after AND mine.id <= :until
            GROUP BY one.redemption_id
        ) AS back ON back.redemption_id = s.id
        LEFT JOIN (
            SELECT v.cause_id, sum(v.points) AS points FROM movement AS v
            WHERE v.store_id = :store_id AND v.cause_kind = 'reward' AND v.state = 'accepted' AND v.target_id IS NOT NULL
            GROUP BY v.cause_id
        ) AS moved ON moved.cause_id = s.id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
            AND coalesce(back.points, 0) <> coalesce(moved.points, 0)""",
        "redemption {id}: {points} points are noted as given back; its accepted movements gave {moved}",
    ),
    # An end that owes points: what no order used comes back, unless its time was over and the terms let it lapse,
    # or staff settled that nobody gets it.
    Audit(
        "redemption",
        """
        SELECT s.id, s.stage, s.points, s.used_units, s.returned_points
        FROM redemption AS s JOIN reward_version AS t ON t.id = s.version_id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
            AND s.stage IN ('not_made', 'withdrawn', 'expired') AND (s.stage <> 'expired' OR t.return_on_expiry)
            AND (s.stage <> 'expired' OR coalesce(s.problem_code, '') <> 'left')
            AND s.returned_points <> s.points * CAST(s.amount_units - s.used_units AS BIGINT) / s.amount_units
            AND s.returned_points + s.refunded_points < s.points""",
        "redemption {id}, {stage}: {points} points, {used_units} used; {returned_points} went back",
    ),
)
