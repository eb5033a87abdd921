"""Questions about what customers were told of points that run out: each mail told something new, and of points that there were.

That no notice was given twice holds by the key of `points_notice`; these find what went around it.
"""

from app.ledger.audit import Audit

NOTICE_AUDITS = (
    # Mails that staff sent to themselves say nothing true.
    Audit(
        "mail",
        """
        SELECT m.id FROM mail AS m LEFT JOIN points_notice AS n ON n.mail_reference = m.reference
        WHERE m.store_id = :store_id AND m.id > :after AND m.id <= :until
            AND m.kind = 'points_end' AND m.about NOT LIKE 'test %' AND n.mail_reference IS NULL""",
        "mail {id}: it is about points that run out, and gave no notice that was not given before",
    ),
    Audit(
        "points_customer",
        """
        SELECT n.origin_id, n.days FROM points_notice AS n
        JOIN points_entry AS e ON e.id = n.origin_id JOIN points_customer AS c ON c.id = e.customer_id
        WHERE c.store_id = :store_id AND c.id > :after AND c.id <= :until AND NOT EXISTS (
            SELECT 1 FROM points_lot AS l WHERE l.origin_id = n.origin_id AND (l.ends IS NULL OR l.ends = n.ends))""",
        "entry {origin_id}: its points were told of {days} days before, and no lot of them ends then",
    ),
)
