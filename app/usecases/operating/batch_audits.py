"""Questions that check batches of changes: their counts, and each change against what it moved."""

from app.ledger.audit import Audit

BATCH_AUDITS = (
    Audit(
        "change_batch",
        """
        SELECT b.id, b.changes, b.done, b.failed, c.counted, c.moved, c.refused FROM change_batch AS b LEFT JOIN (
            SELECT batch_id, count(*) AS counted, count(moved) AS moved,
                sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END) AS refused
            FROM batch_change WHERE store_id = :store_id AND batch_id > :after AND batch_id <= :until GROUP BY batch_id
        ) AS c ON c.batch_id = b.id
        WHERE b.store_id = :store_id AND b.id > :after AND b.id <= :until AND b.state NOT IN ('reading', 'discarded')
            AND (b.changes <> coalesce(c.counted, 0) OR b.done <> coalesce(c.moved, 0) OR b.failed <> coalesce(c.refused, 0))""",
        "batch {id}: {changes} changes, {done} done and {failed} failed; its rows are {counted}, {moved} and {refused}",
    ),
    # Whoever made it runs it within the limits, or somebody else approved it.
    Audit(
        "change_batch",
        """
        SELECT b.id, b.given, b.taken, b.largest, b.points_max, coalesce(d.points, 0) AS counted FROM change_batch AS b
        LEFT JOIN staff_day AS d ON d.store_id = b.store_id AND d.made_by = b.made_by AND d.day = b.counted_on
        WHERE b.store_id = :store_id AND b.id > :after AND b.id <= :until AND b.started_at IS NOT NULL AND b.decided_by IS NULL
            AND (b.counted_on IS NULL OR b.largest > b.points_max OR coalesce(d.points, 0) < b.given + b.taken)""",
        "batch {id}: +{given} and -{taken} points, the largest change {largest}; it was not counted or approved",
    ),
    # What a change moved is what its movement did: once, for whoever its adjustment names.
    Audit(
        "batch_change",
        """
        SELECT c.id, c.batch_id, c.state, c.points, c.moved, a.points AS asked, v.state AS movement, v.points AS did
        FROM batch_change AS c LEFT JOIN adjustment AS a ON a.id = c.adjustment_id AND a.store_id = c.store_id
        LEFT JOIN movement AS v ON v.id = c.movement_id AND v.cause_kind = 'customer' AND v.cause_id = c.adjustment_id
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until AND (
            (c.adjustment_id IS NOT NULL AND (a.id IS NULL OR v.id IS NULL OR a.points <> c.points))
            OR (c.moved IS NOT NULL AND (v.state <> 'accepted' OR v.points <> c.moved))
            OR (c.state = 'refused' AND v.state = 'accepted'))""",
        "change {id} of batch {batch_id}, {state}: {points} points, moved {moved}; the adjustment is of {asked}; its movement,"
        " {movement}, did {did}",
    ),
    Audit(
        "batch_change",
        """
        SELECT c.id, c.batch_id, c.state, c.moved, c.undone, a.points AS asked, v.state AS movement, v.points AS did
        FROM batch_change AS c LEFT JOIN adjustment AS a ON a.id = c.undo_adjustment_id AND a.store_id = c.store_id
        LEFT JOIN movement AS v ON v.id = c.undo_movement_id AND v.cause_kind = 'customer' AND v.cause_id = c.undo_adjustment_id
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until AND (
            (c.undo_adjustment_id IS NOT NULL AND (a.id IS NULL OR v.id IS NULL OR a.points <> -c.moved))
            OR (c.undone IS NOT NULL AND (v.state <> 'accepted' OR v.points <> c.undone))
            OR (c.state = 'undo_refused' AND v.state = 'accepted'))""",
        "change {id} of batch {batch_id}, {state}: moved {moved}, undone {undone}; the adjustment is of {asked}; its movement,"
        " {movement}, did {did}",
    ),
)
