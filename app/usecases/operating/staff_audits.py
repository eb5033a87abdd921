"""Questions that check what staff changed by hand: against the limits, the sums of their days, and what was approved."""

from app.ledger.audit import Audit

STAFF_AUDITS = (
    # What this version changes is counted or was approved. A change that is neither went past the limits. Batches are counted or
    # approved as one, and what undoes them moves nothing else.
    Audit(
        "adjustment",
        """
        SELECT a.id, a.points, s.staff_change_max FROM adjustment AS a JOIN store AS s ON s.id = a.store_id
        WHERE a.store_id = :store_id AND a.id > :after AND a.id <= :until AND a.claim_id IS NULL AND a.request_id IS NULL
            AND a.counted_on IS NULL AND abs(a.points) > s.staff_change_max AND a.made_at > s.limits_checked_at
            AND NOT EXISTS (SELECT 1 FROM batch_change AS c WHERE c.adjustment_id = a.id)
            AND NOT EXISTS (SELECT 1 FROM batch_change AS c WHERE c.undo_adjustment_id = a.id)""",
        "adjustment {id}: {points} points are above the limit of {staff_change_max}, and nobody approved them",
    ),
    Audit(
        "adjustment",
        """
        SELECT a.id, a.points, a.request_id FROM adjustment AS a LEFT JOIN approval_request AS r
            ON r.id = a.request_id AND r.store_id = a.store_id AND r.state = 'approved' AND r.points = a.points
        WHERE a.store_id = :store_id AND a.id > :after AND a.id <= :until AND a.request_id IS NOT NULL AND r.id IS NULL""",
        "adjustment {id}: {points} points; request {request_id} was not approved for as many",
    ),
    # Write-offs count, too, so a day may have more than its adjustments.
    Audit(
        "adjustment",
        """
        SELECT c.id, c.counted_on, c.points, coalesce(d.points, 0) AS counted FROM (
            SELECT max(a.id) AS id, a.made_by, a.counted_on, sum(abs(a.points)) AS points FROM adjustment AS a
            WHERE a.store_id = :store_id AND a.counted_on IS NOT NULL GROUP BY a.made_by, a.counted_on
        ) AS c LEFT JOIN staff_day AS d ON d.store_id = :store_id AND d.made_by = c.made_by AND d.day = c.counted_on
        WHERE c.id > :after AND c.id <= :until AND c.points > coalesce(d.points, 0)""",
        "adjustment {id}: who made it changed {points} points by hand on {counted_on}; {counted} are counted",
    ),
)
