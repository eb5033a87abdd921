"""What the merchant's lists ask: when an order was placed, its status, and the indexes by which they are paged."""

import sqlalchemy as sa
from alembic import op

from app.db.columns import OrderNumber, UtcTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# When Saleor says the order was placed, out of the snapshot; a broken or missing one leaves when we heard of it.
_PLACED = {
    "sqlite": """UPDATE "order" SET placed_at = coalesce(
        strftime('%Y-%m-%d %H:%M:%f000', CASE WHEN json_valid(snapshot) THEN json_extract(snapshot, '$.created_at') END), created_at)""",
    "postgresql": """UPDATE "order" SET placed_at = coalesce((snapshot::json ->> 'created_at')::timestamptz, created_at)""",
}

# The next look at an order says it exactly; until then this is what its books say.
_STATUS = """
UPDATE "order" SET status = CASE
    WHEN EXISTS (SELECT 1 FROM claim WHERE claim.order_id = "order".id AND claim.state IN ('open', 'shown') AND claim.points > 0) THEN 'ready'
    WHEN due > granted OR (because IN ('waiting_for_moment', 'on_hold') AND granted = 0) THEN 'pending'
    WHEN granted > 0 AND EXISTS (SELECT 1 FROM claim WHERE claim.order_id = "order".id AND claim.state = 'taken') THEN 'claimed'
    WHEN granted > 0 THEN 'credited'
    WHEN EXISTS (SELECT 1 FROM movement WHERE movement.order_id = "order".id AND movement.state = 'accepted' AND movement.points > 0) THEN 'reversed'
    ELSE 'none' END
WHERE because IS NOT NULL
"""
_HAS_PROBLEM = sa.text("problem IS NOT NULL")
_HAS_CALL = sa.text("call_id IS NOT NULL")


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.add_column("order", sa.Column("placed_at", UtcTime(), nullable=True))
    op.add_column("order", sa.Column("status", sa.String(length=16), nullable=True))
    op.add_column("rule", sa.Column("follows_default", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("adjustment", sa.Column("claim_id", sa.Uuid(), nullable=True))
    if dialect == "postgresql":
        op.alter_column("order", "number", type_=OrderNumber(), existing_nullable=True)
    op.execute(sa.text(_PLACED[dialect]))
    op.execute(sa.text(_STATUS))
    op.create_index("order_by_placed", "order", ["store_id", "placed_at", "id"])
    op.create_index("order_by_status", "order", ["store_id", "status", "placed_at", "id"])
    op.create_index(
        "order_placed_with_problem",
        "order",
        ["store_id", "placed_at", "id"],
        sqlite_where=_HAS_PROBLEM,
        postgresql_where=_HAS_PROBLEM,
    )
    op.drop_index("order_by_email", "order")
    op.create_index("order_by_email", "order", ["store_id", "email_key", "placed_at", "id"])
    op.create_index("adjustment_of_customer", "adjustment", ["store_id", "email_key"])
    op.create_index("movement_of_call", "movement", ["call_id"], sqlite_where=_HAS_CALL, postgresql_where=_HAS_CALL)
    op.create_index(op.f("ix_adjustment_claim_id"), "adjustment", ["claim_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_adjustment_claim_id"), "adjustment")
    op.drop_index("movement_of_call", "movement")
    op.drop_index("adjustment_of_customer", "adjustment")
    op.drop_index("order_by_email", "order")
    op.create_index("order_by_email", "order", ["store_id", "email_key"])
    for name in ("order_placed_with_problem", "order_by_status", "order_by_placed"):
        op.drop_index(name, "order")
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("order", "number", type_=sa.String(length=64, collation="default"), existing_nullable=True)
    op.drop_column("adjustment", "claim_id")
    op.drop_column("rule", "follows_default")
    op.drop_column("order", "status")
    op.drop_column("order", "placed_at")
