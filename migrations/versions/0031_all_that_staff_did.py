"""The list of all that staff did by hand: by when, and by who. The version before lists adjustments only, by their ids."""

from alembic import op

from app.db.indexing import add_index

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

LET_GO_BY_STAFF = "kind = 'write_off' AND decided_by IS NOT NULL"


def upgrade() -> None:
    add_index("movement_written_off", "movement", ["store_id", "planned_at", "id"], where=LET_GO_BY_STAFF)
    add_index("movement_written_off_by", "movement", ["store_id", "decided_by", "planned_at", "id"], where=LET_GO_BY_STAFF)
    add_index("customer_move_by_moment", "customer_move", ["store_id", "made_at", "id"])
    add_index("customer_move_by_staff", "customer_move", ["store_id", "made_by", "made_at", "id"])
    add_index("adjustment_by_moment", "adjustment", ["store_id", "made_at", "id"])
    add_index("adjustment_by_staff_moment", "adjustment", ["store_id", "made_by", "made_at", "id"])
    op.drop_index("adjustment_by_staff", "adjustment")
    op.drop_index("adjustment_by_time", "adjustment")


def downgrade() -> None:
    op.create_index("adjustment_by_time", "adjustment", ["store_id", "id"])
    op.create_index("adjustment_by_staff", "adjustment", ["store_id", "made_by", "id"])
    for table, name in (
        ("adjustment", "adjustment_by_staff_moment"),
        ("adjustment", "adjustment_by_moment"),
        ("customer_move", "customer_move_by_staff"),
        ("customer_move", "customer_move_by_moment"),
        ("movement", "movement_written_off_by"),
        ("movement", "movement_written_off"),
    ):
        op.drop_index(name, table)
