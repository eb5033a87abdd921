"""Questions that compare payments by points with what moved for them: returns, entries, movements."""

from app.ledger.audit import Audit

SPEND_AUDITS = (
    Audit(
        "spend",
        """
        SELECT s.id, s.returned_points, s.returned_units, coalesce(sum(r.points), 0) AS points,
            coalesce(sum(r.amount_units), 0) AS units
        FROM spend AS s LEFT JOIN spend_return AS r ON r.spend_id = s.id AND r.cancelled_at IS NULL
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
        GROUP BY s.id, s.returned_points, s.returned_units
        HAVING s.returned_points <> coalesce(sum(r.points), 0) OR s.returned_units <> coalesce(sum(r.amount_units), 0)""",
        "payment {id}: {returned_points} points for {returned_units} went back; its returns add up to {points} for {units}",
    ),
    # Of a return that Saleor reversed in part, the rest stands for it.
    Audit(
        "spend",
        """
        SELECT s.id, r.points, w.points AS whole
        FROM spend AS s JOIN spend_return AS r ON r.spend_id = s.id JOIN spend_return AS w ON w.id = r.rest_of
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
            AND (w.spend_id <> r.spend_id OR w.cancelled_at IS NULL OR r.amount_units >= w.amount_units)""",
        "payment {id}: what is left of a return that was reversed in part has {points} points; the whole had {whole}",
    ),
    # What was asked for and refused took nothing; all else took just its points, once.
    Audit(
        "spend",
        """
        SELECT s.id, s.stage, s.points, coalesce(sum(v.points), 0) AS moved
        FROM spend AS s LEFT JOIN movement AS v
            ON v.cause_kind = 'spend' AND v.cause_id = s.id AND v.state = 'accepted' AND v.target_id IS NULL
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
        GROUP BY s.id, s.stage, s.points
        HAVING coalesce(sum(v.points), 0) <> CASE WHEN s.stage IN ('asked', 'refused') THEN 0 ELSE -s.points END""",
        "payment {id}, {stage}: {points} points; its accepted movements add up to {moved}",
    ),
    Audit(
        "spend",
        """
        SELECT s.id, s.stage, s.points, p.points AS entered
        FROM spend AS s JOIN account AS a ON a.id = s.account_id AND a.kind = 'embedded'
        LEFT JOIN points_spend AS p ON p.request_id = s.reference AND p.store_id = s.store_id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
            AND coalesce(p.points, 0) <> CASE WHEN s.stage IN ('asked', 'refused') THEN 0 ELSE s.points END""",
        "payment {id}, {stage}: {points} points; the ledger took {entered}",
    ),
    # A return that was credited moved its points, unless there was nobody to give them to. Of a cancelled one they were taken
    # again, or are owed, or were let go.
    Audit(
        "spend",
        """
        SELECT s.id, coalesce(back.points, 0) AS points, coalesce(moved.points, 0) AS moved
        FROM spend AS s
        LEFT JOIN (
            SELECT r.spend_id, sum(r.points - r.taken_again_points) AS points FROM spend_return AS r
            WHERE r.credited_at IS NOT NULL AND r.problem IS NULL GROUP BY r.spend_id
        ) AS back ON back.spend_id = s.id
        LEFT JOIN (
            SELECT v.cause_id, sum(v.points) AS points FROM movement AS v
            WHERE v.store_id = :store_id AND v.cause_kind = 'spend' AND v.state = 'accepted' AND v.target_id IS NOT NULL
            GROUP BY v.cause_id
        ) AS moved ON moved.cause_id = s.id
        WHERE s.store_id = :store_id AND s.id > :after AND s.id <= :until
            AND coalesce(back.points, 0) <> coalesce(moved.points, 0)""",
        "payment {id}: {points} points are noted as given back; its accepted movements gave {moved}",
    ),
)
