"""Questions that compare the customers known with the rows that name them. What housekeeping has not taken in yet is left out."""

from app.ledger.audit import Audit

CUSTOMER_AUDITS = (
    Audit(
        "known_customer",
        """
        SELECT k.id, k.available, coalesce(c.available, 0) AS balance FROM known_customer AS k
        LEFT JOIN points_customer AS c ON c.store_id = k.store_id AND c.email_key = k.email_key
        WHERE k.store_id = :store_id AND k.id > :after AND k.id <= :until AND k.available <> coalesce(c.available, 0)
            AND NOT EXISTS (
                SELECT 1 FROM customer_change AS n WHERE n.store_id = k.store_id AND n.email_key = k.email_key)""",
        "known customer {id}: the list says {available} points; the balance is {balance}",
    ),
    Audit(
        "order",
        """
        SELECT o.id, o.number FROM "order" AS o
        LEFT JOIN known_customer AS k ON k.store_id = o.store_id AND k.email_key = o.email_key
        WHERE o.store_id = :store_id AND o.id > :after AND o.id <= :until AND k.id IS NULL
            AND o.email_key <> '' AND o.erased_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM customer_change AS n WHERE n.store_id = o.store_id AND n.email_key = o.email_key)""",
        "order {id}, number {number}: its customer is not among the known customers",
    ),
)
